// Package store keeps the records of a sandbox: tables under one lock, the data
// file that they survive in, the clock that they go by and the agenda of what
// is still to happen to them.
//
// It knows nothing of what the records are, and imports no other package of
// this module.
package store
