package edge

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// operations turns requests, which signature and contract let through, into
// commands, and what comes of them into answers.
type operations struct {
	ledger *ledger.Ledger
	server *Server
}

var _ api.StrictServerInterface = operations{}

// terms are those that an answer shows.
func (s operations) terms() rules.Terms { return rules.Terms{MchID: s.ledger.Account().MchID} }

func (s operations) CreateRefund(ctx context.Context, r api.CreateRefundRequestObject) (api.CreateRefundResponseObject, error) {
	answer, err := s.ledger.Refund(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	return api.CreateRefund200JSONResponse{Body: answer}, nil
}

func (s operations) QueryRefund(ctx context.Context, r api.QueryRefundRequestObject) (api.QueryRefundResponseObject, error) {
	answer, err := s.ledger.FindRefund(ctx, value(r.Params.SubMchID), r.OutRefundNo)
	if err != nil {
		return nil, err
	}
	return api.QueryRefund200JSONResponse{Body: answer}, nil
}

func (s operations) ApplyPartnerServiceAccount(ctx context.Context, r api.ApplyPartnerServiceAccountRequestObject) (api.ApplyPartnerServiceAccountResponseObject, error) {
	answer, err := s.ledger.ApplyForAccount(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	return api.ApplyPartnerServiceAccount200JSONResponse{Body: answer}, nil
}

func (s operations) QueryPartnerServiceAccountApplication(ctx context.Context, r api.QueryPartnerServiceAccountApplicationRequestObject) (api.QueryPartnerServiceAccountApplicationResponseObject, error) {
	answer, err := s.ledger.Application(ctx, r.OutApplyNo)
	if err != nil {
		return nil, err
	}
	return api.QueryPartnerServiceAccountApplication200JSONResponse{Body: answer}, nil
}

func (s operations) QueryPartnerServiceQuotas(ctx context.Context, r api.QueryPartnerServiceQuotasRequestObject) (api.QueryPartnerServiceQuotasResponseObject, error) {
	p := r.Params
	known, ok := s.ledger.Quotas(ctx, r.ServiceID, p.RiskLevelVersion)
	if !ok {
		return nil, rules.ParamError("query", "risk_level_version", "分层版本不存在", "is no version of the layers")
	}
	return api.QueryPartnerServiceQuotas200JSONResponse{Body: payscore.PartnerServiceQuotas{
		ServiceID: r.ServiceID, MchID: s.ledger.Account().MchID, SubMchID: p.SubMchID, AppID: p.AppID, SubAppID: p.SubAppID,
		RiskLevelVersion: p.RiskLevelVersion, Quotas: append([]payscore.QuotaSuggestion{}, known...),
	}}, nil
}

func (s operations) DownloadCertificates(ctx context.Context, r api.DownloadCertificatesRequestObject) (api.DownloadCertificatesResponseObject, error) {
	sm2 := r.Params.AlgorithmType != nil && *r.Params.AlgorithmType == payscore.CertificateAlgorithmSM2
	var (
		list payscore.CertificateList
		err  error
	)
	s.ledger.Look(ctx, func() { list, err = s.ledger.Keys.Certificates(sm2) })
	if err != nil {
		return nil, err
	}
	return api.DownloadCertificates200JSONResponse{Body: list}, nil
}

// value is "" for a field that was left out.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
