package sandbox

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

func (s operations) ApplyPermission(ctx context.Context, r api.ApplyPermissionRequestObject) (api.ApplyPermissionResponseObject, error) {
	b := *r.Body
	token, err := s.ask(ctx, permissionRequest{
		ServiceID: b.ServiceID, AppID: b.AppID, Code: b.AuthorizationCode, NotifyURL: value(b.NotifyURL),
	})
	if err != nil {
		return nil, err
	}
	return api.ApplyPermission200JSONResponse{Body: payscore.ApplyPermissionResult{ApplyPermissionsToken: token}}, nil
}

func (s operations) QueryPermissionByAuthorizationCode(ctx context.Context, r api.QueryPermissionByAuthorizationCodeRequestObject) (api.QueryPermissionByAuthorizationCodeResponseObject, error) {
	defer s.lock(ctx)()
	p, refused := s.permissionByCode("", r.Params.ServiceID, r.AuthorizationCode)
	if refused != nil {
		return nil, refused
	}
	return api.QueryPermissionByAuthorizationCode200JSONResponse{Body: s.directPermission(p)}, nil
}

func (s operations) QueryPermissionByOpenid(ctx context.Context, r api.QueryPermissionByOpenidRequestObject) (api.QueryPermissionByOpenidResponseObject, error) {
	defer s.lock(ctx)()
	p, refused := s.permissionOf(UserIDs{OpenID: r.OpenID}, "", r.Params.ServiceID, r.Params.AppID, "")
	if refused != nil {
		return nil, refused
	}
	return api.QueryPermissionByOpenid200JSONResponse{Body: s.directPermission(p)}, nil
}

func (s operations) TerminatePermissionByAuthorizationCode(ctx context.Context, r api.TerminatePermissionByAuthorizationCodeRequestObject) (api.TerminatePermissionByAuthorizationCodeResponseObject, error) {
	err := s.end(ctx, func() (*permission, *refusal) {
		return s.permissionByCode("", r.Body.ServiceID, r.AuthorizationCode)
	}, r.Body.Reason)
	if err != nil {
		return nil, err
	}
	return api.TerminatePermissionByAuthorizationCode204Response{}, nil
}

func (s operations) TerminatePermissionByOpenid(ctx context.Context, r api.TerminatePermissionByOpenidRequestObject) (api.TerminatePermissionByOpenidResponseObject, error) {
	err := s.end(ctx, func() (*permission, *refusal) {
		return s.permissionOf(UserIDs{OpenID: r.OpenID}, "", r.Body.ServiceID, r.Body.AppID, "")
	}, r.Body.Reason)
	if err != nil {
		return nil, err
	}
	return api.TerminatePermissionByOpenid204Response{}, nil
}

// directPermission is the answer of a query. The caller holds s.mu.
func (s *Sandbox) directPermission(p *permission) payscore.Permission {
	partner := s.partnerPermission(p)
	return payscore.Permission{
		ServiceID: partner.ServiceID, AppID: partner.AppID, MchID: partner.MchID, OpenID: partner.OpenID,
		AuthorizationCode: partner.AuthorizationCode, AuthorizationState: partner.AuthorizationState, NotifyURL: partner.NotifyURL,
		AuthorizationSuccessTime: partner.AuthorizationSuccessTime, CancelAuthorizationTime: partner.CancelAuthorizationTime,
		UserRiskLevel: partner.UserRiskLevel, RiskLevelVersion: partner.RiskLevelVersion,
	}
}
