// Package wire holds what goes over the wire: the keys and certificates of both
// sides, signatures of requests and answers, the envelopes of notifications, the
// contract that a request is held against, and how a refusal is written.
//
// It serves nothing and carries nothing out. It imports the rooms rules, store
// and signcheck, and of this module besides api and what is generated.
package wire
