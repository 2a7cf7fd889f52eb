package sandbox

import (
	"context"
	"fmt"
	"slices"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

// exampleQuotas are those of the contract's example, for version 1 of the
// layers.
var exampleQuotas = quotas{{RiskLevel: 1, SuggestedQuota: 1000}, {RiskLevel: 2, SuggestedQuota: 500}}

// quotas is the record of what is suggested for each layer of users.
type quotas []payscore.QuotaSuggestion

func quotasKey(serviceID string, version int64) string {
	return fmt.Sprintf("%s/%d", serviceID, version)
}

// SetQuotas sets what is suggested for each layer of a service's users, in
// fen, under a version of the layers. Version 1 has 10 yuan for layer 1 and 5
// yuan for layer 2 unless it is set; other versions are unknown until they are.
// The error is a [*MoveError].
func (s *Sandbox) SetQuotas(serviceID string, version int64, suggestions []payscore.QuotaSuggestion) error {
	return s.otherMove("set_quotas", "quotas/"+quotasKey(serviceID, version), func() error {
		if version < 0 || len(suggestions) > 100 || slices.ContainsFunc(suggestions, func(q payscore.QuotaSuggestion) bool { return q.RiskLevel < 0 || q.SuggestedQuota < 0 }) {
			return impossible("it takes at most 100 layers, and numbers not below 0")
		}
		q := quotas(slices.Clone(suggestions))
		s.quotas.Put(quotasKey(serviceID, version), &q)
		return nil
	})
}

func (s operations) QueryPartnerServiceQuotas(ctx context.Context, r api.QueryPartnerServiceQuotasRequestObject) (api.QueryPartnerServiceQuotasResponseObject, error) {
	p := r.Params
	defer s.lock(ctx)()
	known := s.quotas.Get(quotasKey(r.ServiceID, p.RiskLevelVersion))
	if known == nil && p.RiskLevelVersion == exampleRiskLevel.RiskLevelVersion {
		known = &exampleQuotas
	}
	if known == nil {
		return nil, paramError("query", "risk_level_version", "分层版本不存在", "is no version of the layers")
	}
	return api.QueryPartnerServiceQuotas200JSONResponse{Body: payscore.PartnerServiceQuotas{
		ServiceID: r.ServiceID, MchID: s.credentials.account.MchID, SubMchID: p.SubMchID, AppID: p.AppID, SubAppID: p.SubAppID,
		RiskLevelVersion: p.RiskLevelVersion, Quotas: append([]payscore.QuotaSuggestion{}, *known...),
	}}, nil
}
