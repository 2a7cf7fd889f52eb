package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/notify"
)

const vectors = "../../api/vectors/"

type notification struct {
	APIv3Key string            `json:"api_v3_key"`
	Now      int64             `json:"now"`
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`
}

// recorded is the first notification of the vectors.
func recorded() notification {
	data, err := os.ReadFile(vectors + "notification.json")
	if err != nil {
		panic(err)
	}
	var file struct{ Notifications []notification }
	if err := json.Unmarshal(data, &file); err != nil {
		panic(err)
	}
	return file.Notifications[0]
}

// newReceiver makes the receiver as a program does. Only the clock is set to the time
// of the recorded notification.
func newReceiver() *notify.Receiver {
	n := recorded()
	wechatPay, err := auth.LoadPublicKey("PUB_KEY_ID_0119000000012025061500000000000001", vectors+"wechatpay_public_key.pem")
	if err != nil {
		panic(err)
	}
	verifier, err := auth.NewVerifier(wechatPay)
	if err != nil {
		panic(err)
	}
	key, err := auth.NewAPIv3Key(n.APIv3Key)
	if err != nil {
		panic(err)
	}
	verifier = verifier.WithClock(func() time.Time { return time.Unix(n.Now, 0) })
	receiver, err := notify.New(verifier, key, func(_ context.Context, event *notify.Event) error {
		if order, ok := event.Resource.(*payscore.ServiceOrderNotification); ok {
			fmt.Println(event.Type, order.OutOrderNo)
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return receiver
}

// deliver posts the recorded notification, and then the same with a changed body.
func deliver(handler http.Handler) {
	n := recorded()
	for _, body := range []string{n.Body, strings.Replace(n.Body, "{", "{ ", 1)} {
		req := httptest.NewRequest("POST", "/notify", strings.NewReader(body))
		for name, value := range n.Headers {
			req.Header.Set(name, value)
		}
		rsp := httptest.NewRecorder()
		handler.ServeHTTP(rsp, req)
		fmt.Println(strings.TrimSpace(fmt.Sprint(rsp.Code, " ", rsp.Body)))
	}
}
