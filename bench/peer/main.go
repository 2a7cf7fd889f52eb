// Command peer runs another Go client for the matrix of interop/matrix. It gets one
// call a line on stdin, as JSON, and writes one answer a line on stdout, in the same
// order, as interop/matrix/serve.mjs does for the clients in JavaScript.
//
//	peer NAME SETUP
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// setup is what the matrix says on the command line.
type setup struct {
	Keys string `json:"keys"` // public key, platform certificate, or both
	Dir  string `json:"dir"`  // the sandbox's, with the merchant's keys
	Host string `json:"host"` // empty for WeChat Pay's own
}

func (s setup) hasPublicKey() bool { return s.Keys != "platform certificate" }

func (s setup) hasCertificate() bool { return s.Keys != "public key" }

func (s setup) path(name string) string { return filepath.Join(s.Dir, name) }

// account is sandbox.json.
type account struct {
	MchID            string `json:"mchid"`
	SerialNo         string `json:"serial_no"`
	APIv3Key         string `json:"api_v3_key"`
	PublicKeyID      string `json:"public_key_id"`
	PlatformSerialNo string `json:"platform_serial_no"`
	ServiceID        string `json:"service_id"`
	SubMchID         string `json:"sub_mchid"`
}

// fields is a body for clients that have no type for it.
type fields = map[string]any

// call is a line of stdin. An operation reads what it needs.
type call struct {
	Op         string            `json:"op"`
	OutOrderNo string            `json:"out_order_no"`
	Fields     fields            `json:"fields"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
	Envelope   envelope          `json:"envelope"`
}

// envelope is the body of a notification.
type envelope struct {
	Resource struct {
		Ciphertext     string `json:"ciphertext"`
		AssociatedData string `json:"associated_data"`
		Nonce          string `json:"nonce"`
	} `json:"resource"`
}

func (c call) header() http.Header {
	header := http.Header{}
	for name, value := range c.Headers {
		header.Set(name, value)
	}
	return header
}

type answer struct {
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

// operations are what a client can do, by the name that the matrix has for it.
type operations map[string]func(call) (any, error)

var peers = map[string]struct {
	module string
	open   func(setup, account) (operations, error)
}{
	"wechatpay-go": {"github.com/wechatpay-apiv3/wechatpay-go", wechatpayGo},
	"gopay":        {"github.com/go-pay/gopay", gopayClient},
}

// version returns the version of a module that is built in.
func version(module string) (any, error) {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, dependency := range info.Deps {
			if dependency.Path == module {
				return strings.TrimPrefix(dependency.Version, "v"), nil
			}
		}
	}
	return nil, fmt.Errorf("%s is not built in", module)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 || peers[os.Args[1]].open == nil {
		return errors.New("usage: peer wechatpay-go|gopay SETUP")
	}
	var s setup
	if err := json.Unmarshal([]byte(os.Args[2]), &s); err != nil {
		return err
	}
	text, err := os.ReadFile(s.path("sandbox.json"))
	if err != nil {
		return err
	}
	var a account
	if err := json.Unmarshal(text, &a); err != nil {
		return err
	}
	peer := peers[os.Args[1]]
	can, err := peer.open(s, a)
	if err != nil {
		return err
	}
	can["version"] = func(call) (any, error) { return version(peer.module) }
	lines, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		result := answer{Error: "no such call"}
		if operation := can[c.Op]; operation != nil {
			value, err := operation(c)
			result = answer{Value: value}
			if err != nil {
				result = answer{Error: err.Error()}
			}
		}
		if err := out.Encode(result); err != nil {
			return err
		}
	}
	return lines.Err()
}
