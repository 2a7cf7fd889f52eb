package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

// A receiver that fails at first gets the notification again.
func ExampleSandbox_Notifications() {
	failsTwice := func(t *testing.T) {
		calls := 0
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if calls++; calls <= 2 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}))
		defer receiver.Close()
		box := sandbox.New(t)
		_, err := box.Seed("1234323JKHDFE1243252", 50000, sandbox.SeedStage("CREATED"), sandbox.SeedNotifyURL(receiver.URL))
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Move("confirm", sandbox.MoveArgs{SubMchID: "1900000109", OutOrderNo: "1234323JKHDFE1243252"}); err != nil {
			t.Fatal(err)
		}
		box.Advance(24 * time.Hour)
		for _, n := range box.Notifications() {
			for _, a := range n.Attempts {
				fmt.Println(n.EventType, a.Time.Sub(n.CreatedAt).Round(time.Second), a.Status)
			}
			fmt.Println("delivered:", n.Delivered)
		}
	}
	runTest("TestFailsTwice", failsTwice)
	// Output:
	// PAYSCORE.USER_CONFIRM 0s 500
	// PAYSCORE.USER_CONFIRM 15s 500
	// PAYSCORE.USER_CONFIRM 30s 200
	// delivered: true
}
