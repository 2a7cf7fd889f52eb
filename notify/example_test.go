package notify_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/notify"
)

// The request is made by hand here; WeChat Pay sends it otherwise.
func Example() {
	wechatPay, err := auth.LoadPublicKey("PUB_KEY_ID_0119000000012025061500000000000001", "../api/vectors/wechatpay_public_key.pem")
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := auth.NewVerifier(wechatPay)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := auth.NewAPIv3Key("TestOnly-0123456789abcdefghijkl!")
	if err != nil {
		fmt.Println(err)
		return
	}
	receiver, err := notify.New(verifier, key, func(ctx context.Context, event *notify.Event) error {
		switch r := event.Resource.(type) {
		case *payscore.ServiceOrderNotification:
			fmt.Println(event.Type, r.OutOrderNo, *r.Collection.PaidAmount, "fen")
		case *payscore.RefundNotification:
			fmt.Println(event.Type, r.OutRefundNo, r.RefundStatus)
		default:
			fmt.Println(event.Type, len(event.Raw), "bytes")
		}
		return nil
	}, notify.WithErrorFunc(func(err error) { fmt.Println(err) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/notify", receiver)

	body := envelope("EV-2018022511223320873", "PAYSCORE.USER_PAID", order("1234323JKHDFE1243252", "USER_PAID", 39900))
	for range 2 { // the repeat is acknowledged and not delivered
		req := httptest.NewRequest("POST", "/notify", bytes.NewReader(body))
		req.Header = sign(body, time.Now())
		rsp := httptest.NewRecorder()
		mux.ServeHTTP(rsp, req)
		fmt.Println(rsp.Code)
	}
	req := httptest.NewRequest("POST", "/notify", bytes.NewReader(body))
	rsp := httptest.NewRecorder()
	mux.ServeHTTP(rsp, req)
	fmt.Println(rsp.Code, rsp.Body)
	// Output:
	// PAYSCORE.USER_PAID 1234323JKHDFE1243252 39900 fen
	// 204
	// 204
	// notify: auth: unverified: header Wechatpay-Timestamp is missing; no Wechatpay- header is there at all: they were dropped, or it is not from WeChat Pay
	// 401 {"code":"FAIL","message":"the signature does not verify"}
}

// A framework that has read the request calls Receive.
func ExampleReceiver_Receive() {
	var receiver *notify.Receiver // from New
	_ = func(c frameworkContext) {
		status, answer := receiver.Receive(c.Context, c.Header, c.RawBody)
		c.Reply(status, "application/json", answer)
	}
}

type frameworkContext struct {
	Context context.Context
	Header  http.Header
	RawBody []byte
	Reply   func(status int, contentType string, body []byte)
}

// Who stores a notification before anything else decodes it later.
func ExampleEvent_Decode() {
	stored := notify.Event{ // ID, Type and Raw, as notify.Open returned them
		ID:   "EV-2018022511223320873",
		Type: notify.RefundSuccess,
		Raw:  []byte(`{"out_refund_no":"1217752501201407033233368018","refund_status":"SUCCESS","amount":{"total":999,"refund":999,"payer_total":999,"payer_refund":999}}`),
	}
	if err := stored.Decode(); err != nil {
		fmt.Println(err)
		return
	}
	refund := stored.Resource.(*payscore.RefundNotification)
	fmt.Println(refund.OutRefundNo, refund.RefundStatus, refund.Amount.Refund, "fen")
	// Output:
	// 1217752501201407033233368018 SUCCESS 999 fen
}

// A service provider may have a function for each of its sub-merchants.
func ExampleRouter() {
	var router notify.Router
	router.Handle("1900000109", func(ctx context.Context, event *notify.Event) error {
		fmt.Println("1900000109 gets", event.ID)
		return nil
	})
	router.Default(func(ctx context.Context, event *notify.Event) error {
		fmt.Println("nobody knows", event.SubMchID)
		return nil
	})
	// notify.New(verifier, key, router.Serve)
	_ = router.Serve(context.Background(), &notify.Event{ID: "EV-1", SubMchID: "1900000109"})
	_ = router.Serve(context.Background(), &notify.Event{ID: "EV-2", SubMchID: "1900000108"})
	// Output:
	// 1900000109 gets EV-1
	// nobody knows 1900000108
}
