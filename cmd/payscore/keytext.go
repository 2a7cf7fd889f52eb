package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/internal/oneline"
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

// Characters of base64 in a row. The lines of a key have 64 or 76, and words of the
// shell are at most those.
const (
	leastKeyText = 200
	leastKeyWord = 60
)

// noKeyInPlaceOf refuses a key in the place of another setting, where errors and
// outputs would show it.
func noKeyInPlaceOf(name, value string) error {
	if !oneline.HoldsKey(value, leastKeyText) {
		return nil
	}
	as := ""
	if key, file := strings.CutSuffix(name, "-file"); file {
		as = "; give it as --" + key
	}
	return fmt.Errorf("--%s (flag, variable or file): what is given is a key itself%s", name, as)
}

// noKeyInPlaceOfAny looks at all flags of a command, also at those of variables.
func noKeyInPlaceOfAny(flags []*kong.Flag) error {
	for _, flag := range flags {
		value, isText := flag.Target.Interface().(string)
		if !isText || slices.Contains(keyTexts, flag.Name) {
			continue
		}
		if err := noKeyInPlaceOf(flag.Name, value); err != nil {
			return err
		}
	}
	return nil
}

// keyTexts are the flags that take the text of a key.
var keyTexts = []string{"key", "cert", "public-key", "platform-cert"}

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
