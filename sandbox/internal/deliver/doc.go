// Package deliver posts notifications to the merchant and repeats them for a
// day, as WeChat Pay does: its schedule, its probes and duplicates, and what is
// not sent, since it would leave the machine or lead to the sandbox itself.
//
// It knows events and no orders. It imports the rooms journal, rules, store and
// wire, fault for the probe's prefix, and internal/oneline.
package deliver
