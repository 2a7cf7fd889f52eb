package sandbox

import (
	"context"
	"net"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
	"github.com/wxpayscore/payscore/transport"
)

// Server is a sandbox that listens on a loopback port while a test runs. [New]
// makes one. The methods of a zero Server panic.
type Server struct {
	*Sandbox
	URL string // http://127.0.0.1:port
	t   testing.TB
}

// New starts a sandbox for the test t, which ends with it. Sandboxes share
// only the keys, so parallel tests do not affect each other. It panics without a
// test.
func New(t testing.TB, opts ...Option) *Server {
	if t == nil {
		panic("sandbox: New needs the test")
	}
	t.Helper()
	box, err := Open(opts...)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("sandbox: %v", err)
	}
	box.ledger.Post.Own(listener.Addr())
	server := NewHTTPServer(box)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = box.Close()
	})
	return &Server{Sandbox: box, URL: "http://" + listener.Addr().String(), t: t}
}

// test panics with what is wrong, before something nil does.
func (s *Server) test() testing.TB {
	if s == nil || s.Sandbox == nil || s.t == nil {
		panic("sandbox: a Server comes from New")
	}
	return s.t
}

// Signer returns a signer with the merchant's key, as a user would make it.
func (s *Server) Signer(opts ...auth.SignerOption) *auth.Signer {
	s.test().Helper()
	c := s.Credentials()
	signer, err := auth.NewSigner(c.Account().MchID, c.Account().SerialNo, wire.MerchantKey(c), opts...)
	if err != nil {
		s.t.Fatal(err)
	}
	return signer
}

// Verifier returns a verifier with the keys that the merchant has in the
// sandbox's key mode, new certificates included.
func (s *Server) Verifier() *auth.Verifier {
	s.test().Helper()
	verifier, err := auth.NewVerifierFrom(signingKeys{s.ledger.Keys})
	if err != nil {
		s.t.Fatal(err)
	}
	return verifier
}

// signingKeys is an [auth.KeySource] of the keys that a sandbox signs with.
type signingKeys struct{ keys *wire.Keys }

func (s signingKeys) Key(_ context.Context, id string) (auth.Key, error) {
	key, ok := s.keys.DecryptionKey(id)
	if !ok {
		return auth.Key{}, &auth.UnknownKeyError{Serial: id}
	}
	return auth.Key{ID: id, PublicKey: &key.PublicKey}, nil
}

func (s signingKeys) PreferredID() string {
	if s.keys.Mode == KeyModePlatformCertificate {
		return s.keys.PlatformSerialNo()
	}
	return s.keys.Credentials.Account().PublicKeyID
}

// APIv3Key returns the key that decrypts the sandbox's notifications, for
// notify.New.
func (s *Server) APIv3Key() auth.APIv3Key {
	s.test().Helper()
	key, err := auth.NewAPIv3Key(s.Credentials().Account().APIv3Key())
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

// Client returns a client of the sandbox that signs and verifies. Options
// come after its own, so that they can replace them.
func (s *Server) Client(opts ...payscore.ClientOption) *payscore.Client {
	s.test().Helper()
	signer := s.Signer()
	// A round tripper of its own, so that no idle connection outlives the test.
	rt := transport.NewRoundTripper()
	s.t.Cleanup(rt.CloseIdleConnections)
	client, err := payscore.New(s.URL, append([]payscore.ClientOption{
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, s.Verifier(), transport.WithRoundTripper(rt))),
	}, opts...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}
