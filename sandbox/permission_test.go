package sandbox_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

const openID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

var (
	codeUsed     = refusal{400, "INVALID_REQUEST", 0, ""}
	noPermission = refusal{404, "ORDER_NOT_EXIST", 0, ""}
)

// announced checks the newest notification against the contract's schema of
// its event and returns it.
func (b *box) announced(subject, url, eventType string) (resource map[string]any) {
	b.t.Helper()
	all := b.Announced()
	if len(all) == 0 {
		b.t.Fatalf("nothing announced, want %s", eventType)
	}
	last := all[len(all)-1]
	if last.Subject != subject || last.URL != url || last.EventType != eventType {
		b.t.Errorf("announced %s of %s to %s, want %s of %s to %s", last.EventType, last.Subject, last.URL, eventType, subject, url)
	}
	b.ok(json.Unmarshal([]byte(last.Resource), &resource))
	b.ok(contract.Components.Schemas[resourceOf[eventType]].Value.VisitJSON(map[string]any(resource)))
	return resource
}

var resourceOf = map[string]string{
	"PAYSCORE.USER_OPEN_SERVICE":    "PermissionNotification",
	"PAYSCORE.USER_CLOSE_SERVICE":   "PermissionNotification",
	"PAYSCORE.BIND_SERVICE_ACCOUNT": "ServiceAccountNotification",
	"REFUND.SUCCESS":                "RefundNotification",
	"REFUND.ABNORMAL":               "RefundNotification",
	"REFUND.CLOSED":                 "RefundNotification",
	"SECURITY_ECHO.SUCCESS":         "SecurityEchoNotification",
}

