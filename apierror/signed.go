package apierror

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// DiffSigned says in one line where the message that was signed, as
// auth.RequestMessage makes it, first differs from what WeChat Pay verified.
// It is "" when the answer does not tell what it verified. Of a body it shows
// only the few characters around the difference.
func (e *Error) DiffSigned(signed []byte) string {
	seen, ok := e.SignInformation()
	if !ok {
		return ""
	}
	return oneline.Cut(seen.diff(signed), 300)
}

const excerpt = 8 // bytes around a difference

func (s SignInformation) diff(signed []byte) string {
	if bytes.Count(signed, []byte("\n")) < 4 && bytes.Contains(signed, []byte(`\n`)) {
		return "the message that you signed has a backslash and an n in place of line feeds"
	}
	if bytes.Contains(signed, []byte("\r\n")) && !strings.Contains(s.TruncatedMessage, "\r\n") {
		return "the message that you signed has CR LF where LF is wanted"
	}
	mine := strings.SplitN(string(signed), "\n", 5)
	told := []string{s.Method, s.URL}
	shown := s.TruncatedMessage
	if s.MessageLength > len(shown) { // it was cut; these dots would stand for the rest
		shown = strings.TrimSuffix(strings.TrimSuffix(shown, "..."), "…")
	}
	if shown != "" {
		told = strings.SplitN(shown, "\n", 5)
	}
	cut := s.MessageLength == 0 || s.MessageLength > len(shown)
	for i, theirs := range told {
		last := cut && i == len(told)-1 // what was cut off cannot be compared
		switch {
		case theirs == "" && shown == "": // not told
		case i >= len(mine):
			return fmt.Sprintf("the message that you signed ends before line %d, the %s", i+1, lineNames[i])
		case mine[i] == theirs, last && strings.HasPrefix(mine[i], theirs):
		default:
			return diffLine(i, theirs, mine[i])
		}
	}
	return s.diffLength(signed)
}

var lineNames = [5]string{"method", "URL", "timestamp", "nonce", "body"}

// diffLine explains two versions of one line of the message.
func diffLine(i int, theirs, mine string) string {
	name := fmt.Sprintf("line %d, the %s: ", i+1, lineNames[i])
	if i == 4 {
		switch {
		case theirs == mine+"\n":
			return "the message that you signed lacks the line feed at its end; every line ends with one, the body's too"
		case theirs+"\n" == mine:
			return "the message that you signed has one line feed too many at its end"
		}
	}
	if i == 1 {
		if reason := diffURL(theirs, mine); reason != "" {
			return name + reason
		}
	}
	at := 0
	for at < len(theirs) && at < len(mine) && theirs[at] == mine[at] {
		at++
	}
	for at > 0 && at < len(mine) && !utf8.RuneStart(mine[at]) {
		at--
	}
	if i == 0 {
		at = 0 // a method is short enough to be shown
	}
	return fmt.Sprintf("%sfrom byte %d the server saw %s where you signed %s", name, at+1, around(theirs, at), around(mine, at))
}

// around quotes a few bytes from at on.
func around(s string, at int) string {
	if at >= len(s) {
		return "its end"
	}
	return fmt.Sprintf("%q", s[at:min(at+excerpt, len(s))])
}

// diffURL knows the ways in which request-targets go wrong.
func diffURL(theirs, mine string) string {
	if strings.Contains(mine, "://") && strings.HasSuffix(mine, theirs) {
		return "you signed scheme and host too; only path and query are signed"
	}
	path, query, hasQuery := strings.Cut(theirs, "?")
	myPath, myQuery, iHaveQuery := strings.Cut(mine, "?")
	switch {
	case path == myPath && hasQuery && !iHaveQuery:
		return "you left out the query"
	case path == myPath && iHaveQuery && !hasQuery:
		return "you signed a query, but the server saw none"
	case path == myPath && sameParameters(query, myQuery):
		return "the parameters of the query are in another order; sign the query as it is sent"
	}
	one, err := url.PathUnescape(theirs)
	other, myErr := url.PathUnescape(mine)
	if err != nil || myErr != nil || one != other {
		return ""
	}
	for theirs != "" && mine != "" {
		a, b := character(theirs), character(mine)
		if a != b {
			return fmt.Sprintf("escaping: the server saw %s where you signed %s; sign the URL as it is sent", a, b)
		}
		theirs, mine = theirs[len(a):], mine[len(b):]
	}
	return ""
}

func sameParameters(a, b string) bool {
	one, other := strings.Split(a, "&"), strings.Split(b, "&")
	slices.Sort(one)
	slices.Sort(other)
	return slices.Equal(one, other)
}

// character is the first character of a URL, escaped or not.
func character(s string) string {
	if s[0] == '%' && len(s) >= 3 {
		return s[:3]
	}
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// diffLength goes by the length where all that is shown is equal.
func (s SignInformation) diffLength(signed []byte) string {
	n, m := s.MessageLength, len(signed)
	equal := "what the server shows of the message is equal"
	switch {
	case n == 0:
	case n == m, n == utf8.RuneCount(signed): // of which of the two is not documented
		equal = "the message has the length that the server saw, and " + equal
	case n == m+1:
		return "the message that you signed is one byte shorter than what the server saw: it may lack the line feed at its end, after the body"
	case n == m-1:
		return "the message that you signed is one byte longer than what the server saw: it may have a line feed too many at its end"
	case n < m:
		return fmt.Sprintf("the body: you signed %d bytes more than the server saw (%d of %d); sign the body as it is sent", m-n, m, n)
	default:
		return fmt.Sprintf("the body: you signed %d bytes less than the server saw (%d of %d); sign the body as it is sent", n-m, m, n)
	}
	if s.TruncatedMessage == "" {
		equal = "the method and the URL are equal"
	}
	return equal + ": the key may not be the one of the serial_no and mchid in the Authorization, or a body of this length may have changed after signing"
}
