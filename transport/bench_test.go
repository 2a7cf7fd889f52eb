package transport_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/transport"
)

// BenchmarkDo measures one call, an answer of 204, in memory and over a
// connection, and with a bare http.Client for comparison.
func BenchmarkDo(b *testing.B) {
	const body = `{"sub_mchid":"1900000109","post_payments":[{"name":"就餐费用","amount":39900}],"total_amount":39900,"reason":"用户投诉"}`
	answer := http.Header{}
	sign(answer, wechatKey(), now, "")
	memory := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 204, Header: answer, Body: http.NoBody, Request: r}, nil
	})
	srv := serve(b, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		for name, values := range answer {
			w.Header()[name] = values
		}
		w.WriteHeader(204)
	})
	type doer interface {
		Do(*http.Request) (*http.Response, error)
	}
	for _, c := range []struct {
		name   string
		client doer
		server string
		signed bool
	}{
		{"memory/signs and verifies", newClient(transport.WithRoundTripper(memory)), "https://api.invalid", false},
		{"memory/verifies", newClient(transport.WithRoundTripper(memory)), "https://api.invalid", true},
		{"memory/http.Client", &http.Client{Transport: memory, Timeout: transport.DefaultTimeout}, "https://api.invalid", true},
		{"loopback/signs and verifies", newClient(), srv.URL, false},
		{"loopback/verifies", newClient(), srv.URL, true},
		{"loopback/http.Client", &http.Client{Transport: transport.NewRoundTripper(), Timeout: transport.DefaultTimeout}, srv.URL, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), "POST", c.server+modifyPath, strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				if c.signed {
					req.Header.Set("Authorization", "signed")
				}
				rsp, err := c.client.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				rsp.Body.Close()
			}
		})
	}
}
