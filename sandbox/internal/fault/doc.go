// Package fault holds what can go wrong on request: the kinds of faults, how
// one is written, which requests it meets, and what it wants to become of them.
// A new fault is a row of the table of kinds.
//
// It does nothing to a connection or an order itself: it fills an [Outcome],
// which the HTTP edge carries out. Of this module it imports gen/catalog alone.
package fault
