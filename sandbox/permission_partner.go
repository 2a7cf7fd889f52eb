package sandbox

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

func (s operations) ApplyPartnerPermission(ctx context.Context, r api.ApplyPartnerPermissionRequestObject) (api.ApplyPartnerPermissionResponseObject, error) {
	b := *r.Body
	token, err := s.ask(ctx, permissionRequest{
		SubMchID: b.SubMchID, ServiceID: b.ServiceID, AppID: b.AppID, SubAppID: value(b.SubAppID),
		Code: b.AuthorizationCode, NotifyURL: value(b.NotifyURL),
	})
	if err != nil {
		return nil, err
	}
	return api.ApplyPartnerPermission200JSONResponse{Body: payscore.ApplyPermissionResult{ApplyPermissionsToken: token}}, nil
}

func (s operations) ApplyPartnerPermissionForScene(ctx context.Context, r api.ApplyPartnerPermissionForSceneRequestObject) (api.ApplyPartnerPermissionForSceneResponseObject, error) {
	b := *r.Body
	token, err := s.ask(ctx, permissionRequest{
		SubMchID: b.SubMchID, ServiceID: b.ServiceID, AppID: b.AppID, SubAppID: value(b.SubAppID),
		Code: b.AuthorizationCode, NotifyURL: value(b.NotifyURL), Scene: b.Scene,
	})
	if err != nil {
		return nil, err
	}
	return api.ApplyPartnerPermissionForScene200JSONResponse{
		Body: payscore.ApplyPartnerPermissionForSceneResult{Scene: b.Scene, TransactionPermissionsToken: &token},
	}, nil
}

func (s operations) SearchPartnerPermission(ctx context.Context, r api.SearchPartnerPermissionRequestObject) (api.SearchPartnerPermissionResponseObject, error) {
	q := r.Params
	user := UserIDs{value(q.OpenID), value(q.SubOpenID)}
	if refused := oneUser("query", "", user, value(q.SubAppID)); refused != nil {
		return nil, refused
	}
	defer s.lock(ctx)()
	p, refused := s.permissionOf(user, q.SubMchID, q.ServiceID, q.AppID, value(q.SubAppID))
	if refused != nil {
		return nil, refused
	}
	return api.SearchPartnerPermission200JSONResponse{Body: s.partnerPermission(p)}, nil
}

func (s operations) QueryPartnerPermissionByAuthorizationCode(ctx context.Context, r api.QueryPartnerPermissionByAuthorizationCodeRequestObject) (api.QueryPartnerPermissionByAuthorizationCodeResponseObject, error) {
	defer s.lock(ctx)()
	p, refused := s.permissionByCode(r.Params.SubMchID, r.Params.ServiceID, r.AuthorizationCode)
	if refused != nil {
		return nil, refused
	}
	return api.QueryPartnerPermissionByAuthorizationCode200JSONResponse{Body: s.partnerPermission(p)}, nil
}

func (s operations) TerminatePartnerPermission(ctx context.Context, r api.TerminatePartnerPermissionRequestObject) (api.TerminatePartnerPermissionResponseObject, error) {
	b := *r.Body
	user := UserIDs{value(b.OpenID), value(b.SubOpenID)}
	if refused := oneUser("body", "/", user, value(b.SubAppID)); refused != nil {
		return nil, refused
	}
	err := s.end(ctx, func() (*permission, *refusal) {
		return s.permissionOf(user, b.SubMchID, b.ServiceID, b.AppID, value(b.SubAppID))
	}, b.Reason)
	if err != nil {
		return nil, err
	}
	return api.TerminatePartnerPermission204Response{}, nil
}

func (s operations) TerminatePartnerPermissionByAuthorizationCode(ctx context.Context, r api.TerminatePartnerPermissionByAuthorizationCodeRequestObject) (api.TerminatePartnerPermissionByAuthorizationCodeResponseObject, error) {
	b := *r.Body
	err := s.end(ctx, func() (*permission, *refusal) {
		return s.permissionByCode(b.SubMchID, b.ServiceID, r.AuthorizationCode)
	}, b.Reason)
	if err != nil {
		return nil, err
	}
	return api.TerminatePartnerPermissionByAuthorizationCode204Response{}, nil
}

// oneUser wants exactly one of openid and sub_openid, the latter with the
// app that knows it.
func oneUser(location, prefix string, user UserIDs, subAppID string) *refusal {
	switch {
	case (user.OpenID == "") == (user.SubOpenID == ""):
		return paramError(location, prefix+"openid", "openid与sub_openid必须且只能传一个", "give exactly one of openid and sub_openid")
	case user.SubOpenID != "" && subAppID == "":
		return paramError(location, prefix+"sub_appid", "传sub_openid时必须传sub_appid", "is required with sub_openid")
	}
	return nil
}

// partnerPermission is the answer of a query. The caller holds s.mu.
func (s *Sandbox) partnerPermission(p *permission) payscore.PartnerPermission {
	r := p.Request
	level := s.levelOf(p)
	return payscore.PartnerPermission{
		ServiceID: r.ServiceID, AppID: r.AppID, MchID: s.credentials.account.MchID, SubMchID: r.SubMchID, SubAppID: optional(r.SubAppID),
		OpenID: optional(p.User.OpenID), SubOpenID: optional(p.User.SubOpenID), AuthorizationCode: &r.Code, AuthorizationState: p.State,
		NotifyURL: optional(r.NotifyURL), AuthorizationSuccessTime: moment(p.OpenedAt), CancelAuthorizationTime: moment(p.ClosedAt),
		UserRiskLevel: level.level(), RiskLevelVersion: level.version(),
	}
}
