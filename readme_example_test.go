package payscore_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/serviceorder"
	"github.com/wxpayscore/payscore/transport"
)

// The code of the READMEs, so that it is compiled. It omits the checks of errors for
// brevity.
//
//lint:file-ignore SA4006 see above

var (
	ctx      = context.Background()
	client   *payscore.Client
	signer   *auth.Signer
	verifier *auth.Verifier
	orders   orderStore

	body = payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900)), Count: new(int64(4))}},
		TotalAmount:  39900,
		Reason:       "用户投诉",
	}
)

// orderStore is the importer's own.
type orderStore struct{}

func (orderStore) Update(context.Context, string, string) error { return nil }

func Example_firstCall() {
	signer, err := auth.LoadSigner("1900000001", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "apiclient_key.pem")
	key, err := auth.LoadPublicKey("PUB_KEY_ID_0119000000012024101100397200000006", "wechatpay_public_key.pem")
	verifier, err := auth.NewVerifier(key)

	client, err := payscore.New(payscore.DefaultServer,
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, verifier)))

	err = client.ModifyPartnerServiceOrder(ctx, "1234323JKHDFE1243252", payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900)), Count: new(int64(4))}},
		TotalAmount:  39900,
		Reason:       "用户投诉",
	})
	order, err := client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{
		SubMchID: "1900000109", OutOrderNo: new("1234323JKHDFE1243252")})
	_, _ = order, err
}

func Example_errors() {
	err := client.ModifyPartnerServiceOrder(ctx, "1234323JKHDFE1243252", body)

	var refused *apierror.Error
	var findings limit.Findings
	switch {
	case err == nil:
	case errors.Is(err, apierror.ErrOutcomeUnknown):
	case errors.As(err, &refused):
	case errors.As(err, &findings):
	case errors.Is(err, apierror.ErrNotSent):
	default:
	}
}

func Example_retries() {
	result, err := serviceorder.Modify(ctx, client, "1234323JKHDFE1243252", body,
		serviceorder.WithTotalBefore(50000), serviceorder.WithServiceID("500001"))

	_, _ = result, err
}

func Example_notifications() {
	key, err := auth.NewAPIv3Key(os.Getenv("APIV3_KEY"))
	receiver, err := notify.New(verifier, key, func(ctx context.Context, event *notify.Event) error {
		switch r := event.Resource.(type) {
		case *payscore.ServiceOrderNotification:
			return orders.Update(ctx, r.OutOrderNo, event.Type)
		default:
			return event.Err
		}
	})
	http.Handle("/notify", receiver)

	_ = err
}

func Example_logs() {
	client, err := payscore.New(payscore.DefaultServer, payscore.WithHTTPClient(transport.New(signer, verifier,
		transport.WithObserver(transport.LogAttempts(slog.Default())))))

	_, _ = client, err
}

func TestReadmeSandbox(t *testing.T) {
	box := sandbox.New(t)
	box.Seed("1234323JKHDFE1243252", 50000)
	err := box.Client().ModifyPartnerServiceOrder(t.Context(), "1234323JKHDFE1243252", body)
	err = box.Move("user_pays", sandbox.MoveArgs{SubMchID: "1900000109", OutOrderNo: "1234323JKHDFE1243252"})

	if err != nil {
		t.Error(err)
	}
}
