package sandbox

import (
	"net/http"
	"slices"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Binding is what goes together at WeChat Pay: a sub-merchant, the service
// that it may use and the apps that are bound to it.
type Binding struct {
	SubMchID  string // empty for the merchant's own orders
	ServiceID string
	AppID     string
	SubAppID  string // empty for none
}

// bindings are those that are known, nil when all are.
type bindings []Binding

// WithStrictBindings makes the sandbox refuse a sub_mchid, appid, sub_appid or
// service_id that does not go with the others, as the real one does: what it
// knows are these bindings, those of the sandbox's account, with the
// sub-merchant and without, and applications that were approved. By default
// each id that fits the contract is taken.
func WithStrictBindings(known ...Binding) Option {
	return func(s *Sandbox) { s.bindings = append(bindings{}, known...) }
}

// Numbers of the refusals of ids that do not go together.
const (
	numberNoMerchant   = catalog.NumberMerchantNotFound
	numberNotBound     = catalog.NumberAppNotBound
	numberNoPermission = catalog.NumberNoPermission
)

// checkBinding holds the ids of a request together. Which of the three numbers
// comes first is not published.
func (s *Sandbox) checkBinding(r *http.Request) *refusal {
	if s.bindings == nil {
		return nil
	}
	id := idsOf(r)
	s.mu.Lock()
	known := s.allBindings()
	s.mu.Unlock()
	keep := func(fits func(Binding) bool) bool {
		known = slices.DeleteFunc(known, func(b Binding) bool { return !fits(b) })
		return len(known) > 0
	}
	// An application is how a sub-merchant becomes known.
	applies := s.contract.routes()[r.Pattern].Operation.OperationID == "applyPartnerServiceAccount"
	if sub := id("sub_mchid"); sub != "" && !applies && !keep(func(b Binding) bool { return b.SubMchID == sub }) {
		return refuseNumber(http.StatusForbidden, "NO_AUTH", numberNoMerchant)
	}
	if app := id("appid"); app != "" && !keep(func(b Binding) bool { return b.AppID == app }) {
		return refuseNumber(http.StatusForbidden, "NO_AUTH", numberNotBound)
	}
	if app := id("sub_appid"); app != "" && !keep(func(b Binding) bool { return b.SubAppID == app }) {
		return refuseNumber(http.StatusForbidden, "NO_AUTH", numberNotBound)
	}
	if service := id("service_id"); service != "" && !keep(func(b Binding) bool { return b.ServiceID == service }) {
		return refuseNumber(http.StatusForbidden, "NO_AUTH", numberNoPermission)
	}
	return nil
}

// allBindings are the caller's to change. The caller holds s.mu.
func (s *Sandbox) allBindings() []Binding {
	account := s.credentials.account
	all := append([]Binding{
		{SubMchID: account.SubMchID, ServiceID: account.ServiceID, AppID: account.AppID},
		{ServiceID: account.ServiceID, AppID: account.AppID},
	}, s.bindings...)
	for _, a := range s.applications.records {
		if e := a.Application; e.ApplyState == payscore.ApplyStateApproved {
			all = append(all, Binding{e.SubMchID, e.ServiceID, e.AppID, value(e.SubAppID)})
		}
	}
	return all
}

// idsOf looks an id up where the operations have theirs: in the path, the
// query or at the top of the body.
func idsOf(r *http.Request) func(name string) string {
	query := r.URL.Query()
	var body map[string]any
	if checked, ok := r.Body.(interface{ ValidatedValue() any }); ok {
		body, _ = checked.ValidatedValue().(map[string]any)
	}
	return func(name string) string {
		if id := r.PathValue(name); id != "" {
			return id
		}
		if id := query.Get(name); id != "" {
			return id
		}
		id, _ := body[name].(string)
		return id
	}
}
