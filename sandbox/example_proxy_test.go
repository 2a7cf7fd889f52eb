package sandbox_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/wxpayscore/payscore/sandbox"
)

// A client whose host is hard-coded gets the sandbox through a proxy.
func ExampleNewProxyListener() {
	box, err := sandbox.Open()
	if err != nil {
		panic(err)
	}
	defer func() { _ = box.Close() }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := sandbox.NewHTTPServer(box)
	go func() { _ = server.ServeTLS(sandbox.NewProxyListener(listener), "", "") }()
	defer func() { _ = server.Close() }()

	client := &http.Client{Transport: &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: listener.Addr().String()}),
		TLSClientConfig: &tls.Config{RootCAs: box.Credentials().CertPool()},
	}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, "https://api.mch.weixin.qq.com/v3/payscore/serviceorder", nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Accept", "application/json")
	rsp, err := client.Do(req)
	if err != nil {
		panic(err)
	}
	_ = rsp.Body.Close()
	fmt.Println(rsp.Status)
	// Output: 401 Unauthorized
}
