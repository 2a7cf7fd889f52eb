// Package limit checks values against the limits that the contract declares
// and reports everything that breaks one, each with its place. The generated
// models call it before anything is sent:
//
//	err := client.ModifyPartnerServiceOrder(ctx, outOrderNo, body)
//	var findings limit.Findings
//	if errors.As(err, &findings) {
//		for _, f := range findings {
//			log.Printf("%s: %s", f.Path, f.Message) // $.post_payments[0].name: 21 characters, at most 20
//		}
//	}
//
// Findings never hold a text of the request, which may be personal. They do
// hold numbers.
package limit

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// Bounds for a limit that the contract does not set.
const (
	None    = math.MaxInt
	Lowest  = math.MinInt64
	Highest = math.MaxInt64
)

// maxShown bounds the texts of a finding in characters, far above those that
// this package makes.
const maxShown = 1000

// Finding is one thing that is wrong with a request.
type Finding struct {
	// Path is where, as a JSONPath into the body ($.post_payments[0].name),
	// or the name of a path, query or header parameter (out_order_no).
	Path string `json:"path"`
	// Rule names what was broken: the contract's keyword (maxLength, pattern,
	// enum, ...), text for its x-wechatpay-text, or a rule of the order (total,
	// unique, ...).
	Rule string `json:"rule"`
	// Message says what is wrong and what the limit is, in one line.
	Message string `json:"message"`
	// Warning is set for a rule that official texts disagree on, so that a
	// request which breaks it may be sent all the same.
	Warning bool `json:"warning,omitempty"`
}

// String is the path and the message, in one line.
func (f Finding) String() string {
	return oneline.Cut(f.Path, maxShown) + ": " + oneline.Cut(f.Message, maxShown)
}

// Findings are all that is wrong with a request. The generated client returns
// them as an error that is apierror.ErrNotSent too.
type Findings []Finding

// Error lists the findings in one line.
func (fs Findings) Error() string {
	texts := make([]string, len(fs))
	for i, f := range fs {
		texts[i] = f.String()
	}
	return strings.Join(texts, "; ")
}

// Err returns the findings that are more than a warning, or nil.
func (fs Findings) Err() error {
	var grave Findings
	for _, f := range fs {
		if !f.Warning {
			grave = append(grave, f)
		}
	}
	if len(grave) == 0 {
		return nil
	}
	return grave
}

// Except returns the findings at other places than these. It takes the paths of
// [Checker.Except], and keeps what that keeps.
func (fs Findings) Except(paths ...string) Findings {
	return slices.DeleteFunc(slices.Clone(fs), func(f Finding) bool { return excepted(paths, f.Path, f.Rule) })
}

// Path names a place in a JSON document, as a chain from the leaf to the
// root. A nil *Path is the root. It becomes text only when something is wrong.
type Path struct {
	parent *Path
	key    string
	index  int // -1 for a key
}

// Parameters stands before a path, query or header parameter, which is named
// without a root.
var Parameters = &Path{}

// Key is the member key of the object at p.
func (p *Path) Key(key string) Path { return Path{parent: p, key: key, index: -1} }

// Index is the element i of the array at p.
func (p *Path) Index(i int) Path { return Path{parent: p, index: i} }

// String is the JSONPath. It is a copy and p does not escape, so that the
// paths of a request without findings stay off the heap.
func (p *Path) String() string {
	switch {
	case p == nil:
		return "$"
	case p == Parameters:
		return ""
	case p.parent == Parameters:
		return strings.Clone(p.key)
	case p.index >= 0:
		return p.parent.String() + "[" + strconv.Itoa(p.index) + "]"
	default:
		return p.parent.String() + "." + p.key
	}
}

// Checker collects findings. Its methods take the path of an object and the key
// of the member to check; the key "" stands for what is at the path itself, such
// as an item of an array. Its zero value is ready; it is for one request and one
// goroutine. A method of a nil Checker panics when it finds something.
type Checker struct {
	// Characters are those that a text may have. nil stands for any.
	Characters *unicode.RangeTable

	findings Findings
	except   []string
}

// Except makes the checks that follow find nothing at these places, which are
// paths as [Finding] has them. [*] stands for any index. Bytes that are no UTF-8
// are found all the same: encoding/json would send others in their place.
func (c *Checker) Except(paths ...string) {
	if c != nil {
		c.except = paths
	}
}

