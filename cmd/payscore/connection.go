package main

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// connection has the host, the merchant and the keys. A flag takes precedence over a
// variable, and a variable over the file of --config. --keys is a flag, so it takes
// precedence over variables too.
type connection struct {
	Config string `env:"WECHATPAY_CONFIG" placeholder:"FILE" help:"YAML file with any of the flags below, _ for - (mchid, key_file, ...). Files in it are relative to it."`
	Keys   string `placeholder:"DIR" help:"Directory that 'payscore sandbox' wrote. It gives all of the flags below."`

	BaseURL          string `name:"base-url" env:"WECHATPAY_BASE_URL" placeholder:"URL" help:"Host (default: the real one, ${default_server})."`
	MchID            string `name:"mchid" env:"WECHATPAY_MCHID" placeholder:"ID" help:"Merchant number of the service provider."`
	SerialNo         string `name:"serial-no" env:"WECHATPAY_SERIAL_NO" placeholder:"HEX" help:"Serial of the merchant's API certificate. Not needed with --cert-file."`
	KeyFile          string `name:"key-file" env:"WECHATPAY_KEY_FILE" placeholder:"FILE" help:"The merchant's private key, apiclient_key.pem."`
	Key              string `name:"key" env:"WECHATPAY_KEY" placeholder:"TEXT" help:"The private key itself. Use the variable: others on the machine can read a command line."`
	CertFile         string `name:"cert-file" env:"WECHATPAY_CERT_FILE" placeholder:"FILE" help:"The merchant's API certificate, apiclient_cert.pem."`
	Cert             string `name:"cert" env:"WECHATPAY_CERT" placeholder:"TEXT" help:"The API certificate itself."`
	PublicKeyID      string `name:"public-key-id" env:"WECHATPAY_PUBLIC_KEY_ID" placeholder:"ID" help:"Id of WeChat Pay's public key. It starts with PUB_KEY_ID_."`
	PublicKeyFile    string `name:"public-key-file" env:"WECHATPAY_PUBLIC_KEY_FILE" placeholder:"FILE" help:"WeChat Pay's public key, pub_key.pem."`
	PublicKey        string `name:"public-key" env:"WECHATPAY_PUBLIC_KEY" placeholder:"TEXT" help:"WeChat Pay's public key itself."`
	PlatformCertFile string `name:"platform-cert-file" env:"WECHATPAY_PLATFORM_CERT_FILE" placeholder:"FILE" help:"WeChat Pay's platform certificate, instead of the public key or beside it."`
	PlatformCert     string `name:"platform-cert" env:"WECHATPAY_PLATFORM_CERT" placeholder:"TEXT" help:"The platform certificate itself."`
	Proxy            string `name:"proxy" env:"WECHATPAY_PROXY" placeholder:"URL" help:"Proxy for all requests, http, https or socks5 (default: by HTTPS_PROXY and NO_PROXY)."`
	SubMchID         string `name:"sub-mchid" env:"WECHATPAY_SUB_MCHID" placeholder:"ID" help:"Sub-merchant of the order."`
	ServiceID        string `name:"service-id" env:"WECHATPAY_SERVICE_ID" placeholder:"ID" help:"Service of the order."`

	// apiV3Key is for doctor. It has a variable and a setting in the file, but no
	// flag, since a command line is no place for it.
	apiV3Key string
}

const apiV3KeyVariable = "WECHATPAY_API_V3_KEY"

// configFile is the file of --config. It may be sandbox.json, so it has that file's
// other fields too.
type configFile struct {
	BaseURL          string `yaml:"base_url"`
	MchID            string `yaml:"mchid"`
	SerialNo         string `yaml:"serial_no"`
	KeyFile          string `yaml:"key_file"`
	Key              string `yaml:"key"`
	CertFile         string `yaml:"cert_file"`
	Cert             string `yaml:"cert"`
	PublicKeyID      string `yaml:"public_key_id"`
	PublicKeyFile    string `yaml:"public_key_file"`
	PublicKey        string `yaml:"public_key"`
	PlatformCertFile string `yaml:"platform_cert_file"`
	PlatformCert     string `yaml:"platform_cert"`
	Proxy            string `yaml:"proxy"`
	SubMchID         string `yaml:"sub_mchid"`
	ServiceID        string `yaml:"service_id"`

	APIv3Key         string `yaml:"api_v3_key"`
	PlatformSerialNo string `yaml:"platform_serial_no"`
	AppID            string `yaml:"appid"`
}

