package transport_test

import (
	"context"
	"crypto"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/transport"
)

// outOfReach signs what it may, and no more.
type outOfReach struct {
	crypto.Signer
	left int
}

var errOutOfReach = errors.New("the key\nis out of reach")

func (k *outOfReach) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.left--; k.left < 0 {
		return nil, errOutOfReach
	}
	return k.Signer.Sign(r, digest, opts)
}

// A call that gives up the repeat it announced says how it ended, once, in the
// words of what it returns, and counts no attempt that was not made.
func TestGiveUp(t *testing.T) {
	const broken, hangs, limited = 502, 0, 429
	for _, c := range []struct {
		name     string
		method   string
		statuses []int // one after the other, hangs for none
		unsigned bool  // the last repeat cannot be signed; otherwise the context ends before it
		want     transport.Outcome
		level    slog.Level
	}{
		{"write after a failure", "POST", []int{broken}, false, transport.Unknown, slog.LevelError},
		{"write without an answer", "POST", []int{hangs}, false, transport.Unknown, slog.LevelError},
		{"write after a refusal", "POST", []int{limited}, false, transport.Refused, slog.LevelWarn},
		{"write after a failure and a refusal", "POST", []int{broken, limited}, false, transport.Unknown, slog.LevelError},
		{"query without an answer", "GET", []int{hangs}, false, transport.Failed, slog.LevelError},
		{"query after a refusal", "GET", []int{hangs, limited}, false, transport.Refused, slog.LevelWarn},
		{"write after a failure, unsigned", "POST", []int{broken}, true, transport.Unknown, slog.LevelError},
		{"write after a failure and a refusal, unsigned", "POST", []int{broken, limited}, true, transport.Unknown, slog.LevelError},
		{"write after a refusal, unsigned", "POST", []int{limited}, true, transport.Failed, slog.LevelError},
		{"query without an answer, unsigned", "GET", []int{hangs}, true, transport.Failed, slog.LevelError},
	} {
		t.Run(c.name, inBubble(func(t *testing.T) {
			sent := 0
			carrier := transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				if sent++; c.statuses[sent-1] == hangs {
					return nil, io.ErrUnexpectedEOF
				}
				header := http.Header{}
				if c.statuses[sent-1] == limited { // one that nobody signed is no refusal
					sign(header, wechatKey(), now, "")
				}
				return &http.Response{StatusCode: c.statuses[sent-1], Header: header, Body: http.NoBody, Request: r}, nil
			}))
			key := &outOfReach{Signer: merchantKey(), left: len(c.statuses)}
			why := errOutOfReach
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ends := transport.WithObserver(func(_ context.Context, a transport.Attempt) {
				if a.Retry && a.N == len(c.statuses) {
					cancel()
				}
			})
			if !c.unsigned {
				key.left, why, carrier = 99, context.Canceled, both(carrier, ends)
			}
			var log records
			s := &seen{}
			signer := must(auth.NewSigner(merchantID, merchantSerial, key, auth.WithClock(clock)))
			rsp, err := transport.New(signer, newVerifier(), carrier, log.option(), transport.WithObserver(s.observe)).
				Do(request(t, c.method, "https://api.invalid"+modifyPath+"?"+secretQuery, secretBody).WithContext(ctx))

			if got := transport.OutcomeOf(rsp, err); got != c.want {
				t.Fatalf("the call is %s, want %s: %v", got, c.want, err)
			}
			if sent != len(c.statuses) || len(s.all) != sent+1 {
				t.Fatalf("%d sent, %d told", sent, len(s.all))
			}
			for _, a := range s.all[:sent] {
				if !a.Retry || a.GaveUp != nil {
					t.Errorf("%+v", a)
				}
			}
			last, before := s.all[sent], s.all[sent-1]
			if last.Retry || last.Wait != 0 || !errors.Is(last.GaveUp, why) || last.Outcome != c.want {
				t.Errorf("the end: %+v", last)
			}
			if last.N != before.N || last.Status != before.Status || last.Start != before.Start {
				t.Errorf("the end %+v is not that of %+v", last, before)
			}

			all := log.read(t)
			if len(all) != sent+1 {
				t.Fatalf("%d records", len(all))
			}
			for _, m := range all[:sent] {
				if m["msg"] != "payscore attempt" || m["level"] != "WARN" || m["retry_in"] == nil || m["gave_up"] != nil {
					t.Error(m)
				}
			}
			m := all[sent]
			if m["msg"] != "payscore call given up" || m["level"] != c.level.String() || m["outcome"] != string(c.want) || m["retry_in"] != nil ||
				!strings.Contains(m["gave_up"].(string), strings.ReplaceAll(why.Error(), "\n", `\n`)) {
				t.Error(m, slices.Sorted(maps.Keys(m)))
			}
			for _, secret := range []string{"MARKER", "1900000109", "signature="} {
				if strings.Contains(log.String(), secret) {
					t.Errorf("the log holds %q", secret)
				}
			}
		}))
	}
}

func both(a, b transport.Option) transport.Option {
	return func(c *transport.Client) { a(c); b(c) }
}
