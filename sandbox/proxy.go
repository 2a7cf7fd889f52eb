package sandbox

import (
	"net"

	"github.com/wxpayscore/payscore/sandbox/internal/proxy"
)

// NewProxyListener returns a listener that is an HTTPS proxy for clients with a
// hard-coded host: a CONNECT to port 443 of one of WeChat Pay's hosts becomes a
// connection to the server. Anything else is refused with one line, and nothing is
// dialled. Serve it with ServeTLS of a server of [NewHTTPServer], and name it by
// [WithListener]. Clients trust the CertPool of the sandbox's [Credentials]. It
// panics without a listener.
func NewProxyListener(l net.Listener) net.Listener {
	if l == nil {
		panic("sandbox: NewProxyListener needs a listener")
	}
	return proxy.Listener{Listener: l}
}
