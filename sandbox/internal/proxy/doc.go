// Package proxy plays an HTTPS proxy whose tunnels all end in the sandbox. It dials
// nothing.
package proxy
