// Package ledger holds the records of a sandbox and carries out on them what the
// rules say: one operation at a time, saved, journalled and announced, or not
// done at all.
//
// It is the only room that changes an order. It knows no HTTP. It imports the
// rooms rules, store, journal, deliver and wire, and of this module besides
// gen/payscore.
package ledger
