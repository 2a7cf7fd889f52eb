package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/internal/oneline"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/serviceorder"
	"github.com/wxpayscore/payscore/transport"
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitInput   = 2
	exitUnknown = 3
)

// inputError is a mistake of the user, found before anything was sent.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// unsent words findings of the command like those of the client.
func unsent(findings error) error { return fmt.Errorf("%w: %w", apierror.ErrNotSent, findings) }

// signError is a SIGN_ERROR with the difference in the signed message.
type signError struct {
	err        error
	difference string
}

func (e signError) Error() string { return e.err.Error() + "; " + e.difference }
func (e signError) Unwrap() error { return e.err }

// sent returns the error of sending the operation. An unsettled one also has an
// error of its query.
func sent(err error) error {
	if unsettled, ok := errors.AsType[*serviceorder.UnsettledError](err); ok {
		return unsettled.SendErr
	}
	return err
}

func exitCode(err error) int {
	_, input := errors.AsType[inputError](err)
	_, findings := errors.AsType[limit.Findings](err)
	switch {
	case err == nil:
		return exitDone
	case input, findings, errors.Is(err, auth.ErrOwnKey):
		return exitInput
	case errors.Is(err, apierror.ErrOutcomeUnknown):
		return exitUnknown
	default:
		return exitFailed
	}
}

// errorReport is the JSON of an error.
type errorReport struct {
	Error          string         `json:"error"`
	OutcomeUnknown bool           `json:"outcome_unknown"`
	Status         int            `json:"status,omitempty"`
	Code           string         `json:"code,omitempty"`
	Number         int64          `json:"number,omitempty"`
	RequestID      string         `json:"request_id,omitempty"`
	Meaning        *translation   `json:"meaning,omitempty"`
	Remedy         *translation   `json:"remedy,omitempty"`
	Retry          catalog.Retry  `json:"retry,omitempty"`
	Detail         *detailReport  `json:"detail,omitempty"`
	Difference     string         `json:"difference,omitempty"`
	Findings       limit.Findings `json:"findings,omitempty"`
}

// report prints an error, in one line or as JSON.
func (s *streams) report(err error) {
	if !s.json {
		_, _ = fmt.Fprintf(s.err, "payscore: %s\n", oneline.Escape(strings.TrimPrefix(err.Error(), "payscore: ")+detailOf(err)))
		return
	}
	report := errorReport{Error: oneline.Escape(err.Error()), OutcomeUnknown: errors.Is(err, apierror.ErrOutcomeUnknown)}
	about := sent(err)
	if refused, ok := errors.AsType[*apierror.Error](about); ok {
		report.Status, report.Code, report.Number, report.RequestID = refused.Status, refused.Code, refused.Number, refused.RequestID
		report.Meaning, report.Remedy = translated(refused.Meaning()), translated(refused.Remedy())
		report.Retry = refused.Retry()
		if d := refused.DetailFields(); d.Issue != "" {
			report.Detail = &detailReport{Field: d.Field, Issue: d.Issue, Location: d.Location}
		}
	} else if lost, ok := errors.AsType[*apierror.UndecodableError](about); ok {
		report.Status, report.RequestID = lost.Status, lost.RequestID
	} else if unverified, ok := errors.AsType[*transport.UnverifiedError](about); ok {
		// Not the status: it is not verified, and a 204 here would look like a success.
		report.RequestID = unverified.RequestID
	}
	if report.OutcomeUnknown {
		report.Retry = catalog.RetryAfterQuery // not the advice of the refusal alone
	}
	if signed, ok := errors.AsType[signError](err); ok {
		report.Difference = oneline.Escape(signed.difference)
	}
	report.Findings, _ = errors.AsType[limit.Findings](err)
	b, _ := json.Marshal(report)
	_, _ = fmt.Fprintf(s.err, "%s\n", b)
}

// detailOf returns which field a refusal is about, and why. The value, which may be
// anybody's, is left out.
func detailOf(err error) string {
	refused, ok := errors.AsType[*apierror.Error](sent(err))
	if !ok {
		return ""
	}
	d := refused.DetailFields()
	if d.Issue == "" || refused.Status == http.StatusUnauthorized { // of a signature, signError tells more
		return ""
	}
	return "; " + strings.TrimSpace(d.Field+" "+d.Issue)
}

// translated returns nil for a text that the catalogue does not have.
func translated(text catalog.Text) *translation {
	if text == (catalog.Text{}) {
		return nil
	}
	return &translation{text.EN, text.ZH}
}

// warn prints a warning, which does not change the exit code.
func (s *streams) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(s.err, "warning: %s\n", oneline.Escape(fmt.Sprintf(format, args...)))
}
