package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// Fault is something that goes wrong on request: what, to which requests, and
// how often. It meets requests to an operation that the sandbox serves and
// whose signature is right.
//
// Written as text, in a header or on a command line, it is its name and what
// it is given, such as
//
//	rate-limited-429; value=RATE_LIMITED; delay=2s
//	reset-after; operation=modifyPartnerServiceOrder; count=1
//	refuse; value=271300099; subject=1900000109/1234323JKHDFE1243252
type Fault struct {
	// ID is given by [Set.Add].
	ID string `json:"id,omitempty"`
	// Name is one of [Kinds].
	Name string `json:"name"`
	// Operation is the operationId of the requests that it meets; "" is any.
	Operation string `json:"operation,omitempty"`
	// Subject is the order that it meets, as in the journal; "" is any.
	Subject string `json:"subject,omitempty"`
	// Rate is the share of the requests that it meets, above 0 and up to 1; 0
	// stands for 1. Seed makes the choice repeatable.
	Rate float64 `json:"rate,omitempty"`
	Seed uint64  `json:"seed,omitempty"`
	// Count is how many requests it meets before it switches itself off; 0 has
	// no end.
	Count int `json:"count,omitempty"`
	// Delay and Value say more, as the fault's description has it. 0 and "" are
	// its defaults.
	Delay time.Duration `json:"delay_ns,omitempty"`
	Value string        `json:"value,omitempty"`
}

// Header names the request header that holds faults for its request
// alone, separated by commas. It is not signed. Such a fault has neither
// operation nor subject, rate or count.
const Header = "Sandbox-Fault"

// Err matches the errors of faults that cannot be.
var Err = errors.New("sandbox: fault")

// maxFaults bounds the active faults, and those of one header.
const maxFaults = 1000

// String writes a fault as [Parse] reads it. The id is left out.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.Name)
	add := func(name, value string, isSet bool) {
		if isSet {
			b.WriteString("; " + name + "=" + value)
		}
	}
	add("operation", f.Operation, f.Operation != "")
	add("subject", f.Subject, f.Subject != "")
	add("rate", strconv.FormatFloat(f.Rate, 'g', -1, 64), f.Rate != 0)
	add("seed", strconv.FormatUint(f.Seed, 10), f.Seed != 0)
	add("count", strconv.Itoa(f.Count), f.Count != 0)
	add("delay", f.Delay.String(), f.Delay != 0)
	add("value", f.Value, f.Value != "")
	return b.String()
}

// Parse reads a fault from a line of text; delays are like 1.5s or 10m.
// Its errors match [Err].
func Parse(s string) (Fault, error) {
	name, rest, _ := strings.Cut(s, ";")
	f := Fault{Name: strings.TrimSpace(name)}
	for rest != "" {
		var pair string
		pair, rest, _ = strings.Cut(rest, ";")
		key, value, isPair := strings.Cut(strings.TrimSpace(pair), "=")
		var err error
		switch key {
		case "operation":
			f.Operation = value
		case "subject":
			f.Subject = value
		case "rate":
			f.Rate, err = strconv.ParseFloat(value, 64)
		case "seed":
			f.Seed, err = strconv.ParseUint(value, 10, 64)
		case "count":
			f.Count, err = strconv.Atoi(value)
		case "delay":
			f.Delay, err = time.ParseDuration(value)
		case "value":
			f.Value = value
		default:
			err = errors.New("is none of operation, subject, rate, seed, count, delay, value")
		}
		if !isPair && err == nil {
			err = errors.New("has no value")
		}
		if err != nil {
			return Fault{}, fmt.Errorf("%w: %.40q of %.40q: %.80q", Err, key, f.Name, err)
		}
	}
	return f, f.check()
}

// check tells why a fault cannot be.
func (f Fault) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %.40q: %s", Err, f.Name, fmt.Sprintf(format, args...))
	}
	kind := kindOf(f.Name)
	switch {
	case kind == nil:
		return wrong("there is none of this name; Faults and GET /_sandbox/api/faults list them")
	case f.Operation != "" && !isOperation(f.Operation):
		return wrong("%.60q is no operation", f.Operation)
	case strings.ContainsAny(f.Subject+f.Value, ";,\r\n") || strings.TrimSpace(f.Subject) != f.Subject || len(f.Subject) > 256:
		return wrong("subject or value is malformed")
	case f.Subject != "" && !strings.Contains(f.Subject, "/"):
		return wrong("the subject is sub_mchid, a slash and out_order_no")
	case !(f.Rate >= 0 && f.Rate <= 1):
		return wrong("a rate of %g is not in 0 to 1", f.Rate)
	case f.Count < 0:
		return wrong("a count of %d", f.Count)
	case f.Delay != 0 && kind.MaxDelay == 0:
		return wrong("takes no delay")
	case f.Delay > kind.MaxDelay || f.Delay < 0 && (kind.When != OnClock || f.Delay < -kind.MaxDelay):
		return wrong("a delay of %s, at most %s", f.Delay, kind.MaxDelay)
	case kind.When == OnClock && (f.Rate != 0 || f.Count != 0):
		return wrong("holds until it is switched off: no rate and no count")
	case f.Value != "" && kind.value == nil:
		return wrong("takes no value")
	case kind.value != nil && !kind.value(f.Value):
		return wrong("a value of %.40q", f.Value)
	}
	return nil
}

