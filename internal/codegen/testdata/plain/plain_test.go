// Package plain_test modifies an order with what oapi-codegen alone makes of
// the contract. TestPlainClient of internal/codegen runs it in a module of its
// own, with the generated package beside it.
package plain_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"

	"scratch/plain"
)

const (
	orderNo  = "1234323JKHDFE1243252"
	subMchID = "1900000109"
)

var modification = plain.ModifyPartnerServiceOrderRequest{
	SubMchid:     subMchID,
	PostPayments: []plain.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
	TotalAmount:  39900,
	Reason:       "用户投诉",
}

// newClient joins the three parts: the generated client, the signer as its
// request editor, and the transport, which verifies, as its HTTP client.
func newClient(t *testing.T, box *sandbox.Server, verifier *auth.Verifier) *plain.ClientWithResponses {
	t.Helper()
	client, err := plain.NewClientWithResponses(box.URL,
		plain.WithRequestEditorFn(box.Signer().Sign),
		plain.WithHTTPClient(transport.New(box.Signer(), verifier)))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestModify(t *testing.T) {
	box := sandbox.New(t)
	if _, err := box.Seed(orderNo, 50000); err != nil {
		t.Fatal(err)
	}
	rsp, err := newClient(t, box, box.Verifier()).ModifyPartnerServiceOrderWithResponse(t.Context(), orderNo, modification)
	if err != nil {
		t.Fatal(err)
	}
	if rsp.StatusCode() != http.StatusNoContent {
		t.Fatalf("%s: %s", rsp.Status(), rsp.Body)
	}
	if order, _ := box.Order(subMchID, orderNo); order.Entity.TotalAmount == nil || *order.Entity.TotalAmount != 39900 {
		t.Errorf("the order is %+v", order)
	}
}

// TestModifyVerifies has an answer that another key signed: no client may take
// it for WeChat Pay's.
func TestModifyVerifies(t *testing.T) {
	box := sandbox.New(t)
	if _, err := box.Seed(orderNo, 50000); err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(auth.Key{ID: box.Verifier().PreferredID(), PublicKey: &other.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	_, err = newClient(t, box, verifier).ModifyPartnerServiceOrderWithResponse(t.Context(), orderNo, modification)
	if !errors.Is(err, apierror.ErrOutcomeUnknown) {
		t.Errorf("got %v, want ErrOutcomeUnknown", err)
	}
}
