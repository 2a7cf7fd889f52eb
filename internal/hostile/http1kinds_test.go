package hostile

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

// gateways are the statuses that gateways, proxies and load balancers answer.
// None of them is a refusal of WeChat Pay's when it comes unsigned.
var gateways = []int{300, 301, 302, 303, 304, 307, 308,
	400, 401, 403, 404, 405, 408, 409, 410, 411, 413, 421, 422, 425, 426, 429, 431, 444, 451, 494, 499,
	500, 501, 502, 503, 504, 520, 522, 530, 599}

// page sends r to every request.
func page(name string, r reply, want verdict, fates string) *kind {
	return &kind{name: name, want: want, fates: fates,
		http1: func(x *exchange) { x.reply(r) }, http2: func(x *stream) { x.reply(r) }}
}

// altered sends the documented success, changed.
func altered(name string, want verdict, fates string, change func(reply) reply) *kind {
	return &kind{name: name, want: want, fates: fates,
		http1: func(x *exchange) { x.reply(change(x.success())) }, http2: func(x *stream) { x.reply(change(x.success())) }}
}

// pages are answers that are whole, over HTTP/1.1 and HTTP/2.
func pages() []*kind {
	var out []*kind
	for _, status := range gateways {
		out = append(out, page(fmt.Sprintf("%d with a page", status), plain(status, html), unknown, ""))
	}
	for _, status := range []int{400, 401, 403, 404, 408, 429, 499, 500, 502, 503, 504} {
		out = append(out, page(fmt.Sprintf("%d without a body", status), plain(status, ""), unknown, ""))
	}
	for _, status := range []int{400, 403, 404, 405, 408, 409, 413, 422, 499} {
		out = append(out, page(fmt.Sprintf("%d with unsigned JSON", status), plain(status, refusal), unknown, ""))
	}
	for _, status := range []int{500, 502, 503, 504} {
		out = append(out, page(fmt.Sprintf("%d with unsigned JSON", status), plain(status, sysErr), unknown, ""),
			page(fmt.Sprintf("%d signed", status), plain(status, sysErr).signed(), unknown, ""))
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		out = append(out, page(fmt.Sprintf("%d to itself", status), plain(status, html, "Location", "?"), unknown, ""),
			page(fmt.Sprintf("%d to another host", status), plain(status, html, "Location", "http://127.0.0.1:1/"), unknown, ""))
	}
	for _, status := range []int{400, 403, 404} {
		out = append(out, page(fmt.Sprintf("%d signed", status), plain(status, refusal).signed(), refused, "n"),
			page(fmt.Sprintf("%d signed by nobody", status), plain(status, refusal).signedBy(keys().stranger, serial, time.Now(), refusal), unknown, ""),
			page(fmt.Sprintf("%d with the signature of another body", status), plain(status, refusal).signedBy(keys().wechatpay, serial, time.Now(), "{}"), unknown, ""))
	}
	ofMerchant := func(r reply) reply { return r.signedBy(keys().merchant, merchantSerial, time.Now(), r.body) }
	return append(out,
		page("429 signed", plain(429, tooOften).signed(), refused, "n"),
		page("429 with unsigned JSON", plain(429, tooOften), unknown, ""),
		page("401 SIGN_ERROR unsigned", plain(401, signErr), refused, "n"),
		page("401 SIGN_ERROR, its signature wrong", plain(401, signErr).signedBy(keys().stranger, serial, time.Now(), signErr), unknown, ""),
		page("401 with another code", plain(401, refusal), unknown, ""),
		page("503 with Retry-After 0", plain(503, html, "Retry-After", "0"), unknown, ""),
		page("503 with Retry-After 3600", plain(503, html, "Retry-After", "3600"), unknown, ""),
		page("429 with Retry-After 0", plain(429, html, "Retry-After", "0"), unknown, ""),
		page("202 signed", plain(202, "").signed(), unknown, ""),
		page("202 unsigned", plain(202, ""), unknown, ""),
		page("206 unsigned", plain(206, html), unknown, ""),
		page("200 with a page", plain(200, html), unknown, ""),
		page("200 null unsigned", plain(200, "null"), unknown, ""),
		page("a body over the limit", plain(500, strings.Repeat("MARKER", 180_000)), unknown, ""),
		altered("success", carriedOut, "c", reply.signed),
		altered("success unsigned", unknown, "", func(r reply) reply { return r }),
		altered("success signed by nobody", unknown, "", func(r reply) reply { return r.signedBy(keys().stranger, serial, time.Now(), r.body) }),
		altered("success signed with the merchant's key", unknown, "", ofMerchant),
		altered("success signed with the merchant's key and WeChat Pay's serial", unknown, "", func(r reply) reply {
			return r.signedBy(keys().merchant, serial, time.Now(), r.body)
		}),
		altered("success with the signature of another body", unknown, "", func(r reply) reply {
			return r.signedBy(keys().wechatpay, serial, time.Now(), r.body+" ")
		}),
		altered("success of ten minutes ago", unknown, "", func(r reply) reply {
			return r.signedBy(keys().wechatpay, serial, time.Now().Add(-10*time.Minute), r.body)
		}),
		altered("success of the future", unknown, "", func(r reply) reply {
			return r.signedBy(keys().wechatpay, serial, time.Now().Add(10*time.Minute), r.body)
		}),
		altered("success with an unknown serial", unknown, "", func(r reply) reply {
			return r.signedBy(keys().wechatpay, "PUB_KEY_ID_0119000000012099", time.Now(), r.body)
		}),
		altered("success with two signatures, the first wrong", unknown, "", func(r reply) reply {
			right := r.signed()
			wrong := r.signedBy(keys().stranger, serial, time.Now(), r.body)
			for _, h := range right.header {
				if strings.HasPrefix(h[0], "Wechatpay-") {
					wrong.header = append(wrong.header, h)
				}
			}
			return wrong
		}),
		altered("success with a probe's signature", unknown, "", func(r reply) reply {
			return r.signed().with("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+rSignature(r))
		}),
		altered("success with a signature that is no base64", unknown, "", func(r reply) reply {
			return r.signed().with("Wechatpay-Signature", "%%%")
		}),
		altered("success without the timestamp", unknown, "", func(r reply) reply { return without(r.signed(), auth.HeaderTimestamp) }),
		altered("success without the nonce", unknown, "", func(r reply) reply { return without(r.signed(), auth.HeaderNonce) }),
		altered("success with another algorithm", unknown, "", func(r reply) reply {
			return r.signed().with("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3")
		}),
		altered("success with a page, its signature the success's", unknown, "", func(r reply) reply {
			s := r.signed()
			s.status, s.body = 200, html
			return s
		}),
		altered("success with headers of 600 kB", "", "c", func(r reply) reply { return r.signed().with("X-Long", strings.Repeat("a", 600_000)) }),
		&kind{name: "a signed answer about another order", fates: "n",
			http1: func(x *exchange) { x.reply(anotherOrder(x.server, x.method)) },
			http2: func(x *stream) { x.reply(anotherOrder(x.server, x.method)) }},
		&kind{name: "no answer", stalls: true, http1: func(x *exchange) { x.stall() }, http2: func(*stream) {}},
	)
}

func rSignature(r reply) string { return r.signed().get("Wechatpay-Signature") }

func without(r reply, name string) reply {
	out := r
	out.header = nil
	for _, h := range r.header {
		if h[0] != name {
			out.header = append(out.header, h)
		}
	}
	return out
}

// anotherOrder is an answer of WeChat Pay's to another request. A 204 does
// not tell, so the partner's writes get a signed refusal.
func anotherOrder(s *server, method string) reply {
	if method != "GET" && s.op.status == 204 {
		return plain(400, refusal).signed()
	}
	is := s.op.after
	if method == "GET" {
		is = s.op.before
	}
	return plain(200, s.op.order("ANOTHER_ORDER", is)).signed()
}

// http1Kinds are what a server can do over HTTP/1.1 alone.
func http1Kinds() []*kind {
	unsure := func(name string, do func(x *exchange)) *kind { return &kind{name: name, http1: do, want: unknown} }
	stall := func(name string, do func(x *exchange)) *kind { return &kind{name: name, stalls: true, http1: do} }
	head := func(name string, do func(x *exchange)) *kind { return &kind{name: name, at: headers, http1: do} }
	conn := func(name string, do func(x *exchange)) *kind {
		return &kind{name: name, at: nothing, fates: "n", blind: true, unsettled: true, http1: do}
	}
	raw := func(name, text string) *kind { return unsure(name, func(x *exchange) { x.write(text) }) }
	kinds := []*kind{
		conn("closes at once", func(*exchange) {}),
		conn("resets at once", (*exchange).reset),
		conn("answers 400 before anything was sent", func(x *exchange) { x.write(plain(400, html).text()) }),
		conn("sends garbage before anything was sent", func(x *exchange) { x.write("220 smtp.example.com ESMTP\r\n") }),
		conn("answers a signed refusal before anything was sent", func(x *exchange) { x.write(plain(400, refusal).signed().text()) }),

		head("closes after the headers", func(*exchange) {}),
		head("resets after the headers", (*exchange).reset),
		head("answers 413 before the body", func(x *exchange) { x.write(plain(413, html, "Connection", "close").text()) }),
		head("answers 400 before the body, signed by nobody", func(x *exchange) {
			x.write(plain(400, refusal).signedBy(keys().stranger, serial, time.Now(), refusal).text())
		}),
		head("answers 500 before the body and goes on", func(x *exchange) {
			x.write(plain(500, html).text())
			_, _ = io.Copy(io.Discard, x.req.Body)
			x.keep = true
		}),
		head("closes in the middle of the body", func(x *exchange) { _, _ = io.CopyN(io.Discard, x.req.Body, 10) }),
		head("resets in the middle of the body", func(x *exchange) { _, _ = io.CopyN(io.Discard, x.req.Body, 10); x.reset() }),

		unsure("closes after reading", func(*exchange) {}),
		unsure("resets after reading", (*exchange).reset),
		unsure("closes its half", func(x *exchange) { _ = x.raw.CloseWrite(); x.stall() }),
		raw("half a status line", "HTTP/1.1 20"),
		raw("half of the headers", "HTTP/1.1 204 No Content\r\nWechatpay-Sig"),
		raw("no empty line after the headers", "HTTP/1.1 204 No Content\r\nWechatpay-Signature: x\r\n"),
		raw("HTTP/0.9", "carried out"),
		raw("HTTP/1.0 without a length", "HTTP/1.0 200 OK\r\n\r\n{}"),
		raw("HTTP/2.0 in its status line", "HTTP/2.0 204 No Content\r\n\r\n"),
		raw("HTTP/3.7 in its status line", "HTTP/3.7 204 No Content\r\n\r\n"),
		raw("an empty status", "HTTP/1.1  \r\n\r\n"),
		raw("a negative status", "HTTP/1.1 -20 X\r\n\r\n"),
		raw("status 000", "HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n"),
		raw("status 099", "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n"),
		raw("status 600", "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n"),
		raw("status 999", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"),
		raw("101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
		raw("101 without an upgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
		raw("100 and nothing more", "HTTP/1.1 100 Continue\r\n\r\n"),
		raw("102 and nothing more", "HTTP/1.1 102 Processing\r\n\r\n"),
		raw("a flood of 100", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 2000)),
		raw("a flood of 103", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 2000)),
		raw("NUL bytes", strings.Repeat("\x00", 4096)),
		raw("NUL bytes in a header", "HTTP/1.1 400 Bad\r\nX: \x00\x00\r\nContent-Length: 0\r\n\r\n"),
		raw("a header without a colon", "HTTP/1.1 400 Bad\r\nX\r\nContent-Length: 0\r\n\r\n"),
		raw("a blank before the colon", "HTTP/1.1 400 Bad\r\nX : y\r\nContent-Length: 0\r\n\r\n"),
		raw("two lengths", "HTTP/1.1 400 Bad\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
		raw("a negative length", "HTTP/1.1 400 Bad\r\nContent-Length: -1\r\n\r\n{}"),
		raw("a length and chunks", "HTTP/1.1 400 Bad\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		raw("an unknown transfer coding", "HTTP/1.1 400 Bad\r\nTransfer-Encoding: wechat\r\n\r\n{}"),
		raw("a broken chunk size", "HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
		raw("a chunk cut off", "HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}"),
		raw("broken gzip", "HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"),
		raw("a TLS record", "\x15\x03\x01\x00\x02\x02\x28"),
		raw("frames of HTTP/2", "\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x04\x03\x00\x00\x00\x01\x00\x00\x00\x07"),
		raw("2 MB of headers", "HTTP/1.1 204 No Content\r\n"+strings.Repeat("X-Long: "+strings.Repeat("a", 1000)+"\r\n", 2000)+"\r\n"),
		raw("headers without an end", "HTTP/1.1 204 No Content\r\nX-Long: "+strings.Repeat("a", 2_000_000)),
		unsure("success, its length too long", func(x *exchange) {
			r := x.success().signed()
			x.write(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", strings.Replace(r.head(), " 204 ", " 200 ", 1), len(r.body)+5, r.body))
		}),
		unsure("success, its length too short", func(x *exchange) {
			r := plain(200, x.op.order(x.no, x.op.before)).signed()
			x.write(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", r.head(), len(r.body)-5, r.body))
		}),
		unsure("success of 200, cut off in a chunk", func(x *exchange) {
			r := plain(200, x.op.order(x.no, x.op.before)).signed()
			x.write(fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", r.head(), len(r.body), r.body[:len(r.body)-5]))
		}),
		unsure("success of 200, broken gzip", func(x *exchange) {
			r := plain(200, x.op.order(x.no, x.op.before)).signed()
			x.write(r.with("Content-Encoding", "gzip").text())
		}),
		unsure("a signed refusal, cut off", func(x *exchange) {
			r := plain(400, refusal).signed()
			x.write(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", r.head(), len(r.body)+1, r.body))
		}),
		unsure("a page, cut off", func(x *exchange) {
			x.write(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", plain(404, html).head(), len(html)+1, html))
		}),
		{name: "a 204 with a body", fates: "c", http1: func(x *exchange) {
			x.write(plain(204, "").signed().head() + "Content-Length: 2\r\n\r\n{}")
		}},
		{name: "success and a second answer", fates: "c", want: carriedOut, http1: func(x *exchange) {
			x.write(x.success().signed().text() + plain(400, refusal).signed().text())
		}},
		{name: "success after a flood of 100", fates: "c", want: carriedOut, http1: func(x *exchange) {
			x.write(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 4))
			x.reply(x.success().signed())
		}},
		{name: "success, a byte at a time", fates: "c", want: carriedOut, http1: func(x *exchange) {
			text := x.success().signed().text()
			for i := range len(text) {
				x.write(text[i : i+1])
			}
		}},
		{name: "success, then a reset", fates: "c", http1: func(x *exchange) { x.write(x.success().signed().text()); x.reset() }},
		{name: "success before the body is read", fates: "c", at: headers, http1: func(x *exchange) { x.write(x.success().signed().text()) }},
		unsure("500 and a second answer, a refusal", func(x *exchange) {
			x.write(plain(500, html).text() + plain(400, refusal).text())
			x.keep = true
		}),
		stall("half a status line and nothing more", func(x *exchange) { x.write("HTTP/1.1 20"); x.stall() }),
		stall("headers and no body", func(x *exchange) { x.write(plain(400, refusal).head() + "Content-Length: 100\r\n\r\n"); x.stall() }),
		stall("a signed refusal without its end", func(x *exchange) {
			r := plain(400, refusal).signed()
			x.write(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", r.head(), len(r.body)+1, r.body))
			x.stall()
		}),
		stall("a page without its end", func(x *exchange) {
			x.write(plain(404, html).head() + "Content-Length: 9999\r\n\r\n" + html)
			x.stall()
		}),
		stall("a slow drip", func(x *exchange) {
			for _, b := range []byte(plain(404, html).text()) {
				if _, err := x.conn.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}),
		stall("an answer after the timeout", func(x *exchange) {
			time.Sleep(2 * shortTimeout)
			x.write(plain(400, refusal).signed().text())
		}),
		{name: "no answer, the body unread", at: headers, stalls: true, http1: (*exchange).stall},
	}
	// The rest are answers that were on the connection before the request.
	// What is unsolicited must not pass for the answer.
	unsolicited := func(name string, r func() reply) *kind {
		return &kind{name: name, fates: "n", blind: true, http1: func(x *exchange) { x.reply(x.truth.success(x.method)) },
			afterHonest: func(x *exchange) {
				x.write(r().text())
			}}
	}
	return append(kinds,
		unsolicited("an unsolicited page on a kept connection", func() reply { return plain(404, html) }),
		unsolicited("an unsolicited 408 on a kept connection", func() reply { return plain(408, html, "Connection", "close") }),
		&kind{name: "closes each connection after its first answer", fates: "n", blind: true, http1: func(*exchange) {},
			afterHonest: func(x *exchange) { _ = x.conn.Close() }},
		&kind{name: "resets each connection after its first answer", fates: "n", blind: true, http1: func(*exchange) {},
			afterHonest: (*exchange).reset},
		&kind{name: "closes a kept connection as the next request arrives", fates: "n", blind: true, http1: func(*exchange) {},
			afterHonest: func(x *exchange) { _, _ = x.br.Peek(1); _ = x.conn.Close() }},
	)
}
