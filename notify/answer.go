package notify

import (
	"errors"
	"net/http"

	"github.com/wxpayscore/payscore/auth"
)

// statusOf returns what an error means to WeChat Pay.
func statusOf(err error) int {
	var (
		undecrypted *auth.DecryptError
		malformed   *MalformedError
		tooLarge    *http.MaxBytesError
		function    *FuncError
		deduper     *DeduperError
	)
	switch {
	case errors.As(err, &function), errors.As(err, &deduper):
		// First, since a Func that queries an order may fail with any of the others.
		return http.StatusInternalServerError
	case errors.Is(err, auth.ErrUnverified):
		return http.StatusUnauthorized
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &undecrypted), errors.As(err, &malformed):
		return http.StatusBadRequest
	case errors.Is(err, ErrInProgress):
		return http.StatusConflict
	default:
		return http.StatusInternalServerError
	}
}

// fail returns the body of an answer that is not 204. It says no more than the
// status, since anybody can ask.
func fail(status int) []byte {
	message := "the notification was not processed"
	switch status {
	case http.StatusBadRequest:
		message = "the notification is malformed"
	case http.StatusUnauthorized:
		message = "the signature does not verify"
	case http.StatusMethodNotAllowed:
		message = "only POST is allowed"
	case http.StatusConflict:
		message = "the notification is being processed"
	case http.StatusRequestEntityTooLarge:
		message = "the notification is too large"
	}
	return []byte(`{"code":"FAIL","message":"` + message + `"}`)
}
