package sandbox

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
	// ID is given by [Sandbox.AddFault].
	ID string `json:"id,omitempty"`
	// Name is one of [Faults].
	Name string `json:"name"`
	// Operation is the operationId of the requests that it meets; "" is any.
	Operation string `json:"operation,omitempty"`
	// Subject is the order that it meets, as in [Entry]; "" is any.
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

// FaultHeader names the request header that holds faults for its request
// alone, separated by commas. It is not signed. Such a fault has neither
// operation nor subject, rate or count.
const FaultHeader = "Sandbox-Fault"

// ErrFault matches the errors of faults that cannot be.
var ErrFault = errors.New("sandbox: fault")

// maxFaults bounds the active faults, and those of one header.
const maxFaults = 1000

// String writes a fault as [ParseFault] reads it. The id is left out.
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

// ParseFault reads a fault from a line of text; delays are like 1.5s or 10m.
// Its errors match [ErrFault].
func ParseFault(s string) (Fault, error) {
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
			return Fault{}, fmt.Errorf("%w: %.40q of %.40q: %.80q", ErrFault, key, f.Name, err)
		}
	}
	return f, f.check()
}

// check tells why a fault cannot be.
func (f Fault) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %.40q: %s", ErrFault, f.Name, fmt.Sprintf(format, args...))
	}
	isOperation := slices.ContainsFunc(catalog.Operations(), func(o catalog.Operation) bool { return o.ID == f.Operation })
	kind := faultKindOf(f.Name)
	switch {
	case kind == nil:
		return wrong("there is none of this name; Faults and GET /_sandbox/api/faults list them")
	case f.Operation != "" && !isOperation:
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

// requestFaults are those of a request's own header.
func requestFaults(h http.Header) ([]Fault, error) {
	var all []Fault
	for _, line := range h.Values(FaultHeader) {
		for s := range strings.SplitSeq(line, ",") {
			f, err := ParseFault(s)
			if err != nil {
				return nil, err
			}
			if f.Operation != "" || f.Subject != "" || f.Rate != 0 || f.Count != 0 || f.Seed != 0 {
				return nil, fmt.Errorf("%w: %q: a header's fault is for its request alone", ErrFault, f.Name)
			}
			if all = append(all, f); len(all) > maxFaults {
				return nil, fmt.Errorf("%w: more than %d", ErrFault, maxFaults)
			}
		}
	}
	return all, nil
}

// faults are those switched on. They do not survive a restart: a sandbox
// always starts well.
type faults struct {
	first []Fault // of the options

	mu     sync.Mutex
	last   int
	active []*activeFault
}

type activeFault struct {
	Fault
	random *rand.Rand
	left   int // of Count
}

// addFaults switches on those of the options.
func (s *Sandbox) addFaults() error {
	for _, f := range s.faults.first {
		if _, err := s.AddFault(f); err != nil {
			return err
		}
	}
	return nil
}

// AddFault switches a fault on and returns its id. Several may be on at a
// time, and meet the same request. Its errors match [ErrFault].
func (s *Sandbox) AddFault(f Fault) (id string, err error) {
	s.mustBeOpen()
	if err := f.check(); err != nil {
		return "", err
	}
	if faultKindOf(f.Name).once && f.Count == 0 {
		f.Count = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if len(s.faults.active) == maxFaults {
		return "", fmt.Errorf("%w: %q: %d are on", ErrFault, f.Name, maxFaults)
	}
	s.faults.last++
	f.ID = "fault-" + strconv.Itoa(s.faults.last)
	s.faults.active = append(s.faults.active, &activeFault{f, rand.New(rand.NewPCG(f.Seed, 0)), f.Count})
	s.journal.add(Entry{Time: s.now(), Kind: "fault", Subject: f.Subject, Operation: f.Operation, Fault: f.String(), Message: "on"})
	return f.ID, nil
}

// RemoveFault switches a fault off, and reports whether it was on.
func (s *Sandbox) RemoveFault(id string) bool {
	s.mustBeOpen()
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	i := slices.IndexFunc(s.faults.active, func(a *activeFault) bool { return a.ID == id })
	if i < 0 {
		return false
	}
	s.removeFault(i, "off")
	return true
}

// removeFault removes one by its place. The caller holds faults.mu.
func (s *Sandbox) removeFault(i int, why string) {
	f := s.faults.active[i].Fault
	s.faults.active = slices.Delete(s.faults.active, i, i+1)
	s.journal.add(Entry{Time: s.now(), Kind: "fault", Subject: f.Subject, Operation: f.Operation, Fault: f.String(), Message: why})
}

// ActiveFaults returns the faults that are on, oldest first. Count is how many
// requests each has still to meet.
func (s *Sandbox) ActiveFaults() []Fault {
	s.mustBeOpen()
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	all := make([]Fault, len(s.faults.active))
	for i, a := range s.faults.active {
		all[i] = a.Fault
		all[i].Count = a.left
	}
	return all
}

func (f Fault) meets(x *exchange) bool {
	return (f.Operation == "" || f.Operation == x.operation()) && (f.Subject == "" || f.Subject == x.subject)
}

// skew is how far the sandbox's clock is off for a request.
func (s *Sandbox) skew(x *exchange, asked []Fault) (d time.Duration) {
	for _, f := range append(s.ActiveFaults(), asked...) {
		if kind := faultKindOf(f.Name); kind.When == OnClock && f.meets(x) {
			d += kind.delay(f)
			x.faults = append(x.faults, f)
		}
	}
	return d
}

// meet chooses the faults of a request, besides those of the clock: its own
// and those switched on. They come in the order of the table.
func (s *Sandbox) meet(x *exchange, asked []Fault) (met []Fault) {
	for _, f := range asked {
		if faultKindOf(f.Name).When != OnClock {
			met = append(met, f)
		}
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for i := 0; i < len(s.faults.active); i++ {
		a := s.faults.active[i]
		if faultKindOf(a.Name).When == OnClock || !a.meets(x) || a.Rate != 0 && a.random.Float64() >= a.Rate {
			continue
		}
		met = append(met, a.Fault)
		if a.Count == 0 {
			continue
		}
		if a.left--; a.left == 0 {
			s.removeFault(i, "used up")
			i--
		}
	}
	slices.SortStableFunc(met, func(a, b Fault) int { return rank(a.Name) - rank(b.Name) })
	return met
}

// inflict does the faults of a moment. The first one that settles the request
// leaves none to do before it.
func (s *Sandbox) inflict(w http.ResponseWriter, x *exchange, when FaultMoment) {
	for _, f := range x.faults {
		if kind := faultKindOf(f.Name); kind.When == when && !(when == Before && x.settled) {
			f.Delay = kind.delay(f)
			kind.do(s, w, x, f)
		}
	}
}
