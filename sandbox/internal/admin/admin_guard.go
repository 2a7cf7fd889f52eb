package admin

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// guardHeaders tells browsers to run nothing but the console's own files, to
// show it in no other site's frame and to let no other site read it.
func guardHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// guard refuses what a page of another site could have sent. Such a page can
// reach a loopback port, by its number or by a name of its own that it points
// there; it cannot choose Host, Origin and Sec-Fetch-Site, nor send JSON
// without asking first, and nobody answers that.
func (a *Handler) guard(r *http.Request) error {
	forbidden := func(message string) error { return &problem{http.StatusForbidden, "FORBIDDEN", message} }
	if !a.knowsHost(r) {
		return forbidden("the Host is neither loopback nor one that the sandbox was told (--admin-host)")
	}
	if origins := r.Header.Values("Origin"); len(origins) > 1 || len(origins) == 1 && !sameOrigin(origins[0], r) {
		return forbidden("the Origin is another one")
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		// A link to the console may stand anywhere: it shows, and does, nothing by itself.
		if r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.URL.Path != Root {
			return forbidden("it comes from a page of another site")
		}
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodDelete:
	case http.MethodPost:
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return &problem{http.StatusUnsupportedMediaType, "UNSUPPORTED", "the content type of a POST is application/json"}
		}
	default:
		return &problem{http.StatusMethodNotAllowed, "UNSUPPORTED", "the method is not allowed"}
	}
	return nil
}

// knowsHost takes loopback, the address that the connection came to, and the
// names that it was given.
func (a *Handler) knowsHost(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if slices.ContainsFunc(a.hosts, func(known string) bool { return strings.EqualFold(known, host) }) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if addr.Unmap().IsLoopback() {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.AddrPort().Addr().Unmap() == addr.Unmap()
}

// sameOrigin says whether a browser sent the request from the page that this
// host serves. A sandbox behind a proxy may be reached by https.
func sameOrigin(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host)
}
