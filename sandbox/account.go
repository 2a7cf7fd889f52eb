package sandbox

import (
	"context"
	"net/http"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

// accountDelay is how long an application stays PROCESSING, in the time of the
// orders. How long the real one takes is not published.
const accountDelay = time.Minute

// application is the record of an application to bind a sub-merchant.
type application struct {
	Application payscore.PartnerServiceAccountApplication `json:"application"`
	CreatedAt   time.Time                                 `json:"created_at"`
}

func accountSubject(outApplyNo string) string { return "application/" + outApplyNo }

func (s operations) ApplyPartnerServiceAccount(ctx context.Context, r api.ApplyPartnerServiceAccountRequestObject) (api.ApplyPartnerServiceAccountResponseObject, error) {
	b := *r.Body
	asked := payscore.PartnerServiceAccountApplication{
		ServiceID: b.ServiceID, MchID: s.credentials.account.MchID, AppID: b.AppID, SubMchID: b.SubMchID, SubAppID: b.SubAppID,
		OutApplyNo: b.OutApplyNo, ResultNotifyURL: b.ResultNotifyURL, ApplyState: payscore.ApplyStateProcessing,
	}
	var answer payscore.PartnerServiceAccountApplication
	err := s.update(ctx, func() error {
		a := s.applications.get(b.OutApplyNo)
		switch {
		case a == nil && len(s.applications.records) >= s.maxOrders:
			return tooMany()
		case a == nil:
			a = &application{Application: asked, CreatedAt: s.now()}
			s.applications.put(b.OutApplyNo, a)
			s.planAccount(b.OutApplyNo, a)
		case !sameApplication(a.Application, asked):
			return refuseNumber(http.StatusBadRequest, "INVALID_REQUEST", numberReentry)
		}
		answer = a.Application
		return nil
	})
	if err != nil {
		return nil, err
	}
	return api.ApplyPartnerServiceAccount200JSONResponse{Body: answer}, nil
}

func sameApplication(a, b payscore.PartnerServiceAccountApplication) bool {
	return a.ServiceID == b.ServiceID && a.AppID == b.AppID && a.SubMchID == b.SubMchID &&
		value(a.SubAppID) == value(b.SubAppID) && value(a.ResultNotifyURL) == value(b.ResultNotifyURL)
}

func (s operations) QueryPartnerServiceAccountApplication(ctx context.Context, r api.QueryPartnerServiceAccountApplicationRequestObject) (api.QueryPartnerServiceAccountApplicationResponseObject, error) {
	defer s.lock(ctx)()
	a := s.applications.get(r.OutApplyNo)
	if a == nil {
		return nil, noResource()
	}
	return api.QueryPartnerServiceAccountApplication200JSONResponse{Body: a.Application}, nil
}

// planAccount approves an application when its time has come, unless a move
// was faster. The caller holds s.mu.
func (s *Sandbox) planAccount(outApplyNo string, a *application) {
	if a.Application.ApplyState != payscore.ApplyStateProcessing {
		return
	}
	s.agenda.plan(a.CreatedAt.Add(accountDelay), func() { s.approveDue(outApplyNo) })
}

func (s *Sandbox) approveDue(outApplyNo string) {
	s.againWhenSaved(s.ApproveAccount(outApplyNo), func() { s.approveDue(outApplyNo) })
}

// ApproveAccount approves an application to bind a sub-merchant, which happens
// by itself after a minute of the orders' time. The error is a
// [*MoveError].
func (s *Sandbox) ApproveAccount(outApplyNo string) error {
	return s.endAccount("approve_account", outApplyNo, payscore.ApplyStateApproved, nil)
}

// RejectAccount rejects an application to bind a sub-merchant, for a reason of
// up to 256 characters; empty means the one of the contract's example. The
// error is a [*MoveError].
func (s *Sandbox) RejectAccount(outApplyNo, reason string) error {
	if reason == "" {
		reason = "账户异常，绑定失败"
	}
	return s.endAccount("reject_account", outApplyNo, payscore.ApplyStateRejected, &reason)
}

func (s *Sandbox) endAccount(move, outApplyNo string, state payscore.ApplyState, reason *string) error {
	return s.otherMove(move, accountSubject(outApplyNo), func() error {
		a := s.applications.get(outApplyNo)
		switch {
		case a == nil:
			return ErrNoSuchSubject
		case a.Application.ApplyState != payscore.ApplyStateProcessing:
			return impossible("the application is " + string(a.Application.ApplyState))
		case reason != nil && len([]rune(*reason)) > 256:
			return impossible("the reason is over 256 characters long")
		}
		e := &a.Application
		e.ApplyState, e.RejectReason = state, reason
		s.applications.put(outApplyNo, a)
		s.announce(accountSubject(outApplyNo), value(e.ResultNotifyURL), catalog.EventBindServiceAccount, payscore.ServiceAccountNotification{
			ServiceID: e.ServiceID, AppID: e.AppID, MchID: e.MchID, SubAppID: e.SubAppID, SubMchID: e.SubMchID,
			OutApplyNo: e.OutApplyNo, ApplyState: e.ApplyState, RejectReason: e.RejectReason,
		})
		return nil
	})
}

func noResource() *refusal {
	return refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", 0, "查询的资源不存在")
}

// tooMany bounds the memory of what is around the orders, as that of the orders
// is.
func tooMany() *refusal {
	return refuse(http.StatusTooManyRequests, "FREQUENCY_LIMITED", numberFrequency, "沙箱已满")
}
