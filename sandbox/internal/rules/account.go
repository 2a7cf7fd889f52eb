package rules

import (
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// ApplicationDelay is how long an application stays PROCESSING, in the time of
// the orders. How long the real one takes is not published.
const ApplicationDelay = time.Minute

// Application is the record of an application to bind a sub-merchant.
type Application struct {
	Application payscore.PartnerServiceAccountApplication `json:"application"`
	CreatedAt   time.Time                                 `json:"created_at"`
	Named       NamedKey                                  `json:"named_key,omitempty"`
}

// ApplicationSubject names an application in the journal.
func ApplicationSubject(outApplyNo string) string { return "application/" + outApplyNo }

// ApplyForAccount applies to bind a sub-merchant. known is the application of the same number, if there
// is one; a repeat finds it.
func ApplyForAccount(b payscore.ApplyPartnerServiceAccountRequest, known *Application, t Terms) (Application, *Refusal) {
	requested := payscore.PartnerServiceAccountApplication{
		ServiceID: b.ServiceID, MchID: t.MchID, AppID: b.AppID, SubMchID: b.SubMchID, SubAppID: b.SubAppID,
		OutApplyNo: b.OutApplyNo, ResultNotifyURL: b.ResultNotifyURL, ApplyState: payscore.ApplyStateProcessing,
	}
	if known == nil {
		return Application{Application: requested, CreatedAt: t.Now}, nil
	}
	if !sameApplication(known.Application, requested) {
		return *known, RefuseNumber(badRequest, "INVALID_REQUEST", catalog.NumberReentry)
	}
	return *known, nil
}

func sameApplication(a, b payscore.PartnerServiceAccountApplication) bool {
	return a.ServiceID == b.ServiceID && a.AppID == b.AppID && a.SubMchID == b.SubMchID &&
		value(a.SubAppID) == value(b.SubAppID) && value(a.ResultNotifyURL) == value(b.ResultNotifyURL)
}

// ApproveAccount approves an application to bind a sub-merchant.
func ApproveAccount(a Application) (Application, Effects, error) {
	return a.end(payscore.ApplyStateApproved, nil)
}

// RejectAccount rejects an application to bind a sub-merchant, for a reason of
// up to 256 characters; empty means the one of the contract's example.
func RejectAccount(a Application, reason string) (Application, Effects, error) {
	if reason == "" {
		reason = "账户异常，绑定失败"
	}
	return a.end(payscore.ApplyStateRejected, &reason)
}

func (a Application) end(state payscore.ApplyState, reason *string) (Application, Effects, error) {
	e := &a.Application // of the copy
	switch {
	case e.ApplyState != payscore.ApplyStateProcessing:
		return a, Effects{}, Impossible("the application is " + string(e.ApplyState))
	case reason != nil && len([]rune(*reason)) > maxMoveReason:
		return a, Effects{}, reasonTooLong()
	}
	e.ApplyState, e.RejectReason = state, reason
	n := payscore.ServiceAccountNotification{
		ServiceID: e.ServiceID, AppID: e.AppID, MchID: e.MchID, SubAppID: e.SubAppID, SubMchID: e.SubMchID,
		OutApplyNo: e.OutApplyNo, ApplyState: e.ApplyState, RejectReason: e.RejectReason,
	}
	return a, Effects{Announced: []Announcement{{ApplicationSubject(e.OutApplyNo), value(e.ResultNotifyURL), catalog.EventBindServiceAccount, n}}}, nil
}
