package sandbox

import (
	"context"
	"errors"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	server "github.com/wxpayscore/payscore/gen/sandboxserver"
)

type MoveArgs struct {
	Duration time.Duration
	Fails    bool
}

func (s *Sandbox) Moves(sub, no string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch o := s.orders.get(orderKey(sub, no)); {
	case o == nil:
		return nil
	case o.Stage == stageCreated:
		return []string{"confirm", "expire"}
	case o.Stage == stageUserPaying:
		return []string{"user_pays", "deduct", "deduction_fails", "start_deduction"}
	}
	return nil
}

func (s *Sandbox) Move(name, sub, no string, args MoveArgs) error {
	var err error
	if name == "confirm" {
		err = s.Confirm(sub, no)
	} else if name == "user_pays" {
		s.mu.Lock()
		o := s.orders.get(orderKey(sub, no))
		s.collect(o, payscore.PaidTypeNewton, s.now().In(chinaTime).Format(secondPrecision))
		s.become(o, "DONE")
		s.mu.Unlock()
	} else {
		err = errors.New("sandbox: no such move")
	}
	if err == nil {
		o, _ := s.Order(sub, no)
		_ = o
		s.mu.Lock()
		stage := s.orders.get(orderKey(sub, no)).Stage
		s.mu.Unlock()
		s.journal.add(Entry{Time: s.now(), Kind: "move", Subject: orderKey(sub, no), Operation: name, Stage: stage})
	}
	return err
}

func (s *Sandbox) ExplainSignature(method, requestURI, authorization string, body []byte) SignatureReport {
	return SignatureReport{Issue: "the body was signed without its last brace", Expected: "POST\n/v3/payscore/a?b=1\n1554208460\nNONCE\n{\"a\":\"就餐费用\"}\n", Signed: "POST\n/v3/payscore/a\n1554208460\nNONCE\n{\"a\":\"就餐费用\"}\n", Offset: 19}
}

func (a adminOperations) seed(b server.Seed) (string, error) {
	_, err := a.Seed(b.OutOrderNo, b.TotalAmount)
	return a.credentials.account.SubMchID, err
}

func (a adminOperations) adminNotifications(subject string, limit int) []server.Notification {
	all := []server.Notification{}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range a.notifications.all() {
		if subject == "" || n.Subject == subject {
			all = append(all, server.Notification{ID: n.ID, EventType: n.EventType, URL: n.URL, Subject: n.Subject, CreatedAt: n.CreatedAt, State: "waiting", Attempts: []server.Attempt{}})
		}
	}
	return all
}

func (a adminOperations) ListNotifications(_ context.Context, r server.ListNotificationsRequestObject) (server.ListNotificationsResponseObject, error) {
	return server.ListNotifications200JSONResponse{Notifications: a.adminNotifications(orDefault(r.Params.Subject, ""), 50)}, nil
}

func (a adminOperations) ResendNotification(_ context.Context, r server.ResendNotificationRequestObject) (server.ResendNotificationResponseObject, error) {
	return server.ResendNotification204Response{}, nil
}

var faultsOn = []server.ActiveFault{}

func (a adminOperations) ListFaults(context.Context, server.ListFaultsRequestObject) (server.ListFaultsResponseObject, error) {
	return server.ListFaults200JSONResponse{Active: faultsOn, Kinds: []server.FaultKind{
		{Name: "latency", En: "Answers late.", Zh: "延迟应答。", Delay: new("1s"), Values: []string{}, When: "before"},
		{Name: "unsigned", When: "answer", Values: []string{}, En: "Answers without a signature.", Zh: "应答不带签名。"},
		{Name: "signtest", When: "answer", Values: []string{"a", "b"}, En: "Answers with a probe's signature.", Zh: "应答带探测签名。"},
	}}, nil
}

func (a adminOperations) AddFault(_ context.Context, r server.AddFaultRequestObject) (server.AddFaultResponseObject, error) {
	faultsOn = append(faultsOn, server.ActiveFault{ID: "f1", Fault: *r.Body})
	return server.AddFault201JSONResponse(faultsOn[0]), nil
}

func (a adminOperations) RemoveFault(_ context.Context, r server.RemoveFaultRequestObject) (server.RemoveFaultResponseObject, error) {
	faultsOn = []server.ActiveFault{}
	return server.RemoveFault204Response{}, nil
}

func (a adminOperations) ListOtherMoves(context.Context, server.ListOtherMovesRequestObject) (server.ListOtherMovesResponseObject, error) {
	return server.ListOtherMoves200JSONResponse{Moves: []server.OtherMoveKind{{Name: "rotate_certificate", Needs: []string{}}}}, nil
}

func (a adminOperations) MakeOtherMove(_ context.Context, r server.MakeOtherMoveRequestObject) (server.MakeOtherMoveResponseObject, error) {
	return server.MakeOtherMove204Response{}, nil
}
