// Package edge is the HTTP edge of /v3: it checks the signature of a request,
// then the contract, hands the operation to the ledger and signs what comes of
// it, with what faults want done to it on the way.
//
// A new operation of the contract is a method here and a rule. It imports the
// rooms ledger, wire, fault, rules, journal, signcheck and store, and of this
// module besides gen/catalog, gen/payscore and gen/payscoreserver.
package edge
