package sandbox_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

// BenchmarkOpen is a sandbox up to where it may listen, without the making of
// keys and what a process reads once.
func BenchmarkOpen(b *testing.B) {
	credentials := must(sandbox.NewCredentials())
	b.ReportAllocs()
	for b.Loop() {
		if err := must(sandbox.Open(sandbox.WithCredentials(credentials))).Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkModify is one modification: verified, checked, carried out, signed.
// The request is signed beforehand. BenchmarkRSA is what it cannot be below.
func BenchmarkModify(b *testing.B) {
	box := newBox(b, sandbox.WithLenientAmounts()) // takes the same total once more
	must(box.Seed(orderNo, 50000))
	body := `{"sub_mchid":"` + subMchID + `","service_id":"` + serviceID + `","post_payments":[{"name":"就餐费用","amount":40000,"count":4}],` +
		`"post_discounts":[{"name":"满20减1元","amount":100}],"total_amount":39900,"reason":"用户投诉"}`
	b.ReportAllocs()
	box.repeat(b, http.MethodPost, orders+"/"+orderNo+"/modify", body, http.StatusNoContent)
}

// repeat sends a request, signed once, again and again.
func (b *box) repeat(bench *testing.B, method, path, body string, status int) {
	r := b.request(method, path, body)
	r.RequestURI = r.URL.RequestURI()
	r.Header.Set("User-Agent", "bench")
	for bench.Loop() {
		r.Body = io.NopCloser(strings.NewReader(body))
		w := httptest.NewRecorder()
		if b.ServeHTTP(w, r); w.Code != status {
			bench.Fatal(w.Code, w.Body)
		}
	}
}

// BenchmarkQueryPermission is one query by openid, among few and among as many
// as there can be. It is no slower among these.
func BenchmarkQueryPermission(b *testing.B) {
	for _, users := range []int{1, sandbox.DefaultMaxOrders} {
		b.Run(fmt.Sprintf("of %d", users), func(b *testing.B) {
			box := newBox(b)
			box.FillPermissions(users)
			box.repeat(b, http.MethodGet, "/v3/payscore/permissions/openid/user0?service_id=s&appid=a", "", http.StatusOK)
		})
	}
}

// BenchmarkRefund is the refusal of a refund of a payment that nobody made,
// among few and among as many as there can be. It is no slower among these.
func BenchmarkRefund(b *testing.B) {
	for _, payments := range []int{1, sandbox.DefaultMaxOrders} {
		b.Run(fmt.Sprintf("of %d", payments), func(b *testing.B) {
			box := newBox(b)
			for i := range payments {
				must(box.Seed(fmt.Sprintf("order%d", i), 100, sandbox.SeedStage("DONE")))
			}
			body := asJSON(box.refundOf("4200000000000000000000000000", "R1", 100))
			box.repeat(b, http.MethodPost, "/v3/refund/domestic/refunds", body, http.StatusNotFound)
		})
	}
}

// BenchmarkRSA is the verification of a request and the signature of its answer.
func BenchmarkRSA(b *testing.B) {
	key := sandbox.WechatpayKey(must(sandbox.NewCredentials()))
	digest := sha256.Sum256(nil)
	signature := must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]))
	for b.Loop() {
		must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]))
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}
