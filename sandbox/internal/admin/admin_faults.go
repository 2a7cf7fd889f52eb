package admin

import (
	"context"
	"net/http"
	"time"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
	"github.com/wxpayscore/payscore/sandbox/internal/fault"
)

func (a adminOperations) ListFaults(context.Context, server.ListFaultsRequestObject) (server.ListFaultsResponseObject, error) {
	list := server.FaultList{Kinds: []server.FaultKind{}, Active: []server.ActiveFault{}}
	for _, k := range fault.Kinds() {
		kind := server.FaultKind{Name: k.Name, When: string(k.When), En: k.Doc.EN, Zh: k.Doc.ZH, Values: append([]string{}, k.Values...)}
		if k.MaxDelay > 0 {
			kind.Delay, kind.MaxDelay = new(k.Delay.String()), new(k.MaxDelay.String())
		}
		list.Kinds = append(list.Kinds, kind)
	}
	for _, f := range a.faults.Active() {
		list.Active = append(list.Active, adminFault(f))
	}
	return server.ListFaults200JSONResponse(list), nil
}

// adminFault is a fault as the admin side shows it.
func adminFault(f fault.Fault) server.ActiveFault {
	view := server.Fault{
		Name: f.Name, Operation: present(f.Operation), Subject: present(f.Subject), Value: present(f.Value),
		Rate: present(f.Rate), Seed: present(int64(f.Seed)), Count: present(int64(f.Count)),
	}
	if f.Delay != 0 {
		view.Delay = new(f.Delay.String())
	}
	return server.ActiveFault{ID: f.ID, Fault: view}
}

func (a adminOperations) AddFault(_ context.Context, r server.AddFaultRequestObject) (server.AddFaultResponseObject, error) {
	b := r.Body
	f := fault.Fault{
		Name: b.Name, Operation: orDefault(b.Operation, ""), Subject: orDefault(b.Subject, ""), Value: orDefault(b.Value, ""),
		Rate: orDefault(b.Rate, 0), Seed: uint64(orDefault(b.Seed, 0)), Count: int(orDefault(b.Count, 0)),
	}
	var err error
	if delay := orDefault(b.Delay, ""); delay != "" {
		if f.Delay, err = time.ParseDuration(delay); err != nil {
			return nil, invalid(err)
		}
	}
	if f.ID, err = a.faults.Add(f); err != nil {
		return nil, invalid(err)
	}
	return server.AddFault201JSONResponse(adminFault(f)), nil
}

func (a adminOperations) RemoveFault(_ context.Context, r server.RemoveFaultRequestObject) (server.RemoveFaultResponseObject, error) {
	if !a.faults.Remove(r.ID) {
		return nil, &problem{http.StatusNotFound, "NOT_FOUND", "no fault of this id is on"}
	}
	return server.RemoveFault204Response{}, nil
}
