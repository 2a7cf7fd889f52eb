package transport_test

import (
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/transport"
)

type carries func(*http.Request) (*http.Response, error)

func (f carries) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A length is only what somebody claims, so memory is not set aside for it.
func TestAnswerThatClaimsToBeHuge(t *testing.T) {
	for _, most := range []int64{math.MaxInt64, 1 << 40, 0} {
		for _, claimed := range []int64{1 << 62, 1 << 45, 3, -1} {
			rt := carries(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: claimed, Body: io.NopCloser(strings.NewReader("abc"))}, nil
			})
			rsp, err := newClient(transport.WithRoundTripper(rt), transport.WithMaxAnswer(most)).Do(request(t, "POST", "https://api.test"+modifyPath, ""))
			checkUnverified(t, rsp, err)
		}
	}
}

// What was never sent says so, but not of a call whose earlier attempt may
// have arrived.
func TestErrNotSent(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for name, c := range map[string]struct {
		errs    []error
		notSent bool
	}{
		"never":         {[]error{refused, refused, refused}, true},
		"lost at last":  {[]error{refused, refused, io.EOF}, false},
		"lost at first": {[]error{io.EOF, refused, refused}, false},
	} {
		n := 0
		rt := carries(func(*http.Request) (*http.Response, error) { n++; return nil, c.errs[min(n, len(c.errs))-1] })
		_, err := retrying(transport.WithRoundTripper(rt), transport.WithHooks(clock, noSleep, 0)).Do(request(t, "POST", "https://api.test"+modifyPath, ""))
		if n != transport.DefaultAttempts || errors.Is(err, apierror.ErrNotSent) != c.notSent || errors.Is(err, apierror.ErrOutcomeUnknown) == c.notSent {
			t.Errorf("%s: %d attempts, %v", name, n, err)
		}
	}
}
