package edge

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

func (s operations) ApplyPermission(ctx context.Context, r api.ApplyPermissionRequestObject) (api.ApplyPermissionResponseObject, error) {
	b := *r.Body
	token, err := s.ledger.Ask(ctx, rules.PermissionRequest{
		ServiceID: b.ServiceID, AppID: b.AppID, Code: b.AuthorizationCode, NotifyURL: value(b.NotifyURL),
	})
	if err != nil {
		return nil, err
	}
	return api.ApplyPermission200JSONResponse{Body: payscore.ApplyPermissionResult{ApplyPermissionsToken: token}}, nil
}

func (s operations) QueryPermissionByAuthorizationCode(ctx context.Context, r api.QueryPermissionByAuthorizationCodeRequestObject) (api.QueryPermissionByAuthorizationCodeResponseObject, error) {
	p, level, err := s.ledger.Permission(ctx, ledger.Asked{ServiceID: r.Params.ServiceID, Code: r.AuthorizationCode})
	if err != nil {
		return nil, err
	}
	return api.QueryPermissionByAuthorizationCode200JSONResponse{Body: p.Direct(level, s.terms())}, nil
}

func (s operations) QueryPermissionByOpenid(ctx context.Context, r api.QueryPermissionByOpenidRequestObject) (api.QueryPermissionByOpenidResponseObject, error) {
	p, level, err := s.ledger.Permission(ctx, ledger.Asked{User: rules.UserIDs{OpenID: r.OpenID}, ServiceID: r.Params.ServiceID, AppID: r.Params.AppID})
	if err != nil {
		return nil, err
	}
	return api.QueryPermissionByOpenid200JSONResponse{Body: p.Direct(level, s.terms())}, nil
}

func (s operations) TerminatePermissionByAuthorizationCode(ctx context.Context, r api.TerminatePermissionByAuthorizationCodeRequestObject) (api.TerminatePermissionByAuthorizationCodeResponseObject, error) {
	err := s.ledger.Terminate(ctx, ledger.Asked{ServiceID: r.Body.ServiceID, Code: r.AuthorizationCode}, r.Body.Reason)
	if err != nil {
		return nil, err
	}
	return api.TerminatePermissionByAuthorizationCode204Response{}, nil
}

func (s operations) TerminatePermissionByOpenid(ctx context.Context, r api.TerminatePermissionByOpenidRequestObject) (api.TerminatePermissionByOpenidResponseObject, error) {
	err := s.ledger.Terminate(ctx, ledger.Asked{User: rules.UserIDs{OpenID: r.OpenID}, ServiceID: r.Body.ServiceID, AppID: value(r.Body.AppID)}, r.Body.Reason)
	if err != nil {
		return nil, err
	}
	return api.TerminatePermissionByOpenid204Response{}, nil
}
