package hostile

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/net/http2"
)

// codes are the error codes of RFC 9113, and one that there is not.
var codes = []http2.ErrCode{
	http2.ErrCodeNo, http2.ErrCodeProtocol, http2.ErrCodeInternal, http2.ErrCodeFlowControl, http2.ErrCodeSettingsTimeout,
	http2.ErrCodeStreamClosed, http2.ErrCodeFrameSize, http2.ErrCodeRefusedStream, http2.ErrCodeCancel, http2.ErrCodeCompression,
	http2.ErrCodeConnect, http2.ErrCodeEnhanceYourCalm, http2.ErrCodeInadequateSecurity, http2.ErrCodeHTTP11Required, 0xfe,
}

// anyFrame is a frame that need not be one.
func anyFrame(length int, kind http2.FrameType, flags http2.Flags, id uint32, payload string) string {
	head := []byte{byte(length >> 16), byte(length >> 8), byte(length), byte(kind), byte(flags)}
	return string(binary.BigEndian.AppendUint32(head, id)) + payload
}

// http2Kinds are what a server can do over HTTP/2 alone.
func http2Kinds() []*kind {
	h2 := func(name string, do func(x *stream)) *kind { return &kind{name: name, http2: do} }
	closing := func(name string, do func(x *stream)) *kind {
		return &kind{name: name, http2: func(x *stream) { do(x); x.closes = true }}
	}
	stall := func(name string, do func(x *stream)) *kind { return &kind{name: name, stalls: true, http2: do} }
	ok := func(name string, do func(x *stream)) *kind {
		return &kind{name: name, fates: "c", want: carriedOut, http2: do}
	}
	var kinds []*kind
	add := func(more ...*kind) { kinds = append(kinds, more...) }

	for _, code := range codes {
		add(h2(fmt.Sprintf("RST_STREAM %v", code), func(x *stream) { x.rst(code) }),
			&kind{name: fmt.Sprintf("RST_STREAM %v before the body", code), at: headers, http2: func(x *stream) { x.rst(code) }})
	}
	for _, code := range []http2.ErrCode{http2.ErrCodeNo, http2.ErrCodeProtocol, http2.ErrCodeInternal, http2.ErrCodeRefusedStream, http2.ErrCodeCancel} {
		add(closing(fmt.Sprintf("RST_STREAM %v, then closed", code), func(x *stream) { x.rst(code) }),
			h2(fmt.Sprintf("RST_STREAM %v after a page's headers", code), func(x *stream) {
				x.head(plain(404, html), false)
				x.rst(code)
			}),
			h2(fmt.Sprintf("RST_STREAM %v in the middle of the answer", code), func(x *stream) {
				r := plain(200, x.op.order(x.no, x.op.before)).signed()
				x.head(r, false)
				x.data(r.body[:len(r.body)/2], false)
				x.rst(code)
			}),
		)
	}
	for _, code := range []http2.ErrCode{http2.ErrCodeNo, http2.ErrCodeProtocol, http2.ErrCodeRefusedStream, http2.ErrCodeEnhanceYourCalm} {
		for _, last := range []struct {
			name string
			of   func(id uint32) uint32
		}{
			{"below", func(id uint32) uint32 { return id - 1 }},
			{"at", func(id uint32) uint32 { return id }},
			{"above", func(uint32) uint32 { return 1<<31 - 1 }},
		} {
			name := fmt.Sprintf("GOAWAY %v, last stream %s", code, last.name)
			add(closing(name+", closed", func(x *stream) { x.goAway(last.of(x.id), code) }),
				stall(name+", kept", func(x *stream) { x.goAway(last.of(x.id), code) }),
				h2(name+", then an unsigned page", func(x *stream) { x.goAway(last.of(x.id), code); x.reply(plain(404, html)) }))
		}
	}
	pseudo := func(name string, fields ...string) *kind {
		return h2(name, func(x *stream) { x.headFields(true, fields...) })
	}
	early := func(name string, setup func(c *h2conn)) *kind {
		return &kind{name: name, fates: "n", stalls: true, blind: true, unsettled: true, http2: func(*stream) {}, setup: setup}
	}
	broken := func(name string, text func(id uint32) string) *kind {
		return h2(name, func(x *stream) { x.bytes(text(x.id)) })
	}
	add(
		closing("closes", func(*stream) {}),
		closing("resets the connection", func(x *stream) { _ = x.raw.SetLinger(0); _ = x.raw.Close() }),
		&kind{name: "closes before the body", at: headers, http2: func(x *stream) { x.closes = true }},
		closing("closes after the headers of a page", func(x *stream) { x.head(plain(404, html), false) }),
		closing("closes in the middle of a frame", func(x *stream) { x.bytes(anyFrame(100, http2.FrameHeaders, http2.FlagHeadersEndHeaders, x.id, "\x88")) }),
		closing("GOAWAY twice, closed", func(x *stream) { x.goAway(1<<31-1, http2.ErrCodeNo); x.goAway(x.id-1, http2.ErrCodeNo) }),
		stall("GOAWAY twice, kept", func(x *stream) { x.goAway(1<<31-1, http2.ErrCodeNo); x.goAway(x.id-1, http2.ErrCodeNo) }),
		stall("GOAWAY twice, the second higher", func(x *stream) { x.goAway(x.id-1, http2.ErrCodeNo); x.goAway(x.id, http2.ErrCodeNo) }),
		ok("GOAWAY after success", func(x *stream) { x.reply(x.success().signed()); x.goAway(x.id, http2.ErrCodeNo) }),
		ok("GOAWAY, then success", func(x *stream) { x.goAway(x.id, http2.ErrCodeNo); x.reply(x.success().signed()) }),
		ok("GOAWAY above, then success", func(x *stream) { x.goAway(1<<31-1, http2.ErrCodeNo); x.reply(x.success().signed()) }),
		ok("success, then RST_STREAM NO_ERROR", func(x *stream) { x.reply(x.success().signed()); x.rst(http2.ErrCodeNo) }),
		&kind{name: "success before the body", at: headers, fates: "c", http2: func(x *stream) { x.reply(x.success().signed()); x.rst(http2.ErrCodeNo) }},
		&kind{name: "an unsigned page before the body, then RST_STREAM NO_ERROR", at: headers, http2: func(x *stream) { x.reply(plain(413, html)); x.rst(http2.ErrCodeNo) }},
		ok("success, a byte in each frame", func(x *stream) {
			r := x.success().signed()
			x.head(r, r.body == "")
			for i := range len(r.body) {
				x.data(r.body[i:i+1], i == len(r.body)-1)
			}
		}),
		ok("success after 103", func(x *stream) {
			x.headFields(false, ":status", "103", "link", "</x>")
			x.reply(x.success().signed())
		}),
		h2("a late success after RST_STREAM PROTOCOL_ERROR", func(x *stream) { x.rst(http2.ErrCodeProtocol); x.reply(x.success().signed()) }).of("c"),
		h2("a late refusal after RST_STREAM CANCEL", func(x *stream) { x.rst(http2.ErrCodeCancel); x.reply(plain(400, refusal).signed()) }),
		h2("a late page after RST_STREAM REFUSED_STREAM", func(x *stream) { x.rst(http2.ErrCodeRefusedStream); x.reply(plain(404, html)) }),
		stall("an answer after the timeout", func(x *stream) {
			x.wg.Go(func() { time.Sleep(2 * shortTimeout); x.reply(plain(400, refusal).signed()) })
		}),
		stall("half an answer", func(x *stream) {
			r := plain(200, x.op.order(x.no, x.op.before)).signed()
			x.head(r, false)
			x.data(r.body[:len(r.body)/2], false)
		}),
		stall("headers without END_STREAM", func(x *stream) { x.head(plain(404, html), false) }),
		stall("a signed refusal without END_STREAM", func(x *stream) {
			r := plain(400, refusal).signed()
			x.head(r, false)
			x.data(r.body, false)
		}),
		stall("headers without END_HEADERS", func(x *stream) {
			x.frames(func(f *http2.Framer) {
				_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: x.id, BlockFragment: x.block(":status", "404"), EndStream: true})
			})
		}),
		h2("the signature in the trailers", func(x *stream) {
			signed := x.success().signed()
			x.headFields(false, ":status", fmt.Sprint(signed.status), "trailer", "wechatpay-signature")
			if signed.body != "" {
				x.data(signed.body, false)
			}
			x.headFields(true, fieldsOf(signed)[2:]...)
		}).demands(unknown),
		h2("a signed refusal, its signature in the trailers", func(x *stream) {
			signed := plain(400, refusal).signed()
			x.headFields(false, ":status", "400")
			x.data(signed.body, false)
			x.headFields(true, fieldsOf(signed)[2:]...)
		}).demands(unknown),
		h2("trailers with a status", func(x *stream) {
			x.head(plain(404, html), false)
			x.headFields(true, ":status", "204")
		}),
		h2("trailers without an end", func(x *stream) {
			x.head(plain(404, html), false)
			x.headFields(false, "x", "y")
			x.headFields(true, "x", "z")
		}),
		h2("PUSH_PROMISE", func(x *stream) {
			x.frames(func(f *http2.Framer) {
				_ = f.WritePushPromise(http2.PushPromiseParam{StreamID: x.id, PromiseID: 2, EndHeaders: true,
					BlockFragment: x.block(":method", "POST", ":scheme", "https", ":authority", "127.0.0.1", ":path", "/v3/payscore")})
			})
			x.reply(plain(404, html))
		}),
		h2("PUSH_PROMISE and a pushed success", func(x *stream) {
			x.frames(func(f *http2.Framer) {
				_ = f.WritePushPromise(http2.PushPromiseParam{StreamID: x.id, PromiseID: 2, EndHeaders: true,
					BlockFragment: x.block(":method", "POST", ":scheme", "https", ":authority", "127.0.0.1", ":path", "/v3/payscore")})
			})
			pushed := &stream{h2conn: x.h2conn, id: 2, method: x.method}
			pushed.reply(x.success().signed())
			x.rst(http2.ErrCodeRefusedStream)
		}).of("n"),
		h2("a flood of CONTINUATION", func(x *stream) {
			x.frames(func(f *http2.Framer) {
				_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: x.id, BlockFragment: x.block(":status", "404"), EndStream: true})
				part := x.block("x-long", strings.Repeat("\x00a", 4000))
				for range 2000 {
					if f.WriteContinuation(x.id, false, part) != nil {
						return
					}
				}
			})
			x.closes = true
		}),
		closing("a flood of PING", func(x *stream) {
			x.frames(func(f *http2.Framer) {
				for i := range 2000 {
					_ = f.WritePing(false, [8]byte{byte(i)})
				}
			})
		}),
		closing("a flood of SETTINGS", func(x *stream) {
			x.frames(func(f *http2.Framer) {
				for range 1000 {
					_ = f.WriteSettings()
				}
			})
		}),
		closing("a flood of empty DATA", func(x *stream) {
			x.head(plain(404, html), false)
			for range 1000 {
				x.data("", false)
			}
		}),
		closing("a flood of 103", func(x *stream) {
			for range 200 {
				x.headFields(false, ":status", "103", "link", "</x>")
			}
		}),
		closing("101", func(x *stream) { x.headFields(false, ":status", "101") }),
		closing("101 and the end", func(x *stream) { x.headFields(true, ":status", "101") }),
		closing("100 and the end", func(x *stream) { x.headFields(true, ":status", "100") }),
		closing("DATA over the window", func(x *stream) {
			x.head(plain(404, html), false)
			x.data(strings.Repeat("MARKER..", 5<<20/8), false)
		}),
		h2("DATA longer than its length", func(x *stream) {
			x.headFields(false, ":status", "404", "content-length", "2")
			x.data(html, true)
		}),
		h2("DATA shorter than its length", func(x *stream) {
			x.headFields(false, ":status", "404", "content-length", "200")
			x.data(html, true)
		}),
		h2("a signed refusal shorter than its length", func(x *stream) {
			r := plain(400, refusal).signed()
			x.headFields(false, append(fieldsOf(r), "content-length", fmt.Sprint(len(r.body)+1))...)
			x.data(r.body, true)
		}).demands(unknown),
		pseudo("no status", "content-length", "0"),
		pseudo("a status that is no number", ":status", "abc"),
		pseudo("an empty status", ":status", ""),
		pseudo("status 000", ":status", "000"),
		pseudo("status 999", ":status", "999").demands(unknown),
		pseudo("status 20", ":status", "20"),
		pseudo("two statuses", ":status", "204", ":status", "404"),
		pseudo("a status after the headers", "x", "y", ":status", "404"),
		pseudo("a pseudo field of requests", ":status", "404", ":path", "/"),
		pseudo("an unknown pseudo field", ":status", "404", ":carried-out", "no"),
		pseudo("an upper-case name", ":status", "404", "X-Y", "z"),
		pseudo("a name with a blank", ":status", "404", "x y", "z"),
		pseudo("an empty name", ":status", "404", "", "z"),
		pseudo("NUL in a value", ":status", "404", "x", "\x00"),
		pseudo("a line break in a value", ":status", "404", "x", "a\r\nWechatpay-Signature: b"),
		pseudo("connection", ":status", "404", "connection", "close"),
		pseudo("two lengths", ":status", "404", "content-length", "1", "content-length", "2"),
		h2("DATA before the headers", func(x *stream) { x.data(html, true) }),
		h2("headers twice", func(x *stream) { x.head(plain(404, html), false); x.head(x.success().signed(), true) }).of("n"),
		broken("headers on stream 0", func(uint32) string {
			return anyFrame(1, http2.FrameHeaders, http2.FlagHeadersEndHeaders|http2.FlagHeadersEndStream, 0, "\x8d")
		}),
		broken("DATA on stream 0", func(uint32) string { return anyFrame(2, http2.FrameData, http2.FlagDataEndStream, 0, "{}") }),
		broken("RST_STREAM on stream 0", func(uint32) string { return anyFrame(4, http2.FrameRSTStream, 0, 0, "\x00\x00\x00\x07") }),
		broken("RST_STREAM of 3 bytes", func(id uint32) string { return anyFrame(3, http2.FrameRSTStream, 0, id, "\x00\x00\x07") }),
		broken("a window of no bytes more", func(id uint32) string { return anyFrame(4, http2.FrameWindowUpdate, 0, id, "\x00\x00\x00\x00") }),
		broken("a window of the connection of no bytes more", func(uint32) string { return anyFrame(4, http2.FrameWindowUpdate, 0, 0, "\x00\x00\x00\x00") }),
		// A stream's window that overflows is left out: net/http of Go 1.26 then
		// waits for a lock that it holds, and the call never ends.
		broken("a window of the connection that overflows", func(uint32) string { return anyFrame(4, http2.FrameWindowUpdate, 0, 0, "\x7f\xff\xff\xff") }),
		broken("headers that do not decode", func(id uint32) string {
			return anyFrame(2, http2.FrameHeaders, http2.FlagHeadersEndHeaders|http2.FlagHeadersEndStream, id, "\xff\xff")
		}),
		broken("a frame over the limit", func(id uint32) string {
			return anyFrame(1<<23, http2.FrameData, 0, id, strings.Repeat("a", 20000))
		}).stalling(),
		broken("padding over the frame", func(id uint32) string { return anyFrame(2, http2.FrameData, http2.FlagDataPadded, id, "\xff{") }),
		broken("a CONTINUATION of nothing", func(id uint32) string {
			return anyFrame(1, http2.FrameContinuation, http2.FlagContinuationEndHeaders, id, "\x8d")
		}),
		broken("SETTINGS of 5 bytes", func(uint32) string { return anyFrame(5, http2.FrameSettings, 0, 0, "12345") }),
		broken("SETTINGS with ENABLE_PUSH", func(uint32) string { return anyFrame(6, http2.FrameSettings, 0, 0, "\x00\x02\x00\x00\x00\x01") }).stalling(),
		broken("SETTINGS with a window that overflows", func(uint32) string {
			return anyFrame(6, http2.FrameSettings, 0, 0, "\x00\x04\xff\xff\xff\xff")
		}),
		broken("an acknowledgement of no SETTINGS", func(uint32) string { return anyFrame(0, http2.FrameSettings, http2.FlagSettingsAck, 0, "") }).stalling(),
		broken("an unknown frame", func(id uint32) string { return anyFrame(4, 0xbe, 0xff, id, "abcd") }).stalling(),
		broken("HTTP/1.1", func(uint32) string { return plain(404, html).text() }).stalling(),
		broken("garbage", func(uint32) string { return strings.Repeat("\x7f", 4096) }).stalling(),
		h2("RST_STREAM of another stream", func(x *stream) {
			x.frames(func(f *http2.Framer) { _ = f.WriteRSTStream(x.id+2, http2.ErrCodeRefusedStream) })
		}).stalling(),
		h2("SETTINGS of one stream, then RST_STREAM REFUSED_STREAM", func(x *stream) {
			x.frames(func(f *http2.Framer) {
				_ = f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
			})
			x.rst(http2.ErrCodeRefusedStream)
		}),

		early("a window of 0", func(c *h2conn) {
			c.frames(func(f *http2.Framer) { _ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}) })
		}),
		early("a window of 0, headers refused", func(c *h2conn) {
			c.frames(func(f *http2.Framer) { _ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}) })
		}).refusing(),
		early("no streams", func(c *h2conn) {
			c.frames(func(f *http2.Framer) {
				_ = f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0})
			})
		}),
		early("no SETTINGS", func(*h2conn) {}),
		early("another frame before SETTINGS", func(c *h2conn) {
			c.frames(func(f *http2.Framer) { _ = f.WritePing(false, [8]byte{}) })
		}),
		early("HTTP/1.1 after the handshake", func(c *h2conn) { _, _ = io.WriteString(c.conn, plain(400, html).text()) }),
		early("GOAWAY before the first request", func(c *h2conn) {
			c.frames(func(f *http2.Framer) { _ = f.WriteSettings(); _ = f.WriteGoAway(0, http2.ErrCodeNo, nil) })
		}),
		early("GOAWAY before the first request, closed", func(c *h2conn) {
			c.frames(func(f *http2.Framer) { _ = f.WriteSettings(); _ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, nil) })
			_ = c.conn.Close()
		}),
	)
	return kinds
}

// of narrows the fates.
func (k *kind) of(fates string) *kind { k.fates = fates; return k }

func (k *kind) demands(want verdict) *kind { k.want = want; return k }

// stalling marks a kind that ends with the client's timeout.
func (k *kind) stalling() *kind { k.stalls = true; return k }

// refusing has each request refused before its body.
func (k *kind) refusing() *kind {
	k.at, k.fates = headers, ""
	k.http2 = func(x *stream) { x.rst(http2.ErrCodeRefusedStream) }
	return k
}
