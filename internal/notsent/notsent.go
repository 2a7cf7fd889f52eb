// Package notsent keeps [apierror.ErrNotSent] to the request that it is said of.
package notsent

import (
	"errors"

	"github.com/wxpayscore/payscore/apierror"
)

// Hide returns err without its [apierror.ErrNotSent], for a cause of something
// that may have been sent: what was certainly not sent is another request, such as
// a repeat, a query, or one of a client that a RoundTripper or a KMS has.
func Hide(err error) error {
	if errors.Is(err, apierror.ErrNotSent) {
		return hidden{err}
	}
	return err
}

type hidden struct{ error }

func (e hidden) Is(target error) bool {
	return target != apierror.ErrNotSent && errors.Is(e.error, target)
}

func (e hidden) As(target any) bool { return errors.As(e.error, target) }
