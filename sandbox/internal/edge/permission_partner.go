package edge

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

func (s operations) ApplyPartnerPermission(ctx context.Context, r api.ApplyPartnerPermissionRequestObject) (api.ApplyPartnerPermissionResponseObject, error) {
	b := *r.Body
	token, err := s.ledger.Ask(ctx, rules.PermissionRequest{
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
	token, err := s.ledger.Ask(ctx, rules.PermissionRequest{
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
	user := rules.UserIDs{OpenID: value(q.OpenID), SubOpenID: value(q.SubOpenID)}
	if refused := oneUser("query", "", user, value(q.SubAppID)); refused != nil {
		return nil, refused
	}
	p, level, err := s.ledger.Permission(ctx, ledger.Asked{User: user, SubMchID: q.SubMchID, ServiceID: q.ServiceID, AppID: q.AppID, SubAppID: value(q.SubAppID)})
	if err != nil {
		return nil, err
	}
	return api.SearchPartnerPermission200JSONResponse{Body: p.Partner(level, s.terms())}, nil
}

func (s operations) QueryPartnerPermissionByAuthorizationCode(ctx context.Context, r api.QueryPartnerPermissionByAuthorizationCodeRequestObject) (api.QueryPartnerPermissionByAuthorizationCodeResponseObject, error) {
	p, level, err := s.ledger.Permission(ctx, ledger.Asked{SubMchID: r.Params.SubMchID, ServiceID: r.Params.ServiceID, Code: r.AuthorizationCode})
	if err != nil {
		return nil, err
	}
	return api.QueryPartnerPermissionByAuthorizationCode200JSONResponse{Body: p.Partner(level, s.terms())}, nil
}

func (s operations) TerminatePartnerPermission(ctx context.Context, r api.TerminatePartnerPermissionRequestObject) (api.TerminatePartnerPermissionResponseObject, error) {
	b := *r.Body
	user := rules.UserIDs{OpenID: value(b.OpenID), SubOpenID: value(b.SubOpenID)}
	if refused := oneUser("body", "/", user, value(b.SubAppID)); refused != nil {
		return nil, refused
	}
	err := s.ledger.Terminate(ctx, ledger.Asked{User: user, SubMchID: b.SubMchID, ServiceID: b.ServiceID, AppID: b.AppID, SubAppID: value(b.SubAppID)}, b.Reason)
	if err != nil {
		return nil, err
	}
	return api.TerminatePartnerPermission204Response{}, nil
}

func (s operations) TerminatePartnerPermissionByAuthorizationCode(ctx context.Context, r api.TerminatePartnerPermissionByAuthorizationCodeRequestObject) (api.TerminatePartnerPermissionByAuthorizationCodeResponseObject, error) {
	b := *r.Body
	err := s.ledger.Terminate(ctx, ledger.Asked{SubMchID: b.SubMchID, ServiceID: b.ServiceID, Code: r.AuthorizationCode}, b.Reason)
	if err != nil {
		return nil, err
	}
	return api.TerminatePartnerPermissionByAuthorizationCode204Response{}, nil
}

// oneUser wants exactly one of openid and sub_openid, the latter with the
// app that knows it.
func oneUser(location, prefix string, user rules.UserIDs, subAppID string) *rules.Refusal {
	switch {
	case (user.OpenID == "") == (user.SubOpenID == ""):
		return rules.ParamError(location, prefix+"openid", "openid与sub_openid必须且只能传一个", "give exactly one of openid and sub_openid")
	case user.SubOpenID != "" && subAppID == "":
		return rules.ParamError(location, prefix+"sub_appid", "传sub_openid时必须传sub_appid", "is required with sub_openid")
	}
	return nil
}
