package transport

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/wxpayscore/payscore/apierror"
)

// answer is a body that was read. The generated client knows of Bytes, which
// spares it a copy, and package apierror of Verified.
type answer struct {
	bytes.Reader
	all      []byte
	verified bool
	refusal  *apierror.Error // nil until it is asked for
}

// emptyAnswer is one without a body, and says whether it verified. A 204, which
// most writes of partners get, takes no memory for it.
type emptyAnswer bool

func (emptyAnswer) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyAnswer) Close() error             { return nil }
func (emptyAnswer) Bytes() []byte            { return nil }
func (a emptyAnswer) Verified() bool         { return bool(a) }

func newAnswer(b []byte, verified bool) io.ReadCloser {
	if len(b) == 0 {
		return emptyAnswer(verified)
	}
	a := &answer{all: b, verified: verified}
	a.Reset(b)
	return a
}

// Verified reports whether the answer bore a signature that verified.
func (a *answer) Verified() bool { return a.verified }

// Bytes returns what is left to be read.
func (a *answer) Bytes() []byte { return a.all[len(a.all)-a.Len():] }

// Close does nothing: what came over the wire was closed.
func (*answer) Close() error { return nil }

// readAnswer reads a body to its end, of limit bytes at most, into one piece
// of memory when the length is known.
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
