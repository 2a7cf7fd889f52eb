package transport

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// answer is a body that was read and verified. Who knows of Bytes, as the
// generated client does, is spared a copy.
type answer struct {
	bytes.Reader
	all []byte
}

func newAnswer(b []byte) io.ReadCloser {
	if len(b) == 0 {
		return http.NoBody
	}
	a := &answer{all: b}
	a.Reset(b)
	return a
}

// Bytes returns what is left to be read.
func (a *answer) Bytes() []byte { return a.all[len(a.all)-a.Len():] }

// Close does nothing: what came over the wire was closed.
func (*answer) Close() error { return nil }

// readAnswer reads a body to its end, of limit bytes at most, into one piece
// of memory when the length was told.
func readAnswer(rsp *http.Response, limit int64) ([]byte, error) {
	// In which the end is found without growing, unless the length is a boast.
	room := min(rsp.ContentLength, limit, DefaultMaxAnswer) + 1
	if rsp.ContentLength < 0 {
		room = 512
	}
	for b := make([]byte, 0, room); ; {
		n, err := rsp.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return b[:limit], fmt.Errorf("over %d bytes", limit)
		case err == io.EOF:
			return b, nil
		case err != nil:
			return b, err
		case len(b) == cap(b):
			b = slices.Grow(b, 512)
		}
	}
}
