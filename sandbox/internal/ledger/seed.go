package ledger

import (
	"fmt"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// Seed is an order to begin with.
type Seed struct {
	OutOrderNo string
	Total      int64 // fen
	Stage      string
	Family     rules.Family
	SubMchID   string // empty for a direct merchant
	NotifyURL  string // empty for nowhere
	RiskFund   payscore.RiskFundName
}

// Seed puts an order into the ledger. It announces nothing. The error is one of
// a number that is taken or malformed, a total not above 0 and within the risk
// cap, a stage that there is not, or of saving.
func (l *Ledger) Seed(s Seed) error {
	if s.Total <= 0 || s.Total > l.RiskCap {
		return fmt.Errorf("sandbox: seed %q: total of %d fen is not in 1 to %d", s.OutOrderNo, s.Total, l.RiskCap)
	}
	return l.Store.Update(func() error {
		if l.orders.Get(rules.FamilyKey(s.Family, s.SubMchID, s.OutOrderNo)) != nil {
			return fmt.Errorf("sandbox: seed %q: the number is taken", s.OutOrderNo)
		}
		account := l.Account()
		o, effects, err := rules.Seeded(s.Family, payscore.ServiceOrderEntity{
			OutOrderNo: s.OutOrderNo, ServiceID: account.ServiceID, AppID: account.AppID, MchID: account.MchID,
			RiskFund: &payscore.RiskFund{Name: s.RiskFund, Amount: l.RiskCap},
		}, s.SubMchID, s.NotifyURL, s.Stage, s.Total, l.terms())
		if err != nil {
			return fmt.Errorf("sandbox: seed %q: %w", s.OutOrderNo, err)
		}
		l.keep(o, effects)
		return nil
	})
}