// settings returns the flags above, each with its value in a file.
func (c *connection) settings(file configFile) []setting {
	return []setting{
		{"base-url", &c.BaseURL, file.BaseURL},
		{"mchid", &c.MchID, file.MchID},
		{"serial-no", &c.SerialNo, file.SerialNo},
		{"key-file", &c.KeyFile, file.KeyFile},
		{"key", &c.Key, file.Key},
		{"cert-file", &c.CertFile, file.CertFile},
		{"cert", &c.Cert, file.Cert},
		{"public-key-id", &c.PublicKeyID, file.PublicKeyID},
		{"public-key-file", &c.PublicKeyFile, file.PublicKeyFile},
		{"public-key", &c.PublicKey, file.PublicKey},
		{"platform-cert-file", &c.PlatformCertFile, file.PlatformCertFile},
		{"platform-cert", &c.PlatformCert, file.PlatformCert},
		{"proxy", &c.Proxy, file.Proxy},
		{"sub-mchid", &c.SubMchID, file.SubMchID},
		{"service-id", &c.ServiceID, file.ServiceID},
	}
}

type setting struct {
	flag string
	into *string
	from string
}

// keyPair is the two settings for one key: --key and --key-file.
type keyPair struct {
	flag       string // of the text; that of the file has -file after it
	text, file *string
}

func (p keyPair) both() bool { return *p.text != "" && *p.file != "" }

func (c *connection) keyPairs() []keyPair {
	return []keyPair{
		{"key", &c.Key, &c.KeyFile},
		{"cert", &c.Cert, &c.CertFile},
		{"public-key", &c.PublicKey, &c.PublicKeyFile},
		{"platform-cert", &c.PlatformCert, &c.PlatformCertFile},
	}
}

// keyPairs are in the order of the connection's.
func (f *configFile) keyPairs() []keyPair {
	return []keyPair{
		{"key", &f.Key, &f.KeyFile},
		{"cert", &f.Cert, &f.CertFile},
		{"public_key", &f.PublicKey, &f.PublicKeyFile},
		{"platform_cert", &f.PlatformCert, &f.PlatformCertFile},
	}
}

// fill sets from the files what has no flag or variable. given has the names of the
// flags on the command line.
func (c *connection) fill(given map[string]bool) error {
	for _, p := range c.keyPairs() {
		text, file := given[p.flag], given[p.flag+"-file"]
		switch {
		case !p.both():
		case text && !file:
			*p.file = ""
		case file && !text:
			*p.text = ""
		case c.Keys == "" || text: // else both are variables, which --keys leaves out
			return fmt.Errorf("--%s and --%s-file: give one of them (flag or variable)", p.flag, p.flag)
		}
	}
	c.apiV3Key = os.Getenv(apiV3KeyVariable)
	switch {
	case c.Keys != "" && given["config"]:
		return errors.New("--keys and --config: give one of them")
	case c.Keys != "":
		file, err := readConfig(filepath.Join(c.Keys, sandbox.AccountFile))
		if err != nil {
			return err
		}
		file.KeyFile = filepath.Join(c.Keys, sandbox.MerchantKeyFile)
		file.CertFile = filepath.Join(c.Keys, sandbox.MerchantCertFile)
		file.PublicKeyFile = filepath.Join(c.Keys, sandbox.PublicKeyFile)
		file.PlatformCertFile = filepath.Join(c.Keys, sandbox.PlatformCertFile)
		pairs := file.keyPairs()
		for i, p := range c.keyPairs() {
			if given[p.flag] {
				*pairs[i].file = ""
			}
		}
		for _, s := range c.settings(file) {
			// Variables are left out: those of a real merchant would send the
			// sandbox's keys to the real host.
			if !given[s.flag] {
				*s.into = s.from
			}
		}
		c.apiV3Key = file.APIv3Key
	case c.Config != "":
		file, err := readConfig(c.Config)
		if err != nil {
			return err
		}
		pairs := file.keyPairs()
		for i, p := range c.keyPairs() {
			if *p.text != "" || *p.file != "" {
				*pairs[i].text, *pairs[i].file = "", ""
			}
		}
		for _, s := range c.settings(file) {
			if *s.into == "" {
				*s.into = s.from
			}
		}
		c.apiV3Key = cmp.Or(c.apiV3Key, file.APIv3Key)
	}
	if c.BaseURL == "" {
		c.BaseURL = payscore.DefaultServer
	}
	return nil
}

