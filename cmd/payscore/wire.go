package main

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/transport"
)

// recorder keeps the last request and response.
type recorder struct {
	next     http.RoundTripper
	method   string // keep only requests of this method; "" keeps any
	request  *http.Request
	body     *keptBody // of the request
	response *http.Response
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.method != "" && r.method != req.Method {
		return r.next.RoundTrip(req)
	}
	r.request, r.body, r.response = req, nil, nil
	if req.Body != nil {
		// Not read here: a body that was read may have been sent.
		r.body = &keptBody{ReadCloser: req.Body}
		again := *req
		again.Body = r.body
		req = &again
	}
	rsp, err := r.next.RoundTrip(req)
	r.response = rsp
	return rsp, err
}

// forget drops the last call, so that it is not taken for one that is never sent.
func (r *recorder) forget() { r.request, r.body, r.response = nil, nil, nil }

// callReport is a request and its response, without the Authorization.
type callReport struct {
	Method     string `json:"method"`
	URL        string `json:"url"`
	Message    string `json:"signed_message"`
	MchID      string `json:"mchid"`
	SerialNo   string `json:"serial_no"`
	Status     int    `json:"status,omitempty"`
	RequestID  string `json:"request_id,omitempty"`
	VerifiedBy string `json:"verified_by,omitempty"`

	host, target string // the URL in two parts
}

// call reports the last request and response. err is the error of the call.
func (r *recorder) call(err error) callReport {
	if r.request == nil {
		return callReport{} // refused before anything was sent
	}
	u := r.request.URL
	report := callReport{
		Method: r.request.Method, URL: u.Redacted(),
		host: u.Scheme + "://" + u.Host, target: u.RequestURI(),
	}
	if a, parseErr := auth.ParseAuthorization(r.request.Header.Get("Authorization")); parseErr == nil {
		report.MchID, report.SerialNo = a.MchID, a.SerialNo
		report.Message = string(auth.RequestMessage(r.request.Method, r.request.URL.RequestURI(), a.Timestamp, a.Nonce, r.body.bytes()))
	}
	if r.response != nil {
		report.Status = r.response.StatusCode
		report.RequestID = r.response.Header.Get("Request-ID")
		if verified(r.response, err) {
			report.VerifiedBy = r.response.Header.Get(auth.HeaderSerial)
		}
	}
	return report
}

// compared adds to a SIGN_ERROR the first difference between the signed message and
// the one that the server reports.
func (r *recorder) compared(err error) error {
	if refused, ok := errors.AsType[*apierror.Error](sent(err)); ok {
		if difference := refused.DiffSigned([]byte(r.call(err).Message)); difference != "" {
			return signError{err, difference}
		}
	}
	return err
}

// verified reports whether the transport verified the response. If not, err is an
// UnverifiedError, also for a signed response that was cut off.
func verified(rsp *http.Response, err error) bool {
	_, unverified := errors.AsType[*transport.UnverifiedError](err)
	return rsp.Header.Get(auth.HeaderSignature) != "" && !unverified
}

// keptBody keeps the bytes of a body that net/http reads. That may still go on when
// the call has returned.
type keptBody struct {
	io.ReadCloser
	mu   sync.Mutex
	read []byte
}

func (b *keptBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = append(b.read, p[:n]...)
	return n, err
}

func (b *keptBody) bytes() []byte {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.read)
}
