package sandbox

import (
	"context"
	"fmt"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

// RiskLevel is what WeChat Pay thinks of a user. The values are not published:
// the sandbox gives each user those of the contract's example, label A and
// level 1 of version 1, unless [Sandbox.SetRiskLevel] says otherwise.
type RiskLevel struct {
	UserLabel        string `json:"user_label"`
	UserRiskLevel    int64  `json:"user_risk_level"`
	RiskLevelVersion int64  `json:"risk_level_version"`
}

var exampleRiskLevel = RiskLevel{UserLabel: "A", UserRiskLevel: 1, RiskLevelVersion: 1}

// SetRiskLevel sets what an assessment of the user answers from now on. openID
// is the user's openid, or sub_openid for a user who is known by it alone. The
// error is a [*MoveError].
func (s *Sandbox) SetRiskLevel(openID string, r RiskLevel) error {
	return s.otherMove("set_risk_level", "user/"+openID, func() error {
		if openID == "" || r.UserRiskLevel < 0 || r.RiskLevelVersion < 0 || len(r.UserLabel) > 32 {
			return impossible(fmt.Sprintf("it takes an openid, a label of up to 32 bytes, and numbers not below 0: %+v", r))
		}
		s.riskLevels.Put(openID, &r)
		return nil
	})
}

// levelOf is nil while an authorisation has no user. The caller holds the lock.
func (s *Sandbox) levelOf(p *permission) *RiskLevel {
	if p.State == payscore.AuthorizationStateUnbinduser {
		return nil
	}
	for _, id := range []string{p.User.OpenID, p.User.SubOpenID} {
		if r := s.riskLevels.Get(id); r != nil {
			return r
		}
	}
	return &exampleRiskLevel
}

func (r *RiskLevel) label() *string {
	if r == nil {
		return nil
	}
	return optional(r.UserLabel)
}

func (r *RiskLevel) level() *int64 {
	if r == nil {
		return nil
	}
	return new(r.UserRiskLevel)
}

func (r *RiskLevel) version() *int64 {
	if r == nil {
		return nil
	}
	return new(r.RiskLevelVersion)
}

// assessed finds the authorisation of the user to assess, who may be named by
// code, by app or by both. The caller holds the lock.
func (s *Sandbox) assessed(code string, user UserIDs, subMchID, serviceID, appID, subAppID string) (*permission, *refusal) {
	if code == "" {
		return s.permissionOf(user, subMchID, serviceID, appID, subAppID)
	}
	p, refused := s.permissionByCode(subMchID, serviceID, code)
	if refused != nil {
		return nil, refused
	}
	if p.Request.AppID != appID || user != (UserIDs{}) && !p.User.is(user) {
		return nil, noPermission()
	}
	return p, nil
}

// checkAssessed wants a user. Which of the three to send is not published.
func checkAssessed(code string, user UserIDs, subAppID string) *refusal {
	switch {
	case code == "" && user == (UserIDs{}):
		return paramError("body", "/openid", "授权协议号与用户标识必须传一个", "give an authorization_code or an openid")
	case user.SubOpenID != "" && subAppID == "":
		return paramError("body", "/sub_appid", "传sub_openid时必须传sub_appid", "is required with sub_openid")
	}
	return nil
}

func (s operations) AssessPartnerUserRiskLevel(ctx context.Context, r api.AssessPartnerUserRiskLevelRequestObject) (api.AssessPartnerUserRiskLevelResponseObject, error) {
	b := *r.Body
	code, user := value(b.AuthorizationCode), UserIDs{value(b.OpenID), value(b.SubOpenID)}
	if refused := checkAssessed(code, user, value(b.SubAppID)); refused != nil {
		return nil, refused
	}
	defer s.lock(ctx)()
	p, refused := s.assessed(code, user, r.Params.SubMchID, b.ServiceID, b.AppID, value(b.SubAppID))
	if refused != nil {
		return nil, refused
	}
	a := s.partnerPermission(p)
	return api.AssessPartnerUserRiskLevel200JSONResponse{Body: payscore.PartnerUserRiskLevel{
		ServiceID: a.ServiceID, AppID: a.AppID, MchID: a.MchID, SubMchID: &a.SubMchID, SubAppID: a.SubAppID, OpenID: a.OpenID,
		SubOpenID: a.SubOpenID, AuthorizationCode: a.AuthorizationCode, AuthorizationState: a.AuthorizationState, NotifyURL: a.NotifyURL,
		CancelAuthorizationTime: a.CancelAuthorizationTime, AuthorizationSuccessTime: a.AuthorizationSuccessTime,
		UserLabel: s.levelOf(p).label(), UserRiskLevel: a.UserRiskLevel, RiskLevelVersion: a.RiskLevelVersion,
	}}, nil
}

func (s operations) AssessUserRiskLevel(ctx context.Context, r api.AssessUserRiskLevelRequestObject) (api.AssessUserRiskLevelResponseObject, error) {
	b := *r.Body
	code, user := value(b.AuthorizationCode), UserIDs{OpenID: value(b.OpenID)}
	if refused := checkAssessed(code, user, ""); refused != nil {
		return nil, refused
	}
	defer s.lock(ctx)()
	p, refused := s.assessed(code, user, "", b.ServiceID, b.AppID, "")
	if refused != nil {
		return nil, refused
	}
	a := s.directPermission(p)
	return api.AssessUserRiskLevel200JSONResponse{Body: payscore.UserRiskLevel{
		ServiceID: a.ServiceID, AppID: a.AppID, MchID: a.MchID, OpenID: a.OpenID, AuthorizationCode: a.AuthorizationCode,
		AuthorizationState: a.AuthorizationState, NotifyURL: a.NotifyURL,
		CancelAuthorizationTime: a.CancelAuthorizationTime, AuthorizationSuccessTime: a.AuthorizationSuccessTime,
		UserLabel: s.levelOf(p).label(), UserRiskLevel: a.UserRiskLevel, RiskLevelVersion: a.RiskLevelVersion,
	}}, nil
}
