package sandbox

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/wxpayscore/payscore/gen/payscore"

	"github.com/wxpayscore/payscore/sandbox/internal/journal"
)

// OtherMoveArgs name what a move is about and what it needs. Fields that the
// move does not need are ignored.
type OtherMoveArgs struct {
	SubMchID          string `json:"sub_mchid,omitempty"` // empty for a direct merchant
	AuthorizationCode string `json:"authorization_code,omitempty"`
	OpenID            string `json:"openid,omitempty"`
	SubOpenID         string `json:"sub_openid,omitempty"`
	OutRefundNo       string `json:"out_refund_no,omitempty"`
	OutApplyNo        string `json:"out_apply_no,omitempty"`
	Reason            string `json:"reason,omitempty"`
	UserLabel         string `json:"user_label,omitempty"`
	UserRiskLevel     int64  `json:"user_risk_level,omitempty"`
	RiskLevelVersion  int64  `json:"risk_level_version,omitempty"`
}

// OtherMove is something that the user or WeChat Pay does about anything but
// an order.
type OtherMove struct {
	Name  string   `json:"name"`
	Needs []string `json:"needs"` // JSON names of OtherMoveArgs
	do    func(*Sandbox, OtherMoveArgs) error
}

var otherMoves = map[string]OtherMove{}

func init() {
	for _, m := range []OtherMove{
		{"open_permission", []string{"sub_mchid", "authorization_code", "openid", "sub_openid"}, func(s *Sandbox, a OtherMoveArgs) error {
			return s.OpenPermission(a.SubMchID, a.AuthorizationCode, UserIDs{a.OpenID, a.SubOpenID})
		}},
		{"close_permission", []string{"sub_mchid", "authorization_code"}, func(s *Sandbox, a OtherMoveArgs) error {
			return s.ClosePermission(a.SubMchID, a.AuthorizationCode)
		}},
		{"refund_succeeds", []string{"sub_mchid", "out_refund_no"}, func(s *Sandbox, a OtherMoveArgs) error {
			return s.EndRefund(a.SubMchID, a.OutRefundNo, payscore.RefundStatusSuccess)
		}},
		{"refund_abnormal", []string{"sub_mchid", "out_refund_no"}, func(s *Sandbox, a OtherMoveArgs) error {
			return s.EndRefund(a.SubMchID, a.OutRefundNo, payscore.RefundStatusAbnormal)
		}},
		{"refund_closed", []string{"sub_mchid", "out_refund_no"}, func(s *Sandbox, a OtherMoveArgs) error {
			return s.EndRefund(a.SubMchID, a.OutRefundNo, payscore.RefundStatusClosed)
		}},
		{"approve_account", []string{"out_apply_no"}, func(s *Sandbox, a OtherMoveArgs) error {
			return s.ApproveAccount(a.OutApplyNo)
		}},
		{"reject_account", []string{"out_apply_no", "reason"}, func(s *Sandbox, a OtherMoveArgs) error {
			return s.RejectAccount(a.OutApplyNo, a.Reason)
		}},
		{"set_risk_level", []string{"openid", "user_label", "user_risk_level", "risk_level_version"}, func(s *Sandbox, a OtherMoveArgs) error {
			return s.SetRiskLevel(a.OpenID, RiskLevel{a.UserLabel, a.UserRiskLevel, a.RiskLevelVersion})
		}},
		{"rotate_certificate", nil, func(s *Sandbox, _ OtherMoveArgs) error {
			return s.RotateCertificate()
		}},
	} {
		otherMoves[m.Name] = m
	}
}

// OtherMoves lists the moves about anything but an order, by name.
func OtherMoves() []OtherMove {
	var all []OtherMove
	for _, name := range slices.Sorted(maps.Keys(otherMoves)) {
		all = append(all, otherMoves[name])
	}
	return all
}

// MoveOther makes the move of a name that [OtherMoves] lists. The error is a
// [*MoveError].
func (s *Sandbox) MoveOther(name string, args OtherMoveArgs) error {
	m, ok := otherMoves[name]
	if !ok {
		return &MoveError{Move: name, Err: ErrNoSuchMove}
	}
	return m.do(s, args)
}

// impossible says why a move is.
func impossible(why string) error { return fmt.Errorf("%w: %s", ErrMoveImpossible, why) }

// otherMove makes one move and journals it.
func (s *Sandbox) otherMove(name, subject string, do func() error) error {
	err := s.update(context.Background(), func() error {
		if err := do(); err != nil {
			return err
		}
		s.tellEntry(Entry{Time: s.now(), Kind: journal.Move, Subject: subject, Operation: name})
		return nil
	})
	if err != nil {
		return &MoveError{Move: name, Subject: subject, Err: err}
	}
	return nil
}
