package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

const (
	// MaxBody is the most bytes that the body of a notification may have.
	MaxBody = 1 << 20

	// DefaultTimeout is how long a notification may take. WeChat Pay waits 5
	// seconds; the rest is for the way back.
	DefaultTimeout = 4500 * time.Millisecond
)

var errNoVerifier = errors.New("notify: the verifier is nil")

// Func does what a notification asks for. nil means that it is done, and WeChat
// Pay sends it no more. After an error or a panic WeChat Pay sends it again,
// about 15 times within a day, so a Func must be idempotent.
//
// ctx ends when WeChat Pay stops waiting. What takes longer should be stored and
// done afterwards. A Func that returns nil after ctx ended counts all the same:
// the repeat is acknowledged without calling it again.
//
// A Func looks at event.Err first: with one, event.Resource is nil and the
// notification is not what the contract says. To return nil then is to say that it
// is done.
//
// Funcs are called concurrently, and notifications come in any order.
type Func func(ctx context.Context, event *Event) error

// Receiver takes notifications: it verifies, decrypts, leaves out duplicates and
// calls a [Func]. It is an http.Handler, immutable and safe for concurrent use. It is
// made by [New]; the zero value answers 500. The server around it should have a ReadTimeout.
type Receiver struct {
	verifier *auth.Verifier
	keys     []auth.APIv3Key
	handle   Func
	dedup    Deduper
	timeout  time.Duration
	body     func(*http.Request) ([]byte, error)
	onError  func(error)
}

// Option changes how a Receiver works. A nil Option does nothing, and one with a
// nil argument sets the default. [New] returns an error for one that cannot be used.
type Option func(*Receiver)

// WithOldKey adds the APIv3 key from before a reset. WeChat Pay repeats for a day
// what was encrypted with it.
func WithOldKey(key auth.APIv3Key) Option {
	return func(r *Receiver) { r.keys = append(r.keys, key) }
}

// WithDeduper sets where it is remembered which notifications are done. The
// default is a NewMemory of this Receiver's own. Receivers in several processes
// need one that they share.
func WithDeduper(d Deduper) Option {
	return func(r *Receiver) { r.dedup = d }
}

// WithTimeout sets how long a notification may take; the default is
// DefaultTimeout. It must be positive. More than 5 seconds makes WeChat Pay repeat
// what was done.
func WithTimeout(d time.Duration) Option {
	return func(r *Receiver) { r.timeout = d }
}

// WithBody sets where ServeHTTP takes the raw body from, for a server whose
// middleware has read it before and keeps it in, say, the request's context. The
// bytes must be those that came over the wire: JSON that was decoded and encoded
// again does not verify. An error of body is a malformed request.
func WithBody(body func(*http.Request) ([]byte, error)) Option {
	return func(r *Receiver) { r.body = body }
}

// WithErrorFunc sets a function that gets the reason why a notification was not taken: an error of
// Open, a *FuncError, a *DeduperError, ErrInProgress, or one of reading the
// request. It also gets the Event.Err of each notification that has one, before the
// Func is called. The errors of this package and of auth hold nothing of the content.
// auth.Hints has what is known of one that does not verify.
// f may be called concurrently and must not panic.
func WithErrorFunc(f func(err error)) Option {
	return func(r *Receiver) { r.onError = f }
}

// New returns a receiver that verifies with verifier, decrypts with the APIv3 key
// and calls handle. It returns an error when one of them is missing or when an
// option is not usable.
func New(verifier *auth.Verifier, key auth.APIv3Key, handle Func, opts ...Option) (*Receiver, error) {
	r := &Receiver{verifier: verifier, keys: []auth.APIv3Key{key}, handle: handle, timeout: DefaultTimeout}
	for _, opt := range opts {
		if opt != nil {
			opt(r)
		}
	}
	if verifier == nil {
		return nil, errNoVerifier
	}
	if handle == nil {
		return nil, errors.New("notify: the function for notifications is nil")
	}
	for _, k := range r.keys {
		if k.IsZero() {
			return nil, errors.New("notify: an APIv3 key is missing")
		}
	}
	if r.timeout <= 0 {
		return nil, fmt.Errorf("notify: a timeout of %s leaves no time", r.timeout)
	}
	if r.dedup == nil {
		r.dedup = NewMemory()
	}
	return r, nil
}

// ServeHTTP takes a notification. It answers as Receive does, and with 405 to a
// method other than POST.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !r.usable() {
		r.answer(w, http.StatusInternalServerError, fail(http.StatusInternalServerError))
		return
	}
	ctx, cancel := context.WithTimeout(req.Context(), r.timeout)
	defer cancel()
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		r.answer(w, http.StatusMethodNotAllowed, fail(http.StatusMethodNotAllowed))
		return
	}
	body, err := r.read(w, req)
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		r.report(fmt.Errorf("notify: body: %w", err))
		r.answer(w, status, fail(status))
		return
	}
	status, answer := r.Receive(ctx, req.Header, body)
	r.answer(w, status, answer)
}

// usable reports whether New made r.
func (r *Receiver) usable() bool { return r != nil && r.verifier != nil }

func (r *Receiver) report(err error) {
	if r.onError != nil {
		r.onError(err)
	}
}

func (r *Receiver) read(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	if r.body != nil {
		return r.body(req)
	}
	if req.Body == nil {
		return nil, nil
	}
	return io.ReadAll(http.MaxBytesReader(w, req.Body, MaxBody))
}

func (r *Receiver) answer(w http.ResponseWriter, status int, answer []byte) {
	if len(answer) > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer) // an answer that is lost makes WeChat Pay repeat
}

// Receive is ServeHTTP for a framework that has read the request: its headers, with
// names in any case, and the raw body. It returns what to answer, a status and a
// JSON body, which is empty with 204:
//
//   - 204: done, now or before
//   - 400: not decrypted (*auth.DecryptError), or nothing to decrypt (*MalformedError)
//   - 401: not verified (auth.ErrUnverified)
//   - 409: the same notification is being worked on (ErrInProgress)
//   - 413: more than MaxBody bytes
//   - 500: the Func or the Deduper failed, or it took too long
//
// After all but 204 WeChat Pay sends the notification again. One that was decrypted
// is never a 400: if it is not what the contract says, the Func gets it with an
// Event.Err and decides.
func (r *Receiver) Receive(ctx context.Context, header http.Header, body []byte) (status int, answer []byte) {
	if !r.usable() {
		return http.StatusInternalServerError, fail(http.StatusInternalServerError)
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	if err := r.receive(ctx, header, body); err != nil {
		r.report(err)
		status = statusOf(err)
		return status, fail(status)
	}
	return http.StatusNoContent, nil
}

func (r *Receiver) receive(ctx context.Context, header http.Header, body []byte) error {
	if len(body) > MaxBody {
		return &http.MaxBytesError{Limit: MaxBody}
	}
	event, err := Open(ctx, r.verifier, header, body, r.keys...)
	if err != nil {
		return err
	}
	_ = event.Decode() // the Func sees event.Err
	return r.once(ctx, event)
}
