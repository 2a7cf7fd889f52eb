package notify_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/notify"
)

func TestZeroValues(t *testing.T) {
	body := envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 1))
	var r notify.Receiver
	if status := told(t, &r, body); status != 500 {
		t.Error(status)
	}
	for _, method := range []string{"POST", "GET"} {
		rsp := httptest.NewRecorder()
		r.ServeHTTP(rsp, httptest.NewRequest(method, "/", strings.NewReader("")))
		if rsp.Code != 500 {
			t.Error(method, rsp.Code)
		}
	}
	if e, err := notify.Parse(t.Context(), nil, sign(body, time.Now()), body); e != nil || err == nil {
		t.Error(e, err)
	}
	if err := new(notify.Event).Decode(); err == nil {
		t.Error("nothing was decoded")
	}
	if err := new(notify.Router).Serve(t.Context(), nil); err == nil {
		t.Error("nothing was served")
	}
	for _, err := range []error{new(notify.MalformedError), new(notify.FuncError), new(notify.DeduperError)} {
		if err.Error() == "" {
			t.Errorf("%T says nothing", err)
		}
	}
	d := new(notify.Memory)
	r2 := receiver(t, counter(new(int)), notify.WithDeduper(d), nil)
	if status := told(t, r2, body); status != 204 {
		t.Error(status)
	}
}