// agrees returns an error if a body has another sub-merchant or service than the
// flags.
func (c *connection) agrees(name, subMchID string, serviceID *string) error {
	if c.SubMchID != "" && c.SubMchID != subMchID {
		return fmt.Errorf("%s: $.sub_mchid: is %s, but --sub-mchid (flag, variable or file) is %s", name, subMchID, c.SubMchID)
	}
	if c.ServiceID != "" && serviceID != nil && c.ServiceID != *serviceID {
		return fmt.Errorf("%s: $.service_id: is %s, but --service-id (flag, variable or file) is %s", name, *serviceID, c.ServiceID)
	}
	return nil
}

// given returns the names of the flags on the command line, without those that a
// variable set.
func given(k *kong.Context) map[string]bool {
	names := map[string]bool{}
	for _, p := range k.Path {
		if p.Flag != nil {
			names[p.Flag.Name] = true
		}
	}
	return names
}

func readConfig(file string) (configFile, error) {
	var conf configFile
	b, err := os.ReadFile(file)
	if err != nil {
		return conf, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	decoder.KnownFields(true) // a mistyped key would silently leave a default in force
	err = decoder.Decode(&conf)
	var second yaml.Node
	if err == nil {
		// It would be dropped silently.
		if err = decoder.Decode(&second); err == nil {
			err = fmt.Errorf("line %d: a second YAML document begins here, keep all settings in one", second.Line)
		}
	}
	if several, ok := errors.AsType[*yaml.TypeError](err); ok {
		// The decoder names the Go type, which means nothing to a user.
		text := strings.Join(several.Errors, "; ")
		text = strings.ReplaceAll(text, "not found in type main.configFile", "is none of this file's")
		err = errors.New(strings.ReplaceAll(text, "main.configFile", "settings"))
	}
	if err != nil && !errors.Is(err, io.EOF) { // a file of comments sets nothing
		return conf, fmt.Errorf("%s: %w", file, err)
	}
	for _, s := range new(connection).settings(conf) {
		if slices.Contains(keyTexts, s.flag) {
			continue
		}
		if err := noKeyInPlaceOf(s.flag, s.from); err != nil {
			return conf, fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, p := range conf.keyPairs() {
		if p.both() {
			return conf, fmt.Errorf("%s: %s and %s_file: give one of them", file, p.flag, p.flag)
		}
		if *p.file != "" && !filepath.IsAbs(*p.file) {
			*p.file = filepath.Join(filepath.Dir(file), *p.file)
		}
	}
	return conf, nil
}

// open returns a client whose calls rec records. Its errors are input errors.
func (c *connection) open(rec *recorder) (*payscore.Client, error) {
	signer, err := c.signer()
	if err != nil {
		return nil, inputError{err}
	}
	verifier, err := c.verifier()
	if err != nil {
		return nil, inputError{err}
	}
	if rec.next, err = c.roundTripper(); err != nil {
		return nil, inputError{err}
	}
	client, err := payscore.New(c.BaseURL,
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, verifier, transport.WithRoundTripper(rec), transport.WithRetry(retries))))
	if err != nil {
		return nil, inputError{err}
	}
	return client, nil
}

// roundTripper returns what carries all requests of a command.
func (c *connection) roundTripper() (*http.Transport, error) {
	rt := transport.NewRoundTripper()
	if c.Keys != "" {
		if err := trust(rt, filepath.Join(c.Keys, sandbox.AuthorityCertFile)); err != nil {
			return nil, err
		}
	}
	if c.Proxy == "" {
		return rt, nil // which obeys HTTPS_PROXY
	}
	text := c.Proxy
	if !strings.Contains(text, "://") { // curl takes it, too
		text = "http://" + text
	}
	proxy, err := url.Parse(text)
	if err != nil || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, proxy.Scheme) || proxy.Hostname() == "" ||
		strings.Trim(proxy.Path, "/") != "" || proxy.RawQuery != "" || proxy.Fragment != "" { // a password with # makes one
		return nil, errors.New("--proxy is not a URL such as http://127.0.0.1:8080 (flag, variable or file)") // not shown: it may hold a password
	}
	rt.Proxy = http.ProxyURL(proxy)
	return rt, nil
}

