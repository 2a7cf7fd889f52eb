package edge

import (
	"net/http"
	"slices"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

// Binding is what goes together at WeChat Pay: a sub-merchant, the service
// that it may use and the apps that are bound to it.
type Binding struct {
	SubMchID  string // empty for the merchant's own orders
	ServiceID string
	AppID     string
	SubAppID  string // empty for none
}

// checkBinding holds the ids of a request together. Which of the three numbers
// comes first is not published.
func (s *Server) checkBinding(r *http.Request) *rules.Refusal {
	if s.Bindings == nil {
		return nil
	}
	id := idsOf(r)
	known := s.allBindings()
	keep := func(fits func(Binding) bool) bool {
		known = slices.DeleteFunc(known, func(b Binding) bool { return !fits(b) })
		return len(known) > 0
	}
	// An application is how a sub-merchant becomes known.
	applies := wire.PayScore.Routes()[r.Pattern].Operation.OperationID == "applyPartnerServiceAccount"
	if sub := id("sub_mchid"); sub != "" && !applies && !keep(func(b Binding) bool { return b.SubMchID == sub }) {
		return rules.RefuseNumber(http.StatusForbidden, "NO_AUTH", catalog.NumberMerchantNotFound)
	}
	if app := id("appid"); app != "" && !keep(func(b Binding) bool { return b.AppID == app }) {
		return rules.RefuseNumber(http.StatusForbidden, "NO_AUTH", catalog.NumberAppNotBound)
	}
	if app := id("sub_appid"); app != "" && !keep(func(b Binding) bool { return b.SubAppID == app }) {
		return rules.RefuseNumber(http.StatusForbidden, "NO_AUTH", catalog.NumberAppNotBound)
	}
	if service := id("service_id"); service != "" && !keep(func(b Binding) bool { return b.ServiceID == service }) {
		return rules.RefuseNumber(http.StatusForbidden, "NO_AUTH", catalog.NumberNoPermission)
	}
	return nil
}

// allBindings are the caller's to change.
func (s *Server) allBindings() []Binding {
	account := s.Ledger.Account()
	all := append([]Binding{
		{SubMchID: account.SubMchID, ServiceID: account.ServiceID, AppID: account.AppID},
		{ServiceID: account.ServiceID, AppID: account.AppID},
	}, s.Bindings...)
	for _, a := range s.Ledger.Approved() {
		all = append(all, Binding{a.SubMchID, a.ServiceID, a.AppID, value(a.SubAppID)})
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
