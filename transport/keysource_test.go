package transport_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/transport"
)

// laterKeys has its key only once it is asked for it.
type laterKeys struct{ ctx context.Context }

func (k *laterKeys) Key(ctx context.Context, id string) (auth.Key, error) {
	k.ctx = ctx
	return auth.Key{ID: keyID, PublicKey: &wechatKey().PublicKey}, nil
}

func (k *laterKeys) PreferredID() string {
	if k.ctx == nil {
		return ""
	}
	return keyID
}

func TestKeysThatComeLater(t *testing.T) {
	var serials [][]string
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		serials = append(serials, r.Header["Wechatpay-Serial"])
		answering(204, "")(w, r)
	})
	keys := new(laterKeys)
	signer, _ := newSigner()
	client := transport.New(signer, must(auth.NewVerifierFrom(keys)).WithClock(clock))
	type mark struct{}
	for range 2 {
		req := request(t, "POST", srv.URL+modifyPath, "{}")
		if _, err := client.Do(req.WithContext(context.WithValue(t.Context(), mark{}, 1))); err != nil {
			t.Fatal(err)
		}
		if keys.ctx.Value(mark{}) != 1 || keys.ctx.Err() != nil {
			t.Error("the source does not get the request's context")
		}
	}
	// An empty header would be none of the documented values.
	if serials[0] != nil || len(serials[1]) != 1 || serials[1][0] != keyID {
		t.Errorf("%q", serials)
	}
}