func excepted(paths []string, path, rule string) bool {
	return rule != "utf8" && slices.ContainsFunc(paths, func(except string) bool {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(except), `\[\*\]`, `\[[0-9]+\]`)
		matched, _ := regexp.MatchString("^"+pattern+"$", path)
		return matched
	})
}

// Err returns what was found as a [Findings], or nil.
func (c *Checker) Err() error {
	if c == nil {
		return nil
	}
	return c.findings.Err()
}

func (c *Checker) add(at *Path, key, rule, format string, args ...any) {
	if c == nil { // a finding must not get lost
		panic("limit: the Checker is nil")
	}
	place := at
	if key != "" {
		member := at.Key(key)
		place = &member
	}
	if path := place.String(); !excepted(c.except, path, rule) {
		c.findings = append(c.findings, Finding{Path: path, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
}

// String checks the characters of a text, its length in characters, and its
// pattern, which may be nil.
func (c *Checker) String(at *Path, key, value string, shortest, longest int, pattern *Pattern) {
	// encoding/json would replace bad bytes in silence, and the merchant would
	// sign a text it never wrote.
	if !utf8.ValidString(value) {
		c.add(at, key, "utf8", "not valid UTF-8")
		return
	}
	foreign := c != nil && c.Characters != nil && c.foreign(at, key, value)
	switch n := utf8.RuneCountInString(value); {
	case n < shortest && n == 0:
		c.add(at, key, "minLength", "empty, at least %s", count(shortest, "character"))
	case n < shortest:
		c.add(at, key, "minLength", "%s, at least %d", count(n, "character"), shortest)
	case n > longest:
		c.add(at, key, "maxLength", "%s, at most %d", count(n, "character"), longest)
	case !foreign && pattern != nil && !pattern.match(value):
		c.add(at, key, "pattern", "does not match %s", pattern.Source)
	}
}

// foreign finds the first character that no text has. It says where it stands
// and not what it is: a text may be personal.
func (c *Checker) foreign(at *Path, key, value string) bool {
	n := 0
	for _, r := range value {
		switch n++; {
		case unicode.Is(c.Characters, r):
			continue
		case r > 0xFFFF:
			c.add(at, key, "text", "character %d takes 4 bytes in UTF-8, at most 3", n)
		default:
			c.add(at, key, "text", "character %d is U+%04X, which no text has", n, r)
		}
		return true
	}
	return false
}

// Integer checks the range of a number.
func (c *Checker) Integer(at *Path, key string, value, lowest, highest int64) {
	switch {
	case value < lowest:
		c.add(at, key, "minimum", "%d, at least %d", value, lowest)
	case value > highest:
		c.add(at, key, "maximum", "%d, at most %d", value, highest)
	}
}

// Time finds the zero Time. It is one that was forgotten, and would arrive as the
// first day of the year 1.
func (c *Checker) Time(at *Path, key string, value time.Time) {
	if value.IsZero() {
		c.add(at, key, "required", "the zero time, which is none")
	}
}

// Items checks the length of an array.
func (c *Checker) Items(at *Path, key string, n, fewest, most int) {
	switch {
	case n < fewest:
		c.add(at, key, "minItems", "%s, at least %d", count(n, "item"), fewest)
	case n > most:
		c.add(at, key, "maxItems", "%s, at most %d", count(n, "item"), most)
	}
}

// Separated checks that an item of an array parameter does not hold the
// separator that stands between the items, since it would arrive as two.
func (c *Checker) Separated(at *Path, key, value, separator string) {
	if strings.Contains(value, separator) {
		c.add(at, key, "separator", "holds %q, which separates the items", separator)
	}
}

// Header checks that a text arrives in a header as it is. A header has no
// control characters, and the spaces around it are cut off.
func (c *Checker) Header(at *Path, key, value string) {
	control := func(r rune) bool { return r < ' ' || r == '\x7f' }
	if strings.ContainsFunc(value, control) {
		c.add(at, key, "header", "holds a control character, which no header has")
	} else if strings.Trim(value, " ") != value {
		c.add(at, key, "header", "begins or ends with a space, which a header loses")
	}
}

// Enum reports a value that is not valid.
func (c *Checker) Enum(at *Path, key string, valid bool) {
	if !valid {
		c.add(at, key, "enum", "not one of the values of the contract")
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
