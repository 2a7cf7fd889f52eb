package hostile

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2conn is a connection whose frames are written by hand.
type h2conn struct {
	*server
	raw  *net.TCPConn
	conn net.Conn

	mu      sync.Mutex // of what is written
	framer  *http2.Framer
	encoded bytes.Buffer
	encoder *hpack.Encoder
}

// stream is one faulty request over HTTP/2.
type stream struct {
	*h2conn
	id     uint32
	method string
	closes bool // the connection ends with the fault
}

// frames writes frames one after the other, with nothing between them.
func (c *h2conn) frames(write func(f *http2.Framer)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	write(c.framer)
}

// block encodes headers, of which pseudo fields have a colon.
func (c *h2conn) block(fields ...string) []byte {
	c.encoded.Reset()
	for i := 0; i+1 < len(fields); i += 2 {
		_ = c.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return bytes.Clone(c.encoded.Bytes())
}

func fieldsOf(r reply) []string {
	fields := []string{":status", strconv.Itoa(r.status)}
	for _, h := range r.header {
		fields = append(fields, strings.ToLower(h[0]), h[1])
	}
	return fields
}

// head writes the headers of a reply. Those that take more than a frame are continued.
func (s *stream) head(r reply, end bool) { s.headFields(end, fieldsOf(r)...) }

func (s *stream) headFields(end bool, fields ...string) {
	s.frames(func(f *http2.Framer) {
		const most = 16384
		block := s.block(fields...)
		first := block[:min(most, len(block))]
		rest := block[len(first):]
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: first, EndStream: end, EndHeaders: len(rest) == 0})
		for len(rest) > 0 {
			part := rest[:min(most, len(rest))]
			rest = rest[len(part):]
			_ = f.WriteContinuation(s.id, len(rest) == 0, part)
		}
	})
}

func (s *stream) data(body string, end bool) {
	s.frames(func(f *http2.Framer) {
		const most = 16384
		for len(body) > most {
			_ = f.WriteData(s.id, false, []byte(body[:most]))
			body = body[most:]
		}
		_ = f.WriteData(s.id, end, []byte(body))
	})
}

func (s *stream) reply(r reply) {
	s.head(r, r.body == "")
	if r.body != "" {
		s.data(r.body, true)
	}
}

func (s *stream) success() reply { return s.truth.success(s.method) }

func (s *stream) rst(code http2.ErrCode) {
	s.frames(func(f *http2.Framer) { _ = f.WriteRSTStream(s.id, code) })
}

func (s *stream) goAway(last uint32, code http2.ErrCode) {
	s.frames(func(f *http2.Framer) { _ = f.WriteGoAway(last, code, nil) })
}

// bytes writes what is no frame, or a broken one.
func (s *stream) bytes(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.conn, text)
}

// serveHTTP2 reads frames and answers each request where its last one comes.
func serveHTTP2(s *server, raw *net.TCPConn) {
	conn := tls.Server(raw, s.tls)
	if conn.Handshake() != nil {
		return
	}
	if p := conn.ConnectionState().NegotiatedProtocol; p != http2.NextProtoTLS {
		s.truth.mu.Lock()
		s.spoke = "HTTP/1.1 " + p
		s.truth.mu.Unlock()
		return
	}
	br := bufio.NewReader(conn)
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(br, preface); err != nil || string(preface) != http2.ClientPreface {
		return
	}
	c := &h2conn{server: s, raw: raw, conn: conn, framer: http2.NewFramer(conn, br)}
	c.framer.AllowIllegalWrites = true
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.encoder = hpack.NewEncoder(&c.encoded)
	if s.kind.setup != nil {
		s.kind.setup(c)
	} else {
		c.frames(func(f *http2.Framer) { _ = f.WriteSettings() })
	}
	open := map[uint32]string{} // the method of each request that has not ended
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				c.frames(func(f *http2.Framer) { _ = f.WriteSettingsAck() })
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				c.frames(func(w *http2.Framer) { _ = w.WritePing(true, f.Data) })
			}
		case *http2.MetaHeadersFrame:
			method, authorization := f.PseudoValue("method"), ""
			for _, h := range f.RegularFields() {
				if h.Name == "authorization" {
					authorization = h.Value
				}
			}
			s.arrive(authorization)
			open[f.StreamID] = method
			if (s.kind.at == headers || f.StreamEnded()) && !c.answer(f.StreamID, open, f.StreamEnded()) {
				return
			}
		case *http2.DataFrame:
			if f.StreamEnded() && !c.answer(f.StreamID, open, true) {
				return
			}
		}
	}
}

// answer answers a request, unless it has its answer, and reports whether the
// connection goes on. An honest answer waits for the end of the request.
func (c *h2conn) answer(id uint32, open map[uint32]string, ended bool) bool {
	method, ok := open[id]
	if !ok {
		return true
	}
	x := &stream{h2conn: c, id: id, method: method}
	switch {
	case c.faulty(method):
		delete(open, id)
		if c.isGone() {
			c.only(c.raw)
		}
		c.kind.http2(x)
		if x.closes || c.isGone() {
			c.hangUp()
			return false
		}
	case ended:
		delete(open, id)
		x.reply(c.server.answer(method))
	}
	return true
}
