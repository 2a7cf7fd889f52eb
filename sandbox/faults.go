package sandbox

import (
	"github.com/wxpayscore/payscore/sandbox/internal/fault"
)

// Fault describes something that goes wrong: what it is, which requests it
// affects, and how often. It only affects requests to an operation of the
// contract that are signed correctly.
//
// As text, in a header or on a command line, a fault is its name and its
// arguments:
//
//	rate-limited-429; value=RATE_LIMITED; delay=2s
//	reset-after; operation=modifyPartnerServiceOrder; count=1
//	refuse; value=271300099; subject=1900000109/1234323JKHDFE1243252
//
// Its fields have the same names: Name, Operation, Subject, Rate, Seed, Count,
// Delay and Value.
type Fault = fault.Fault

// FaultKind describes a kind of fault that the sandbox can inject: its Name,
// When it happens (clock, before, after or answer), Doc in two languages, Delay
// and MaxDelay, and examples of its Values.
type FaultKind = fault.Kind

// FaultHeader names the request header that holds faults for its request
// alone, separated by commas. It is not signed. Such a fault has neither
// operation nor subject, rate or count.
const FaultHeader = fault.Header

// ErrFault matches the errors of invalid faults.
var ErrFault = fault.Err

// ParseFault reads a fault from a line of text; delays are like 1.5s or 10m.
// Its errors match [ErrFault].
func ParseFault(s string) (Fault, error) { return fault.Parse(s) }

// Faults returns all kinds of faults, in the order in which they happen to a
// request.
func Faults() []FaultKind { return fault.Kinds() }

// AddFault switches a fault on and returns its id. Several faults may be on at
// a time and affect the same request. Its errors match [ErrFault].
func (s *Sandbox) AddFault(f Fault) (id string, err error) {
	s.mustBeOpen()
	return s.faults.Add(f)
}

// RemoveFault switches a fault off, and reports whether it was on.
func (s *Sandbox) RemoveFault(id string) bool {
	s.mustBeOpen()
	return s.faults.Remove(id)
}
