package edge

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/fault"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

const (
	// Bounds of an entry's texts, in bytes.
	maxTarget     = 4 << 10
	maxFaultNames = 1 << 10
)

// orderFields are what names an order, a plan or a sign plan in a body or an
// answer.
type orderFields struct{ sub, no, trade, plan, signPlan string }

// orderFieldsOf reads them with their exact names: encoding/json would take
// Out_Order_No for out_order_no.
func orderFieldsOf(body []byte) (f orderFields) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return f
	}
	_ = json.Unmarshal(members["sub_mchid"], &f.sub)
	_ = json.Unmarshal(members["out_order_no"], &f.no)
	_ = json.Unmarshal(members["out_trade_no"], &f.trade)
	_ = json.Unmarshal(members["merchant_plan_no"], &f.plan)
	_ = json.Unmarshal(members["merchant_sign_plan_no"], &f.signPlan)
	return f
}

// subjectOf is the order, plan or sign plan that a request is about, wherever it
// says so; "" when it is about none, or names it in a way that only the answer
// resolves.
func (s *Server) subjectOf(x *exchange) string {
	query := x.request.URL.Query()
	f := orderFieldsOf(x.body)
	f.sub = firstOf(f.sub, query.Get("sub_mchid"))
	f.no = firstOf(x.pathValue("out_order_no"), f.no, query.Get("out_order_no"))
	if f.no == "" && strings.HasSuffix(x.operation(), "SignPlanServiceOrder") {
		f.no = f.trade // which means something else to a refund
	}
	subject := ""
	if plan := firstOf(x.pathValue("merchant_plan_no"), f.plan); plan != "" {
		subject = rules.PlanSubject(f.sub, plan)
	}
	if signPlan := firstOf(x.pathValue("merchant_sign_plan_no"), f.signPlan); signPlan != "" {
		subject = rules.SignPlanSubject(f.sub, signPlan)
	}
	if family := familyOf(x); f.no != "" {
		if family != "" {
			f.sub = firstOf(f.sub, s.Ledger.Account().SubMchID) // as the operations have it
		}
		subject = rules.FamilyKey(family, f.sub, f.no)
	}
	return journal.Text([]byte(subject), 256)
}

// familyOf is the family that an operation belongs to, by its path.
func familyOf(x *exchange) rules.Family {
	switch {
	case x.route == nil:
	case strings.HasPrefix(x.route.Path, "/v3/payscore/acquiringbank/"):
		return rules.AcquiringBank
	case strings.HasPrefix(x.route.Path, "/v3/payscore/oversea/"):
		return rules.Overseas
	}
	return ""
}

func firstOf(values ...string) string {
	i := slices.IndexFunc(values, func(v string) bool { return v != "" })
	if i < 0 {
		return ""
	}
	return values[i]
}

// record writes the exchange into the journal.
func (s *Server) record(x *exchange, number int64) {
	r, a := x.request, &x.answer
	e := journal.Entry{
		Time: s.Ledger.Store.Clock.Now(), Kind: journal.Request, Subject: x.subject, Operation: x.operation(),
		Method: journal.Text([]byte(r.Method), 32), Target: journal.Text([]byte(originForm(r.RequestURI)), maxTarget),
		Duration: time.Since(x.began), Signature: x.signature,
	}
	e.Request, e.RequestLeftOut = journal.Body(x.body)
	var names []string
	for _, f := range x.faults {
		names = append(names, f.Name)
	}
	e.Fault = journal.Text([]byte(strings.Join(names, ", ")), maxFaultNames)
	if x.outcome.Ending != fault.EndReset {
		e.Status, e.Number, e.RequestID = a.status, number, a.header.Get("Request-ID")
		e.Answer, e.AnswerLeftOut = journal.Body(a.body.Bytes())
		if a.status >= http.StatusBadRequest {
			var refused struct{ Code, Message string }
			_ = json.Unmarshal(a.body.Bytes(), &refused)
			e.Code, e.Message = refused.Code, refused.Message
		}
	}
	if e.Subject == "" && a.status < http.StatusMultipleChoices {
		if f := orderFieldsOf(a.body.Bytes()); f.no != "" {
			e.Subject = rules.FamilyKey(familyOf(x), f.sub, f.no)
		}
	}
	s.Ledger.Store.Lock()
	s.takePlace(x) // unless the operation has
	if e.Stage = x.stage; x.subject == "" {
		e.Stage = s.Ledger.StageOf(e.Subject)
	}
	s.Ledger.Store.Unlock()
	s.Ledger.Journal.Fill(x.place, e)
	x.recorded = true
}

// takePlace numbers the request's entry, once. The caller holds the lock.
func (s *Server) takePlace(x *exchange) {
	if x.place == nil {
		x.place, x.stage = s.Ledger.Journal.Reserve(), s.Ledger.StageOf(x.subject)
	}
}

// recordFailed fills the place of a request whose handler panicked: readers
// would wait for it.
func (s *Server) recordFailed(x *exchange) {
	if x.place != nil && !x.recorded {
		s.Ledger.Journal.Fill(x.place, journal.Entry{Time: s.Ledger.Store.Clock.Now(), Kind: journal.Request, Subject: x.subject, Stage: x.stage, Operation: x.operation(),
			Method: journal.Text([]byte(x.request.Method), 32), Message: "the sandbox failed"})
	}
}
