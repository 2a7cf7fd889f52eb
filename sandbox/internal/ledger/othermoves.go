package ledger

import (
	"maps"
	"slices"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// otherMove is something that the user or WeChat Pay does about anything but an
// order.
type otherMove struct {
	needs   []string // JSON names of what it takes; nil: not by HTTP
	subject func(MoveArgs) string
	do      func(*Ledger, MoveArgs) error // under the lock
}

// rotateCertificate makes a key, which takes too long to hold the lock: it has
// no do.
const rotateCertificate = "rotate_certificate"

// otherMoves by their names.
var otherMoves = map[string]otherMove{
	"open_permission": {[]string{"family", "sub_mchid", "authorization_code", "openid", "sub_openid"}, permissionSubject,
		func(l *Ledger, a MoveArgs) error {
			return l.movePermission(a, func(p rules.Permission) (rules.Permission, rules.Effects, error) {
				return rules.OpenPermission(p, rules.UserIDs{OpenID: a.OpenID, SubOpenID: a.SubOpenID}, l.given, l.terms())
			})
		}},
	"close_permission": {[]string{"family", "sub_mchid", "authorization_code"}, permissionSubject,
		func(l *Ledger, a MoveArgs) error {
			return l.movePermission(a, func(p rules.Permission) (rules.Permission, rules.Effects, error) {
				return rules.ClosePermission(p, l.terms())
			})
		}},
	"refund_succeeds": endsRefund(payscore.RefundStatusSuccess),
	"refund_abnormal": endsRefund(payscore.RefundStatusAbnormal),
	"refund_closed":   endsRefund(payscore.RefundStatusClosed),
	"approve_account": {[]string{"out_apply_no"}, applicationSubject,
		func(l *Ledger, a MoveArgs) error { return l.moveApplication(a, rules.ApproveAccount) }},
	"reject_account": {[]string{"out_apply_no", "reason"}, applicationSubject,
		func(l *Ledger, a MoveArgs) error {
			return l.moveApplication(a, func(known rules.Application) (rules.Application, rules.Effects, error) {
				return rules.RejectAccount(known, a.Reason)
			})
		}},
	"sign_plan":         moveSignPlan("sign_plan"),
	"cancel_sign_plan":  moveSignPlan("cancel_sign_plan", "reason"),
	"revoke_sign_plans": moveSignPlan("revoke_sign_plans"),
	"set_risk_level": {[]string{"openid", "user_label", "user_risk_level", "risk_level_version"},
		userSubject,
		func(l *Ledger, a MoveArgs) error {
			r := rules.RiskLevel{UserLabel: a.UserLabel, UserRiskLevel: a.UserRiskLevel, RiskLevelVersion: a.RiskLevelVersion}
			if err := r.Check(a.OpenID); err != nil {
				return err
			}
			l.riskLevels.Put(a.OpenID, &r)
			return nil
		}},
	"set_user": {nil, userSubject, func(l *Ledger, a MoveArgs) error {
		if a.OpenID == "" {
			return rules.Impossible("it takes an openid")
		}
		l.users.Put(a.OpenID, &a.User)
		return nil
	}},
	"set_quotas": {nil, func(a MoveArgs) string { return "quotas/" + rules.QuotasKey(a.ServiceID, a.RiskLevelVersion) },
		func(l *Ledger, a MoveArgs) error {
			q := rules.Quotas(slices.Clone(a.Quotas))
			if err := q.Check(a.RiskLevelVersion); err != nil {
				return err
			}
			l.quotas.Put(rules.QuotasKey(a.ServiceID, a.RiskLevelVersion), &q)
			return nil
		}},
	rotateCertificate: {needs: []string{}, subject: func(MoveArgs) string { return "" }},
}

func userSubject(a MoveArgs) string { return "user/" + a.OpenID }
func permissionSubject(a MoveArgs) string {
	return rules.PermissionSubject(a.Family, a.SubMchID, a.AuthorizationCode)
}
func refundSubject(a MoveArgs) string      { return rules.RefundSubject(a.SubMchID, a.OutRefundNo) }
func applicationSubject(a MoveArgs) string { return rules.ApplicationSubject(a.OutApplyNo) }

func endsRefund(status payscore.RefundStatus) otherMove {
	return otherMove{[]string{"sub_mchid", "out_refund_no"}, refundSubject, func(l *Ledger, a MoveArgs) error {
		return l.endRefund(rules.OrderKey(a.SubMchID, a.OutRefundNo), status)
	}}
}

// OtherMove is a move about anything but an order.
type OtherMove struct {
	Name  string
	Needs []string // JSON names of what it takes
}

// OtherMoves lists the moves that are made by HTTP, by name.
func OtherMoves() []OtherMove {
	var all []OtherMove
	for _, name := range slices.Sorted(maps.Keys(otherMoves)) {
		if needs := otherMoves[name].needs; needs != nil {
			all = append(all, OtherMove{name, slices.Clone(needs)})
		}
	}
	return all
}
