//go:build broken

package broken

var _ = missing
