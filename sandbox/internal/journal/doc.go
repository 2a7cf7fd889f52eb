// Package journal keeps what happened to a sandbox: numbered entries, in the
// order in which things happened, for readers and a live stream.
//
// It imports sandbox/internal/signcheck for the report of a refused signature,
// and no other package of this module.
package journal
