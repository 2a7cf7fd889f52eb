package edge

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// checkAssessed wants a user. Which of the three to send is not published.
func checkAssessed(code string, user rules.UserIDs, subAppID string) *rules.Refusal {
	switch {
	case code == "" && user == (rules.UserIDs{}):
		return rules.ParamError("body", "/openid", "授权协议号与用户标识必须传一个", "give an authorization_code or an openid")
	case user.SubOpenID != "" && subAppID == "":
		return rules.ParamError("body", "/sub_appid", "传sub_openid时必须传sub_appid", "is required with sub_openid")
	}
	return nil
}

func (s operations) AssessPartnerUserRiskLevel(ctx context.Context, r api.AssessPartnerUserRiskLevelRequestObject) (api.AssessPartnerUserRiskLevelResponseObject, error) {
	b := *r.Body
	code, user := value(b.AuthorizationCode), rules.UserIDs{OpenID: value(b.OpenID), SubOpenID: value(b.SubOpenID)}
	if refused := checkAssessed(code, user, value(b.SubAppID)); refused != nil {
		return nil, refused
	}
	p, level, err := s.ledger.Permission(ctx, ledger.Asked{
		Code: code, User: user, SubMchID: r.Params.SubMchID, ServiceID: b.ServiceID, AppID: b.AppID, SubAppID: value(b.SubAppID),
	})
	if err != nil {
		return nil, err
	}
	a := p.Partner(level, s.terms())
	return api.AssessPartnerUserRiskLevel200JSONResponse{Body: payscore.PartnerUserRiskLevel{
		ServiceID: a.ServiceID, AppID: a.AppID, MchID: a.MchID, SubMchID: &a.SubMchID, SubAppID: a.SubAppID, OpenID: a.OpenID,
		SubOpenID: a.SubOpenID, AuthorizationCode: a.AuthorizationCode, AuthorizationState: a.AuthorizationState, NotifyURL: a.NotifyURL,
		CancelAuthorizationTime: a.CancelAuthorizationTime, AuthorizationSuccessTime: a.AuthorizationSuccessTime,
		UserLabel: level.Label(), UserRiskLevel: a.UserRiskLevel, RiskLevelVersion: a.RiskLevelVersion,
	}}, nil
}

func (s operations) AssessUserRiskLevel(ctx context.Context, r api.AssessUserRiskLevelRequestObject) (api.AssessUserRiskLevelResponseObject, error) {
	b := *r.Body
	code, user := value(b.AuthorizationCode), rules.UserIDs{OpenID: value(b.OpenID)}
	if refused := checkAssessed(code, user, ""); refused != nil {
		return nil, refused
	}
	p, level, err := s.ledger.Permission(ctx, ledger.Asked{Code: code, User: user, ServiceID: b.ServiceID, AppID: b.AppID})
	if err != nil {
		return nil, err
	}
	a := p.Direct(level, s.terms())
	return api.AssessUserRiskLevel200JSONResponse{Body: payscore.UserRiskLevel{
		ServiceID: a.ServiceID, AppID: a.AppID, MchID: a.MchID, OpenID: a.OpenID, AuthorizationCode: a.AuthorizationCode,
		AuthorizationState: a.AuthorizationState, NotifyURL: a.NotifyURL,
		CancelAuthorizationTime: a.CancelAuthorizationTime, AuthorizationSuccessTime: a.AuthorizationSuccessTime,
		UserLabel: level.Label(), UserRiskLevel: a.UserRiskLevel, RiskLevelVersion: a.RiskLevelVersion,
	}}, nil
}
