// Package authority makes the certificates with which the sandbox is served over
// TLS, as WeChat Pay's hosts and as this machine.
package authority
