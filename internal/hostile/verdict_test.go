package hostile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/serviceorder"
)

// verdict is what the client says became of a write.
type verdict string

const (
	carriedOut verdict = "carried out"
	refused    verdict = "refused"
	notSent    verdict = "not sent"
	unknown    verdict = "unknown"
	// contradictory is an error that says two of them.
	contradictory verdict = "contradictory"
)

// verdictOf reads the error of a write.
func verdictOf(err error) verdict {
	open, unsent := errors.Is(err, apierror.ErrOutcomeUnknown), errors.Is(err, apierror.ErrNotSent)
	switch {
	case err == nil:
		return carriedOut
	case open && unsent:
		return contradictory
	case open:
		return unknown
	case unsent:
		return notSent
	}
	return refused
}

// verdictOfOutcome reads what serviceorder returns, whose error must agree.
func verdictOfOutcome(outcome serviceorder.Outcome, err error) verdict {
	v := verdictOf(err)
	switch {
	case outcome == serviceorder.CarriedOut && v == carriedOut, outcome == serviceorder.Unknown && v == unknown,
		outcome == serviceorder.NotCarriedOut && (v == refused || v == notSent):
		return v
	}
	return contradictory
}

// ending is one case that has come to its end.
type ending struct {
	verdict   verdict
	err       error
	attempts  int  // that the observer was told of
	committed bool // whether the order was changed
	arrivals  int
	most      int // how often the most frequent Authorization arrived
	hungUp    bool
	spoke     string
}

// wrong lists which rules a case broke.
func (c hostileCase) wrong(e ending) []string {
	var broken []string
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	switch {
	case e.verdict == contradictory:
		say("contradictory")
	case c.level == query:
	case e.verdict == carriedOut && !e.committed:
		say("%q, and it was not", e.verdict)
	case (e.verdict == refused || e.verdict == notSent) && e.committed:
		say("%q, and it was carried out", e.verdict)
	}
	if e.most > 1 {
		say("an Authorization arrived %d times", e.most)
	}
	counts := !c.kind.blind && !c.kind.stalls && c.kind.at != nothing && !e.hungUp
	if e.arrivals > e.attempts || counts && e.arrivals != e.attempts {
		say("%d requests arrived, the observer was told of %d", e.arrivals, e.attempts)
	}
	if e.spoke != "" {
		say("the client spoke %s", e.spoke)
	}
	if want := c.demanded(e.committed); want != "" && e.verdict != want && e.verdict != contradictory {
		say("%q instead of %q", e.verdict, want)
	}
	if c.kind.want == notSent && c.next == same && e.arrivals > 0 {
		say("%d requests arrived", e.arrivals)
	}
	if e.err != nil {
		text := e.err.Error()
		if strings.ContainsAny(text, "\r\n\x00") {
			say("an error of several lines")
		}
		if strings.Contains(text, "MARKER") {
			say("an error that shows the body")
		}
	}
	return broken
}

// demanded is the one verdict that is right, "" when there are several.
func (c hostileCase) demanded(committed bool) verdict {
	switch {
	case c.level == query:
		return ""
	case c.next == same && (c.level == call || c.kind.want != unknown) && c.kind.want != "":
		return c.kind.want
	case c.level == settle && c.next != gone && !c.kind.stalls && !c.kind.unsettled && !c.kind.blind && c.kind.want != notSent:
		if committed {
			return carriedOut
		}
		if c.op.mute || c.kind.want == refused {
			return "" // the order does not tell, or a later attempt was not needed
		}
		return refused
	}
	return ""
}
