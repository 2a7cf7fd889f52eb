package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wxpayscore/payscore/auth"
)

// keyGiven is a key or certificate: its text, or the name of its file.
type keyGiven struct{ flag, text, file string }

func (c *connection) ownKey() keyGiven { return keyGiven{"key", c.Key, c.KeyFile} }

func (c *connection) ownCert() keyGiven { return keyGiven{"cert", c.Cert, c.CertFile} }

func (c *connection) publicKey() keyGiven {
	return keyGiven{"public-key", c.PublicKey, c.PublicKeyFile}
}

func (c *connection) platformCert() keyGiven {
	return keyGiven{"platform-cert", c.PlatformCert, c.PlatformCertFile}
}

func (k keyGiven) missing() bool { return k.text == "" && k.file == "" }

// name is what an error calls the key. The text is never shown.
func (k keyGiven) name() string {
	if k.text != "" {
		return "--" + k.flag
	}
	return k.file
}

// load reads a key or certificate of the user's.
func load[T any](k keyGiven, parse func([]byte) (T, error)) (T, error) {
	var none T
	raw := []byte(k.text)
	if k.text == "" {
		if isKeyText(k.file) {
			return none, fmt.Errorf("--%s-file: what is given as the name of a file is a key itself; give it as --%s", k.flag, k.flag)
		}
		var err error
		if raw, err = readBody(k.file, nil); err != nil {
			return none, err
		}
	}
	v, err := parse(raw)
	if key, is := errors.AsType[*auth.KeyError](err); is {
		err = fmt.Errorf("%s: %w", k.name(), key.Err)
		if k.text != "" && len(k.text) < 256 && errors.Is(err, auth.ErrNotPEM) { // shorter than any key
			err = fmt.Errorf("%w; it takes the key itself, and --%s-file the name of a file", err, k.flag)
		}
	}
	return v, err
}

// isKeyText reports whether an argument is a key, so that no error may show it.
func isKeyText(arg string) bool { return strings.Contains(arg, "-----BEGIN") || len(arg) > 1000 }

// joinKeys writes "--key TEXT" as "--key=TEXT" where the text begins with hyphens, so
// that it does not read as a flag.
func joinKeys(args []string) []string {
	var joined []string
	for _, arg := range args {
		last := len(joined) - 1
		if last >= 0 && strings.HasPrefix(arg, "-----BEGIN") && strings.HasPrefix(joined[last], "--") && !strings.Contains(joined[last], "=") {
			joined[last] += "=" + arg
			continue
		}
		joined = append(joined, arg)
	}
	return joined
}
