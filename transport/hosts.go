package transport

import (
	"fmt"
	"net/http"
	"net/url"
)

// WithBackupHosts sets the hosts that stand in for the one that a request
// names, one after the other, when that cannot be reached or does not answer:
// a failure of DNS, of the connection or of TLS, never a status. Each is a URL
// of scheme and host, such as payscore.BackupServer. Path, query and body stay
// as they are, so a signature is valid on each of them. There is none by
// default, and the next call begins with the named host again.
func WithBackupHosts(servers ...string) Option {
	return func(c *Client) {
		c.backups = nil
		for i, s := range servers {
			u, err := url.Parse(s)
			if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
				u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
				// It may hold a password, so it is not shown.
				c.refuse("backup host %d is not a URL of scheme and host", i+1)
				return
			}
			c.backups = append(c.backups, u)
		}
	}
}

// next is req once more, with the same bytes and a new signature, for the host
// with this number. 0 is the one that req names.
func (c *Client) next(req *http.Request, host int) (*http.Request, error) {
	// net/http may still be reading the last one, so nothing of it is changed.
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, fmt.Errorf("read the body again: %w", err)
		}
		again.Body = body
	}
	if n := host % (len(c.backups) + 1); n > 0 {
		to := c.backups[n-1]
		again.URL.Scheme, again.URL.Host, again.Host = to.Scheme, to.Host, to.Host
	}
	if err := c.signer.Sign(again.Context(), again); err != nil {
		if again.Body != nil {
			_ = again.Body.Close()
		}
		return nil, err
	}
	return again, nil
}
