// Package admin drives a sandbox from outside: the HTTP API under /_sandbox, its
// live events, the console, and scenario files.
//
// Nothing imports it but the sandbox. It imports the rooms ledger, edge, fault,
// deliver, journal, rules, signcheck, store and wire, and of this module besides
// api, gen/payscore and gen/sandboxserver.
package admin