// has compares some fields of a decoded object.
func has(t testing.TB, got map[string]any, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if asJSON(got[name]) != asJSON(value) {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
}

func object(v any) (o map[string]any) {
	if err := json.Unmarshal([]byte(asJSON(v)), &o); err != nil {
		panic(err)
	}
	return o
}

func partnerApplication(code string) payscore.ApplyPartnerPermissionRequest {
	return payscore.ApplyPartnerPermissionRequest{
		ServiceID: serviceID, AppID: appID, SubMchID: subMchID, AuthorizationCode: code, NotifyURL: new("https://api.test.com/p"),
	}
}

func directApplication(code string) payscore.ApplyPermissionRequest {
	return payscore.ApplyPermissionRequest{ServiceID: serviceID, AppID: appID, AuthorizationCode: code, NotifyURL: new("https://api.test.com/d")}
}

// moveRefused wants a typed error that names the move and why it was not made.
func moveRefused(t testing.TB, err error, move string, why error) {
	t.Helper()
	refused, ok := errors.AsType[*sandbox.MoveError](err)
	if !ok || refused.Move != move || !errors.Is(err, why) {
		t.Errorf("%s: got %v (%+v)", move, err, refused)
	}
}

func TestPartnerPermission(t *testing.T) {
	t.Parallel()
	clock := newWallClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	b := newBoxAt(t, clock.now)
	ctx := t.Context()
	byCode := func() (*payscore.PartnerPermission, error) {
		return b.client.QueryPartnerPermissionByAuthorizationCode(ctx, "C1", payscore.QueryPartnerPermissionByAuthorizationCodeParams{ServiceID: serviceID, SubMchID: subMchID})
	}
	byUser := func() (*payscore.PartnerPermission, error) {
		return b.client.SearchPartnerPermission(ctx, payscore.SearchPartnerPermissionParams{ServiceID: serviceID, AppID: appID, SubMchID: subMchID, OpenID: new(openID)})
	}
	_, err := byCode()
	checkRefused(t, err, noPermission)
	moveRefused(t, b.Move("open_permission", sandbox.MoveArgs{SubMchID: subMchID, AuthorizationCode: "C1"}), "open_permission", sandbox.ErrNoSuchSubject)
	first, err := b.client.ApplyPartnerPermission(ctx, partnerApplication("C1"))
	b.ok(err)
	again, err := b.client.ApplyPartnerPermission(ctx, partnerApplication("C1"))
	b.ok(err)
	if first.ApplyPermissionsToken == "" || first.ApplyPermissionsToken == again.ApplyPermissionsToken {
		t.Errorf("tokens %q and %q", first.ApplyPermissionsToken, again.ApplyPermissionsToken)
	}
	other := partnerApplication("C1")
	other.NotifyURL = nil
	_, err = b.client.ApplyPartnerPermission(ctx, other)
	checkRefused(t, err, codeUsed)
	other = partnerApplication("C1")
	other.SubMchID = "1900000110" // codes are the provider's, not the sub-merchant's
	_, err = b.client.ApplyPartnerPermission(ctx, other)
	checkRefused(t, err, codeUsed)

	p, err := byCode()
	b.ok(err)
	if got := object(p); got["authorization_state"] != "UNBINDUSER" || got["openid"] != nil || got["user_risk_level"] != nil || got["authorization_success_time"] != nil {
		t.Errorf("before the user: %s", asJSON(p))
	}
	_, err = byUser()
	checkRefused(t, err, noPermission)
	moveRefused(t, b.Move("close_permission", sandbox.MoveArgs{SubMchID: subMchID, AuthorizationCode: "C1"}), "close_permission", sandbox.ErrMoveImpossible)
	checkRefused(t, b.client.TerminatePartnerPermissionByAuthorizationCode(ctx, "C1", payscore.TerminatePartnerPermissionByAuthorizationCodeRequest{
		ServiceID: serviceID, SubMchID: subMchID, Reason: "r"}), refusal{400, "INVALID_REQUEST", 0, ""})

	clock.set(clock.now().Add(time.Hour))
	b.ok(b.Move("open_permission", sandbox.MoveArgs{SubMchID: subMchID, AuthorizationCode: "C1"}))
	has(t, b.announced("permission/1900000109/C1", "https://api.test.com/p", "PAYSCORE.USER_OPEN_SERVICE"), map[string]any{
		"appid": appID, "mchid": "1230000109", "sub_mchid": subMchID, "service_id": serviceID, "openid": openID,
		"user_service_status": "USER_OPEN_SERVICE", "openorclose_time": "20260501210000", "authorization_code": "C1",
	})
	moveRefused(t, b.Move("open_permission", sandbox.MoveArgs{SubMchID: subMchID, AuthorizationCode: "C1"}), "open_permission", sandbox.ErrMoveImpossible)
	for _, read := range []func() (*payscore.PartnerPermission, error){byCode, byUser} {
		p, err := read()
		b.ok(err)
		has(t, object(p), map[string]any{
			"authorization_state": "AVAILABLE", "openid": openID, "authorization_code": "C1", "mchid": "1230000109", "sub_mchid": subMchID,
			"authorization_success_time": "2026-05-01T21:00:00+08:00", "notify_url": "https://api.test.com/p", "user_risk_level": 1, "risk_level_version": 1,
		})
	}
	_, err = b.client.ApplyPartnerPermission(ctx, partnerApplication("C1"))
	checkRefused(t, err, codeUsed)
	_, err = b.client.ApplyPartnerPermission(ctx, partnerApplication("C2"))
	b.ok(err)
	moveRefused(t, b.Move("open_permission", sandbox.MoveArgs{SubMchID: subMchID, AuthorizationCode: "C2", OpenID: openID}), "open_permission", sandbox.ErrMoveImpossible) // one for each user

	end := payscore.TerminatePartnerPermissionRequest{ServiceID: serviceID, SubMchID: subMchID, AppID: appID, OpenID: new(openID), Reason: "用户投诉"}
	b.create(noConfirm("running"))
	checkRefused(t, b.client.TerminatePartnerPermission(ctx, end), refusal{400, "INVALID_REQUEST", 0, ""})
	if p, _ := byCode(); p.AuthorizationState != "AVAILABLE" {
		t.Errorf("refused, but %s", p.AuthorizationState)
	}
	b.ok(b.client.CancelPartnerServiceOrder(ctx, "running", cancellation("x")))
	clock.set(clock.now().Add(time.Minute))
	b.ok(b.client.TerminatePartnerPermission(ctx, end))
	has(t, b.announced("permission/1900000109/C1", "https://api.test.com/p", "PAYSCORE.USER_CLOSE_SERVICE"), map[string]any{
		"user_service_status": "USER_CLOSE_SERVICE", "openorclose_time": "20260501210100",
	})
	count := len(b.Announced())
	b.ok(b.client.TerminatePartnerPermission(ctx, end)) // a repeat
	if len(b.Announced()) != count {
		t.Error("a repeat was announced")
	}
	end.Reason = "另一个"
	checkRefused(t, b.client.TerminatePartnerPermission(ctx, end), refusal{400, "INVALID_REQUEST", 0, ""})
	p, err = byUser()
	b.ok(err)
	has(t, object(p), map[string]any{"authorization_state": "UNAVAILABLE", "cancel_authorization_time": "2026-05-01T21:01:00+08:00"})
	b.ok(b.Move("open_permission", sandbox.MoveArgs{SubMchID: subMchID, AuthorizationCode: "C2", OpenID: openID})) // anew, under another code
	p, err = byUser()
	b.ok(err)
	has(t, object(p), map[string]any{"authorization_state": "AVAILABLE", "authorization_code": "C2"})

	_, err = b.client.QueryPartnerPermissionByAuthorizationCode(ctx, "C1", payscore.QueryPartnerPermissionByAuthorizationCodeParams{ServiceID: serviceID, SubMchID: "1900000110"})
	checkRefused(t, err, noPermission)
	_, err = b.client.QueryPartnerPermissionByAuthorizationCode(ctx, "C1", payscore.QueryPartnerPermissionByAuthorizationCodeParams{ServiceID: "500001", SubMchID: subMchID})
	checkRefused(t, err, noPermission)
}

func TestTokenLivesForAnHour(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	_, err := b.client.ApplyPermission(t.Context(), directApplication("C1"))
	b.ok(err)
	b.Advance(time.Hour + time.Second)
	moveRefused(t, b.Move("open_permission", sandbox.MoveArgs{AuthorizationCode: "C1"}), "open_permission", sandbox.ErrMoveImpossible)
	_, err = b.client.ApplyPermission(t.Context(), directApplication("C1"))
	b.ok(err)
	b.ok(b.Move("open_permission", sandbox.MoveArgs{AuthorizationCode: "C1"}))
}

func TestPermissionOfASubMerchantsUser(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ctx := t.Context()
	asked := payscore.ApplyPartnerPermissionForSceneRequest{
		ServiceID: serviceID, AppID: appID, SubMchID: subMchID, SubAppID: new("wxsub"), AuthorizationCode: "S1", Scene: "TRANSACTION", NotifyURL: new("https://api.test.com/p"),
	}
	got, err := b.client.ApplyPartnerPermissionForScene(ctx, asked)
	b.ok(err)
	if got.Scene != "TRANSACTION" || got.TransactionPermissionsToken == nil {
		t.Errorf("got %s", asJSON(got))
	}
	b.ok(b.Move("open_permission", sandbox.MoveArgs{SubMchID: subMchID, AuthorizationCode: "S1", OpenID: openID, SubOpenID: "sub"}))
	resource := b.announced("permission/1900000109/S1", "https://api.test.com/p", "PAYSCORE.USER_OPEN_SERVICE")
	if resource["openid"] != nil || resource["sub_openid"] != "sub" || resource["sub_appid"] != "wxsub" {
		t.Errorf("told %v", resource)
	}
	search := payscore.SearchPartnerPermissionParams{ServiceID: serviceID, AppID: appID, SubMchID: subMchID, SubOpenID: new("sub"), SubAppID: new("wxsub")}
	p, err := b.client.SearchPartnerPermission(ctx, search)
	b.ok(err)
	if *p.SubOpenID != "sub" || *p.OpenID != openID {
		t.Errorf("got %s", asJSON(p))
	}
	search.SubAppID = nil
	_, err = b.client.SearchPartnerPermission(ctx, search)
	checkRefused(t, err, wrongParam("sub_appid"))
	search.SubAppID, search.OpenID = new("wxsub"), new(openID)
	_, err = b.client.SearchPartnerPermission(ctx, search)
	checkRefused(t, err, wrongParam("openid"))
	end := payscore.TerminatePartnerPermissionRequest{ServiceID: serviceID, SubMchID: subMchID, AppID: appID, Reason: "r"}
	checkRefused(t, b.client.TerminatePartnerPermission(ctx, end), wrongParam("/openid"))
	end.SubOpenID = new("sub")
	checkRefused(t, b.client.TerminatePartnerPermission(ctx, end), wrongParam("/sub_appid"))
	end.SubAppID = new("wxsub")
	b.ok(b.client.TerminatePartnerPermission(ctx, end))
}

func TestDirectPermission(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ctx := t.Context()
	byCode := func() (*payscore.Permission, error) {
		return b.client.QueryPermissionByAuthorizationCode(ctx, "C1", payscore.QueryPermissionByAuthorizationCodeParams{ServiceID: serviceID})
	}
	byUser := func() (*payscore.Permission, error) {
		return b.client.QueryPermissionByOpenid(ctx, openID, payscore.QueryPermissionByOpenidParams{ServiceID: serviceID, AppID: appID})
	}
	_, err := b.client.ApplyPermission(ctx, directApplication("C1"))
	b.ok(err)
	_, err = b.client.ApplyPartnerPermission(ctx, partnerApplication("C1")) // a range of its own
	b.ok(err)
	moveRefused(t, b.Move("open_permission", sandbox.MoveArgs{AuthorizationCode: "C1", SubOpenID: "sub"}), "open_permission", sandbox.ErrMoveImpossible)
	b.ok(b.Move("open_permission", sandbox.MoveArgs{AuthorizationCode: "C1"}))
	resource := b.announced("permission//C1", "https://api.test.com/d", "PAYSCORE.USER_OPEN_SERVICE")
	if _, is := resource["sub_mchid"]; is {
		t.Errorf("a direct merchant was told %v", resource)
	}
	for _, read := range []func() (*payscore.Permission, error){byCode, byUser} {
		p, err := read()
		b.ok(err)
		has(t, object(p), map[string]any{"authorization_state": "AVAILABLE", "openid": openID, "authorization_code": "C1", "mchid": "1230000109"})
	}
	b.ok(b.client.TerminatePermissionByOpenid(ctx, openID, payscore.TerminatePermissionByOpenidRequest{ServiceID: serviceID, AppID: new(appID), Reason: "r"}))
	p, err := byCode()
	b.ok(err)
	if p.AuthorizationState != "UNAVAILABLE" {
		t.Errorf("the authorisation is %s", p.AuthorizationState)
	}
	b.ok(b.client.TerminatePermissionByAuthorizationCode(ctx, "C1", payscore.TerminatePermissionByAuthorizationCodeRequest{ServiceID: serviceID, Reason: "r"}))
	checkRefused(t, b.client.TerminatePermissionByAuthorizationCode(ctx, "C9", payscore.TerminatePermissionByAuthorizationCodeRequest{ServiceID: serviceID, Reason: "r"}), noPermission)
	checkRefused(t, b.client.TerminatePermissionByOpenid(ctx, "nobody", payscore.TerminatePermissionByOpenidRequest{ServiceID: serviceID, AppID: new(appID), Reason: "r"}), noPermission)
	_, err = b.client.QueryPermissionByOpenid(ctx, "nobody", payscore.QueryPermissionByOpenidParams{ServiceID: serviceID, AppID: appID})
	checkRefused(t, err, noPermission)
}

func TestUserClosesThePermission(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	_, err := b.client.ApplyPermission(t.Context(), directApplication("C1"))
	b.ok(err)
	b.ok(b.Move("open_permission", sandbox.MoveArgs{AuthorizationCode: "C1"}))
	b.ok(b.Move("close_permission", sandbox.MoveArgs{AuthorizationCode: "C1"}))
	b.announced("permission//C1", "https://api.test.com/d", "PAYSCORE.USER_CLOSE_SERVICE")
	moveRefused(t, b.Move("close_permission", sandbox.MoveArgs{AuthorizationCode: "C1"}), "close_permission", sandbox.ErrMoveImpossible)
	moveRefused(t, b.Move("close_permission", sandbox.MoveArgs{AuthorizationCode: "C9"}), "close_permission", sandbox.ErrNoSuchSubject)
	// The merchant has nothing left to end.
	checkRefused(t, b.client.TerminatePermissionByAuthorizationCode(t.Context(), "C1",
		payscore.TerminatePermissionByAuthorizationCodeRequest{ServiceID: serviceID, Reason: "r"}), refusal{400, "INVALID_REQUEST", 0, ""})
}

func TestRiskLevel(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ctx := t.Context()
	body := payscore.AssessPartnerUserRiskLevelRequest{ServiceID: serviceID, AppID: appID, OpenID: new(openID)}
	params := payscore.AssessPartnerUserRiskLevelParams{SubMchID: subMchID}
	_, err := b.client.AssessPartnerUserRiskLevel(ctx, params, body)
	checkRefused(t, err, noPermission)
	_, err = b.client.ApplyPartnerPermission(ctx, partnerApplication("C1"))
	b.ok(err)
	b.ok(b.Move("open_permission", sandbox.MoveArgs{SubMchID: subMchID, AuthorizationCode: "C1"}))
	got, err := b.client.AssessPartnerUserRiskLevel(ctx, params, body)
	b.ok(err)
	has(t, object(got), map[string]any{"user_label": "A", "user_risk_level": 1, "risk_level_version": 1, "authorization_state": "AVAILABLE", "sub_mchid": subMchID})
	b.ok(b.Move("set_risk_level", sandbox.MoveArgs{OpenID: openID, UserLabel: "B", UserRiskLevel: 2, RiskLevelVersion: 3}))
	for name, body := range map[string]payscore.AssessPartnerUserRiskLevelRequest{
		"openid": body, "code": {ServiceID: serviceID, AppID: appID, AuthorizationCode: new("C1")},
		"both": {ServiceID: serviceID, AppID: appID, AuthorizationCode: new("C1"), OpenID: new(openID)},
	} {
		got, err := b.client.AssessPartnerUserRiskLevel(ctx, params, body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		has(t, object(got), map[string]any{"user_label": "B", "user_risk_level": 2, "risk_level_version": 3})
	}
	for want, body := range map[refusal]payscore.AssessPartnerUserRiskLevelRequest{
		wrongParam("/openid"):    {ServiceID: serviceID, AppID: appID},
		wrongParam("/sub_appid"): {ServiceID: serviceID, AppID: appID, SubOpenID: new("sub")},
		noPermission:             {ServiceID: serviceID, AppID: appID, AuthorizationCode: new("C1"), OpenID: new("nobody")},
	} {
		_, err := b.client.AssessPartnerUserRiskLevel(ctx, params, body)
		checkRefused(t, err, want)
	}
	moveRefused(t, b.Move("set_risk_level", sandbox.MoveArgs{}), "set_risk_level", sandbox.ErrMoveImpossible)
	moveRefused(t, b.Move("set_risk_level", sandbox.MoveArgs{OpenID: openID, UserRiskLevel: -1}), "set_risk_level", sandbox.ErrMoveImpossible)

	direct := payscore.AssessUserRiskLevelRequest{ServiceID: serviceID, AppID: appID, OpenID: new(openID)}
	_, err = b.client.AssessUserRiskLevel(ctx, direct)
	checkRefused(t, err, noPermission) // given to the provider, not to the merchant
	_, err = b.client.ApplyPermission(ctx, directApplication("C1"))
	b.ok(err)
	b.ok(b.Move("open_permission", sandbox.MoveArgs{AuthorizationCode: "C1"}))
	level, err := b.client.AssessUserRiskLevel(ctx, direct)
	b.ok(err)
	has(t, object(level), map[string]any{"user_label": "B", "user_risk_level": 2, "openid": openID})
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ask := func(version int64) (*payscore.PartnerServiceQuotas, error) {
		return b.client.QueryPartnerServiceQuotas(t.Context(), serviceID, payscore.QueryPartnerServiceQuotasParams{SubMchID: subMchID, AppID: appID, RiskLevelVersion: version})
	}
	got, err := ask(1)
	b.ok(err)
	example := contract.Components.Examples["PartnerQuotas"].Value.Value
	if asJSON(object(got)) != asJSON(object(example)) {
		t.Errorf("got %s, want %s", asJSON(got), asJSON(example))
	}
	_, err = ask(2)
	checkRefused(t, err, wrongParam("risk_level_version"))
	b.ok(b.Move("set_quotas", sandbox.MoveArgs{ServiceID: serviceID, RiskLevelVersion: 2, Quotas: []payscore.QuotaSuggestion{{RiskLevel: 3, SuggestedQuota: 7}}}))
	got, err = ask(2)
	b.ok(err)
	if asJSON(got.Quotas) != `[{"risk_level":3,"suggested_quota":7}]` {
		t.Errorf("got %s", asJSON(got.Quotas))
	}
	b.ok(b.Move("set_quotas", sandbox.MoveArgs{ServiceID: serviceID, RiskLevelVersion: 2, Quotas: nil}))
	got, err = ask(2)
	if b.ok(err); len(got.Quotas) != 0 {
		t.Errorf("got %s", asJSON(got.Quotas))
	}
	moveRefused(t, b.Move("set_quotas", sandbox.MoveArgs{ServiceID: serviceID, RiskLevelVersion: -1, Quotas: nil}), "set_quotas", sandbox.ErrMoveImpossible)
}

func TestServiceAccount(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ctx := t.Context()
	apply := func(no, url string) (*payscore.PartnerServiceAccountApplication, error) {
		return b.client.ApplyPartnerServiceAccount(ctx, payscore.ApplyPartnerServiceAccountRequest{
			ServiceID: serviceID, AppID: appID, SubMchID: "1900000111", OutApplyNo: no, ResultNotifyURL: &url})
	}
	state := func(no string) payscore.PartnerServiceAccountApplication {
		t.Helper()
		got, err := b.client.QueryPartnerServiceAccountApplication(ctx, no)
		b.ok(err)
		return *got
	}
	_, err := b.client.QueryPartnerServiceAccountApplication(ctx, "A1")
	checkRefused(t, err, noRoute)
	for _, no := range []string{"A1", "A2"} {
		got, err := apply(no, "https://api.test.com/a")
		b.ok(err)
		if got.ApplyState != "PROCESSING" || got.OutApplyNo != no {
			t.Errorf("got %s", asJSON(got))
		}
	}
	_, err = apply("A1", "https://api.test.com/b")
	checkRefused(t, err, refusal{400, "INVALID_REQUEST", 271316598, ""})
	b.ok(b.Move("reject_account", sandbox.MoveArgs{OutApplyNo: "A2"}))
	has(t, b.announced("application/A2", "https://api.test.com/a", "PAYSCORE.BIND_SERVICE_ACCOUNT"), map[string]any{
		"apply_state": "REJECTED", "reject_reason": "账户异常，绑定失败", "out_apply_no": "A2", "sub_mchid": "1900000111"})
	moveRefused(t, b.Move("reject_account", sandbox.MoveArgs{OutApplyNo: "A2", Reason: "x"}), "reject_account", sandbox.ErrMoveImpossible)
	moveRefused(t, b.Move("approve_account", sandbox.MoveArgs{OutApplyNo: "A3"}), "approve_account", sandbox.ErrNoSuchSubject)
	if got := state("A1"); got.ApplyState != "PROCESSING" {
		t.Errorf("too soon: %s", asJSON(got))
	}
	b.Advance(time.Minute)
	if got := state("A1"); got.ApplyState != "APPROVED" || got.RejectReason != nil {
		t.Errorf("got %s", asJSON(got))
	}
	if got := state("A2"); got.ApplyState != "REJECTED" || *got.RejectReason == "" {
		t.Errorf("got %s", asJSON(got))
	}
	b.announced("application/A1", "https://api.test.com/a", "PAYSCORE.BIND_SERVICE_ACCOUNT")
	again, err := apply("A1", "https://api.test.com/a")
	b.ok(err)
	if again.ApplyState != "APPROVED" {
		t.Errorf("a repeat answers %s", asJSON(again))
	}
}

// Each move of the list is made by its name, and journaled.
func TestOtherMovesByName(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ctx := t.Context()
	_, err := b.client.ApplyPermission(ctx, directApplication("C1"))
	b.ok(err)
	for _, no := range []string{"A1", "A2"} {
		_, err := b.client.ApplyPartnerServiceAccount(ctx, payscore.ApplyPartnerServiceAccountRequest{ServiceID: serviceID, AppID: appID, SubMchID: subMchID, OutApplyNo: no})
		b.ok(err)
	}
	for _, no := range []string{"R1", "R2", "R3"} {
		_, err := b.client.CreateRefund(ctx, b.refundOf(b.paid(no, 100), no, 1))
		b.ok(err)
	}
	for _, id := range []string{"createPlan", "createSignPlan", "createPartnerPlan", "createPartnerSignPlan"} {
		b.example(id)
	}
	args := sandbox.MoveArgs{MerchantSignPlanNo: orderNo, Reason: "r", AuthorizationCode: "C1", OpenID: openID, UserLabel: "B", OutApplyNo: "A1", SubMchID: ""}
	var made []string
	for _, step := range []struct {
		name   string
		change func(*sandbox.MoveArgs)
	}{
		{"open_permission", nil}, {"set_risk_level", nil}, {"close_permission", nil}, {"approve_account", nil},
		{"reject_account", func(a *sandbox.MoveArgs) { a.OutApplyNo, a.Reason = "A2", "no" }},
		{"refund_succeeds", func(a *sandbox.MoveArgs) { a.SubMchID, a.OutRefundNo = subMchID, "R1" }},
		{"refund_abnormal", func(a *sandbox.MoveArgs) { a.OutRefundNo = "R2" }},
		{"refund_closed", func(a *sandbox.MoveArgs) { a.OutRefundNo = "R3" }},
		{"rotate_certificate", nil},
		{"sign_plan", nil}, {"cancel_sign_plan", nil},
		{"sign_plan", func(a *sandbox.MoveArgs) { a.SubMchID = "" }}, {"revoke_sign_plans", nil},
	} {
		if step.change != nil {
			step.change(&args)
		}
		if err := b.Move(step.name, args); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		made = append(made, step.name)
	}
	var journaled, listed []string
	for _, e := range b.Journal() {
		if e.Kind == "move" {
			journaled = append(journaled, e.Operation)
		}
	}
	if !slices.Equal(journaled, made) {
		t.Errorf("journaled %v, want %v", journaled, made)
	}
	for _, m := range sandbox.OtherMoves() {
		listed = append(listed, m.Name)
	}
	slices.Sort(made)
	if made = slices.Compact(made); !slices.Equal(listed, made) {
		t.Errorf("listed %v, made %v", listed, made)
	}
	moveRefused(t, b.Move("nothing", args), "nothing", sandbox.ErrNoSuchMove)
}
