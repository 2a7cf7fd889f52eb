package admin

import (
	"context"
	"net/http"
	"net/url"
	"time"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/signcheck"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

// requestBase is where a request came to, for the account's base_url.
type requestBase struct{}

func (a adminOperations) GetAccount(ctx context.Context, _ server.GetAccountRequestObject) (server.GetAccountResponseObject, error) {
	c := a.ledger.Account()
	base, _ := ctx.Value(requestBase{}).(string)
	return server.GetAccount200JSONResponse{
		BaseURL: base, Mchid: c.MchID, SerialNo: c.SerialNo, PublicKeyID: c.PublicKeyID,
		PlatformSerialNo: c.PlatformSerialNo, ServiceID: c.ServiceID, Appid: c.AppID, SubMchid: c.SubMchID,
		Files: []server.AccountFile{
			{Name: wire.MerchantKeyFile, Holds: server.AccountFileHoldsMerchantKey, Secret: true},
			{Name: wire.MerchantCertFile, Holds: server.AccountFileHoldsMerchantCertificate},
			{Name: wire.PublicKeyFile, Holds: server.AccountFileHoldsWechatpayPublicKey},
			{Name: wire.PlatformCertFile, Holds: server.AccountFileHoldsPlatformCertificate},
			{Name: wire.AuthorityCertFile, Holds: server.AccountFileHoldsAuthorityCertificate},
			{Name: wire.AccountFile, Holds: server.AccountFileHoldsAccount, Secret: true},
		},
	}, nil
}

func (a adminOperations) clockView() server.Clock {
	return server.Clock{Now: a.ledger.Store.Clock.Now().In(rules.ChinaTime), Wall: a.ledger.Store.Clock.Wall().In(rules.ChinaTime), Scale: new(a.ledger.Store.Clock.Scale)}
}

func (a adminOperations) GetClock(context.Context, server.GetClockRequestObject) (server.GetClockResponseObject, error) {
	return server.GetClock200JSONResponse(a.clockView()), nil
}

func (a adminOperations) AdvanceClock(_ context.Context, r server.AdvanceClockRequestObject) (server.AdvanceClockResponseObject, error) {
	a.ledger.Advance(time.Duration(r.Body.Seconds) * time.Second)
	return server.AdvanceClock200JSONResponse(a.clockView()), nil
}

func (a adminOperations) ExplainSignature(_ context.Context, r server.ExplainSignatureRequestObject) (server.ExplainSignatureResponseObject, error) {
	b := r.Body
	target := b.Target
	// A whole URL is what most tools print.
	if u, err := url.Parse(target); err == nil && u.IsAbs() {
		target = u.RequestURI()
	}
	report := a.edge.Explain(signcheck.Request{
		Method: b.Method, Target: target, Authorization: b.Authorization, Body: []byte(orDefault(b.Body, "")),
	}, a.ledger.Store.Clock.Wall())
	return server.ExplainSignature200JSONResponse(adminReport(report)), nil
}

// adminReport is a report as the admin side shows it.
func adminReport(r signcheck.Report) server.SignatureReport {
	return server.SignatureReport{
		Mistake: r.Mistake, Issue: r.Issue, IssueZh: r.IssueZH, Expected: present(r.Expected), Signed: present(r.Signed), Offset: int64(r.Offset),
	}
}

func (a adminOperations) Reset(_ context.Context, r server.ResetRequestObject) (server.ResetResponseObject, error) {
	if err := a.edge.Reset(orDefault(r.Body.Empty, false)); err != nil {
		return nil, problemOf(http.StatusInternalServerError, "FAILED", err)
	}
	return server.Reset204Response{}, nil
}
