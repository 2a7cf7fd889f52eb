package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// A proxy is given once, for the calls and for the download of certificates. Without
// it both go by HTTPS_PROXY and NO_PROXY.
func ExampleNewRoundTripper_proxy() {
	// In production: payscore.DefaultServer, a proxy of yours, and keys of files.
	server, proxyURL, account, dir, stop := sandboxBehindProxy()
	defer stop()
	ctx := context.Background()
	signer, err := auth.LoadSigner(account.MchID, account.SerialNo, filepath.Join(dir, sandbox.MerchantKeyFile))
	if err != nil {
		panic(err)
	}
	public, err := auth.LoadPublicKey(account.PublicKeyID, filepath.Join(dir, sandbox.PublicKeyFile))
	if err != nil {
		panic(err)
	}
	apiV3Key, err := auth.NewAPIv3Key(account.APIv3Key())
	if err != nil {
		panic(err)
	}

	carrier := transport.NewRoundTripper()
	carrier.Proxy = http.ProxyURL(proxyURL)

	source, err := auth.NewCertificateSource(auth.CertificateConfig{
		Signer: signer, APIv3Keys: []auth.APIv3Key{apiV3Key}, Keys: []auth.Key{public}, Server: server,
		RoundTripper: carrier,
	})
	if err != nil {
		panic(err)
	}
	verifier, err := auth.NewVerifierFrom(source)
	if err != nil {
		panic(err)
	}
	client, err := payscore.New(server, payscore.WithHTTPClient(
		transport.New(signer, verifier, transport.WithRoundTripper(carrier))))
	if err != nil {
		panic(err)
	}
	if err := source.Refresh(ctx); err != nil {
		panic(err)
	}
	order, err := client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{
		SubMchID: account.SubMchID, OutOrderNo: new("1234323JKHDFE1243252")})
	if err != nil {
		panic(err)
	}
	fmt.Println(*order.TotalAmount)
	// Output:
	// through the proxy: /v3/certificates
	// through the proxy: /v3/payscore/partner/serviceorder
	// 50000
}

// sandboxBehindProxy starts a sandbox with one order, and a proxy that prints the path
// of each request.
func sandboxBehindProxy() (server string, proxy *url.URL, account sandbox.Account, dir string, stop func()) {
	box, err := sandbox.Open()
	if err != nil {
		panic(err)
	}
	if _, err := box.Seed("1234323JKHDFE1243252", 50000); err != nil {
		panic(err)
	}
	if dir, err = os.MkdirTemp("", ""); err != nil {
		panic(err)
	}
	if err := box.Credentials().Save(dir); err != nil {
		panic(err)
	}
	host := httptest.NewServer(box)
	forward := &httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}}
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("through the proxy:", r.URL.Path)
		forward.ServeHTTP(w, r)
	}))
	if proxy, err = url.Parse(between.URL); err != nil {
		panic(err)
	}
	return host.URL, proxy, box.Credentials().Account(), dir, func() {
		between.Close()
		host.Close()
		_ = box.Close()
		_ = os.RemoveAll(dir)
	}
}
