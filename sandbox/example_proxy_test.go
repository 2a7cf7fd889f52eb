package sandbox_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/wxpayscore/payscore/sandbox"
)

// A client with a hard-coded host needs a proxy and a certificate to trust, no other
// host.
func ExampleNewProxyListener() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	proxy := sandbox.NewProxyListener(listener)
	box, err := sandbox.Open(sandbox.WithListener(proxy))
	if err != nil {
		panic(err)
	}
	defer func() { _ = box.Close() }()
	server := sandbox.NewHTTPServer(box)
	defer func() { _ = server.Close() }()
	go func() { _ = server.ServeTLS(proxy, "", "") }()

	client := &http.Client{Transport: &http.Transport{
		Proxy:             http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.Addr().String()}),
		TLSClientConfig:   &tls.Config{RootCAs: box.Credentials().CertPool()},
		DisableKeepAlives: true,
	}}
	rsp, err := client.Get("https://api.mch.weixin.qq.com/v3/certificates")
	if err != nil {
		panic(err)
	}
	_ = rsp.Body.Close()
	fmt.Println(rsp.Status) // it wants the headers of a client
	_, err = client.Get("https://example.com/")
	fmt.Println(err)
	// Output:
	// 400 Bad Request
	// Get "https://example.com/": Forbidden
}