func isOperation(id string) bool {
	return slices.ContainsFunc(catalog.Operations(), func(o catalog.Operation) bool { return o.ID == id })
}

// OfRequest returns the faults of a request's own header.
func OfRequest(h http.Header) ([]Fault, error) {
	var all []Fault
	for _, line := range h.Values(Header) {
		for s := range strings.SplitSeq(line, ",") {
			f, err := Parse(s)
			if err != nil {
				return nil, err
			}
			if f.Operation != "" || f.Subject != "" || f.Rate != 0 || f.Count != 0 || f.Seed != 0 {
				return nil, fmt.Errorf("%w: %q: a header's fault is for its request alone", Err, f.Name)
			}
			if all = append(all, f); len(all) > maxFaults {
				return nil, fmt.Errorf("%w: more than %d", Err, maxFaults)
			}
		}
	}
	return all, nil
}

// Set holds the faults that are switched on. They do not survive a restart: a
// sandbox always starts well. It is safe for concurrent use.
type Set struct {
	onChange func(f Fault, what string)

	mu     sync.Mutex
	last   int
	active []*activeFault
}

type activeFault struct {
	Fault
	random *rand.Rand
	left   int // of Count
}

// NewSet returns an empty set. It calls onChange when a fault is switched on or
// off or is used up.
func NewSet(onChange func(f Fault, what string)) *Set { return &Set{onChange: onChange} }

// Add switches a fault on and returns its id. Its errors match [Err].
func (s *Set) Add(f Fault) (id string, err error) {
	if err := f.check(); err != nil {
		return "", err
	}
	if kindOf(f.Name).once && f.Count == 0 {
		f.Count = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.active) == maxFaults {
		return "", fmt.Errorf("%w: %q: %d are on", Err, f.Name, maxFaults)
	}
	s.last++
	f.ID = "fault-" + strconv.Itoa(s.last)
	s.active = append(s.active, &activeFault{f, rand.New(rand.NewPCG(f.Seed, 0)), f.Count})
	s.onChange(f, "on")
	return f.ID, nil
}

// Remove switches a fault off, and reports whether it was on.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.active, func(a *activeFault) bool { return a.ID == id })
	if i < 0 {
		return false
	}
	s.remove(i, "off")
	return true
}

// remove removes one by its place. The caller holds s.mu.
func (s *Set) remove(i int, why string) {
	f := s.active[i].Fault
	s.active = slices.Delete(s.active, i, i+1)
	s.onChange(f, why)
}

// Active returns the faults that are on, oldest first. Count is the
// number of requests that each one still affects.
func (s *Set) Active() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Fault, len(s.active))
	for i, a := range s.active {
		all[i] = a.Fault
		all[i].Count = a.left
	}
	return all
}

// Request is what a fault may be meant for.
type Request struct {
	Operation string // operationId
	Subject   string // the order
}

func (f Fault) matches(r Request) bool {
	return (f.Operation == "" || f.Operation == r.Operation) && (f.Subject == "" || f.Subject == r.Subject)
}

// Skew is how far the sandbox's clock is off for a request that asks for some
// faults itself, and the faults that make it so.
func (s *Set) Skew(r Request, requested []Fault) (d time.Duration, chosen []Fault) {
	for _, f := range append(s.Active(), requested...) {
		if kind := kindOf(f.Name); kind.When == OnClock && f.matches(r) {
			d += kind.delay(f)
			chosen = append(chosen, f)
		}
	}
	return d, chosen
}

// Choose returns the faults of a request, besides those of the clock: its own
// and those switched on. They come in the order of the table.
func (s *Set) Choose(r Request, requested []Fault) (chosen []Fault) {
	for _, f := range requested {
		if kindOf(f.Name).When != OnClock {
			chosen = append(chosen, f)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; i < len(s.active); i++ {
		a := s.active[i]
		if kindOf(a.Name).When == OnClock || !a.matches(r) || a.Rate != 0 && a.random.Float64() >= a.Rate {
			continue
		}
		chosen = append(chosen, a.Fault)
		if a.Count == 0 {
			continue
		}
		if a.left--; a.left == 0 {
			s.remove(i, "used up")
			i--
		}
	}
	slices.SortStableFunc(chosen, func(a, b Fault) int { return rank(a.Name) - rank(b.Name) })
	return chosen
}
