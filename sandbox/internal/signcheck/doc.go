// Package signcheck finds what a wrong signature signed instead: it takes the
// signature of a request apart and tries the usual mistakes of signers.
//
// It holds the reader of the Authorization header, the search, and the words
// for each mistake. It knows neither orders nor HTTP. Of this module it imports
// gen/catalog alone.
package signcheck
