package deliver

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestRemoteAddresses(t *testing.T) {
	open := newSender()
	open.limits.Remote = true
	if _, err := open.address("https://api.test.com/a"); err != nil {
		t.Error(err)
	}
	if to, err := open.address("ftp://api.test.com"); err == nil {
		t.Errorf("sends to %s", to)
	}
}

func FuzzNotifyURL(f *testing.F) {
	for _, s := range []string{"http://localhost", "http://a.localhost:1", "https://[::1]:443/x?y", "http://127.1", "http://127.0.0.1@evil", "http://%00", "http://[::ffff:127.0.0.1]", "http://localhost#@evil"} {
		f.Add(s)
	}
	c := newSender()
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := c.address(s); err != nil {
			return
		}
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.ToLower(u.Hostname())
		ip, err := netip.ParseAddr(name)
		if name != "localhost" && !strings.HasSuffix(name, ".localhost") && (err != nil || !ip.Unmap().IsLoopback()) {
			t.Errorf("sends to %q", name)
		}
	})
}