// trust adds the authority of a sandbox to those of the system. A directory of an
// earlier version has none.
func trust(rt *http.Transport, file string) error {
	b, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(b) {
		return fmt.Errorf("%s: no certificate", file)
	}
	if rt.TLSClientConfig == nil {
		rt.TLSClientConfig = &tls.Config{}
	}
	rt.TLSClientConfig.RootCAs = roots
	return nil
}

func (c *connection) signer(opts ...auth.SignerOption) (*auth.Signer, error) {
	switch {
	case c.MchID == "":
		return nil, missing("--mchid")
	case c.ownKey().missing():
		return nil, missing("--key-file")
	case c.ownCert().missing() && c.SerialNo == "":
		return nil, missing("--serial-no or --cert-file")
	}
	key, err := load(c.ownKey(), auth.ParsePrivateKey)
	if err != nil {
		return nil, err
	}
	serial := c.SerialNo
	if serial != "" {
		if serial, err = auth.ParseSerialNo(serial); err != nil {
			return nil, err
		}
	}
	if c.ownCert().missing() {
		return auth.NewSigner(c.MchID, serial, key, opts...)
	}
	cert, err := load(c.ownCert(), auth.ParsePlatformCertificate)
	switch {
	case err != nil:
		return nil, err
	case !cert.PublicKey.Equal(&key.PublicKey):
		return nil, fmt.Errorf("%s: %w in %s", c.ownCert().name(), auth.ErrKeyMismatch, c.ownKey().name())
	case serial != "" && serial != cert.ID:
		return nil, fmt.Errorf("--serial-no is %s, but the certificate %s has %s", serial, c.ownCert().name(), cert.ID)
	}
	return auth.NewSigner(c.MchID, cert.ID, key, opts...)
}

func (c *connection) verifier() (*auth.Verifier, error) {
	keys, err := c.answerKeys()
	if err != nil {
		return nil, err
	}
	return auth.NewVerifier(keys...)
}

// answerKeys returns the keys that WeChat Pay signs with, at least one.
func (c *connection) answerKeys() ([]auth.Key, error) {
	var keys []auth.Key
	if given := c.publicKey(); !given.missing() {
		if c.PublicKeyID == "" {
			return nil, missing("--public-key-id")
		}
		key, err := load(given, func(raw []byte) (auth.Key, error) { return auth.ParsePublicKey(c.PublicKeyID, raw) })
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if given := c.platformCert(); !given.missing() {
		key, err := load(given, auth.ParsePlatformCertificate)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, missing("--public-key-file or --platform-cert-file")
	}
	return keys, nil
}

func missing(flag string) error {
	return inputError{errors.New(flag + " is missing (flag, variable or file: see --help)")}
}
