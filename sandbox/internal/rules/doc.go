// Package rules is PayScore without a server: orders, permissions, refunds and
// applications, their states, and what the API and the user may do to them.
//
// All of it is functions of (record, command, terms) that return the record as
// it becomes, what follows from it, and a refusal. They have no lock, no clock,
// no HTTP and no store, and change nothing that they are given. Of this module
// the package imports gen/catalog and gen/payscore alone.
package rules
