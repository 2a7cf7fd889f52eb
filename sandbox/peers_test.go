package sandbox_test

import (
	"strings"
	"testing"
)

// Defects that were seen in other clients.

// A 204 taken for a failure, since only 200 was expected, or taken without a
// look at its signature.
func TestNoContentIsSuccessAndVerified(t *testing.T) {
	b := newBox(t)
	ctx := t.Context()
	b.orderAt(partner, "USER_CONFIRM", orderNo)
	b.ok(b.client.CompletePartnerServiceOrder(ctx, orderNo, completion(50000)))
	b.ok(b.client.ModifyPartnerServiceOrder(ctx, orderNo, modification(39900)))
	b.ok(b.client.PayPartnerServiceOrder(ctx, orderNo, payment()))
	b.orderAt(partner, "CREATED", "cancel")
	b.ok(b.client.CancelPartnerServiceOrder(ctx, "cancel", cancellation("用户投诉")))
	b.seed("sync", 50000)
	b.ok(b.client.SyncPartnerServiceOrder(ctx, "sync", paidElsewhere("20091225")))

	b.seed("raw", 50000)
	got := b.send("POST", orders+"/raw/modify", asJSON(modification(1)))
	if got.Status != 204 || got.Body != "" || got.Header.Get("Wechatpay-Signature") == "" {
		t.Errorf("%d %q %v", got.Status, got.Body, got.Header)
	}
}

// A path signed as it was written, and sent escaped.
func TestSignedPathIsTheSentPath(t *testing.T) {
	b := newBox(t)
	b.seed("A|B", 50000)
	b.ok(b.modify("A|B", 39900))

	body := asJSON(modification(1))
	// signing sends the escaped path with a signature over another one.
	signing := func(sent, signed string) answer {
		req := b.unsigned("POST", orders+"/"+sent+"/modify", body)
		req.Header.Set("User-Agent", "test")
		req.Header.Set("Authorization", must(b.signer().Authorization("POST", orders+"/"+signed+"/modify", b.now(), "593BEC0C930BF1AF", []byte(body))))
		return b.do(req)
	}
	for written, sent := range map[string]string{"A|B": "A%7CB", "订单": "%E8%AE%A2%E5%8D%95"} {
		got := signing(sent, written)
		got.checkRefused(t, signError)
		if seen := got.signInformation(t); seen == nil || !strings.HasSuffix(seen.URL, "/"+sent+"/modify") {
			t.Errorf("the server saw %+v", seen)
		}
	}
	if got := signing("A%7CB", "A%7CB"); got.Status != 204 || b.total("A|B") != 1 {
		t.Errorf("%v, and the order is at %d", &got.Error, b.total("A|B"))
	}
	signing("%E8%AE%A2%E5%8D%95", "%E8%AE%A2%E5%8D%95").checkRefused(t, wrongParam("out_order_no")) // but correctly signed
}
