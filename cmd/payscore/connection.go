package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	CertFile         string `name:"cert-file" env:"WECHATPAY_CERT_FILE" placeholder:"FILE" help:"The merchant's API certificate, apiclient_cert.pem."`
	PublicKeyID      string `name:"public-key-id" env:"WECHATPAY_PUBLIC_KEY_ID" placeholder:"ID" help:"Id of WeChat Pay's public key. It starts with PUB_KEY_ID_."`
	PublicKeyFile    string `name:"public-key-file" env:"WECHATPAY_PUBLIC_KEY_FILE" placeholder:"FILE" help:"WeChat Pay's public key."`
	PlatformCertFile string `name:"platform-cert-file" env:"WECHATPAY_PLATFORM_CERT_FILE" placeholder:"FILE" help:"WeChat Pay's platform certificate, instead of the public key or beside it."`
	SubMchID         string `name:"sub-mchid" env:"WECHATPAY_SUB_MCHID" placeholder:"ID" help:"Sub-merchant of the order."`
	ServiceID        string `name:"service-id" env:"WECHATPAY_SERVICE_ID" placeholder:"ID" help:"Service of the order."`
}

// configFile is the file of --config. It may be sandbox.json, so it has that file's
// other fields too.
type configFile struct {
	BaseURL          string `yaml:"base_url"`
	MchID            string `yaml:"mchid"`
	SerialNo         string `yaml:"serial_no"`
	KeyFile          string `yaml:"key_file"`
	CertFile         string `yaml:"cert_file"`
	PublicKeyID      string `yaml:"public_key_id"`
	PublicKeyFile    string `yaml:"public_key_file"`
	PlatformCertFile string `yaml:"platform_cert_file"`
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
		{"cert-file", &c.CertFile, file.CertFile},
		{"public-key-id", &c.PublicKeyID, file.PublicKeyID},
		{"public-key-file", &c.PublicKeyFile, file.PublicKeyFile},
		{"platform-cert-file", &c.PlatformCertFile, file.PlatformCertFile},
		{"sub-mchid", &c.SubMchID, file.SubMchID},
		{"service-id", &c.ServiceID, file.ServiceID},
	}
}

type setting struct {
	flag string
	into *string
	from string
}

// fill sets from the files what has no flag or variable. given has the names of the
// flags on the command line.
func (c *connection) fill(given map[string]bool) error {
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
		for _, s := range c.settings(file) {
			// Variables are left out: those of a real merchant would send the
			// sandbox's keys to the real host.
			if !given[s.flag] {
				*s.into = s.from
			}
		}
	case c.Config != "":
		file, err := readConfig(c.Config)
		if err != nil {
			return err
		}
		for _, s := range c.settings(file) {
			if *s.into == "" {
				*s.into = s.from
			}
		}
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
	for _, path := range []*string{&conf.KeyFile, &conf.CertFile, &conf.PublicKeyFile, &conf.PlatformCertFile} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(file), *path)
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
	rec.next = transport.NewRoundTripper()
	client, err := payscore.New(c.BaseURL,
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, verifier, transport.WithRoundTripper(rec), transport.WithRetry(retries))))
	if err != nil {
		return nil, inputError{err}
	}
	return client, nil
}

func (c *connection) signer(opts ...auth.SignerOption) (*auth.Signer, error) {
	switch {
	case c.MchID == "":
		return nil, missing("--mchid")
	case c.KeyFile == "":
		return nil, missing("--key-file")
	case c.CertFile != "":
		signer, err := auth.LoadSignerWithCertificate(c.MchID, c.KeyFile, c.CertFile, opts...)
		if err == nil && c.SerialNo != "" && !strings.EqualFold(c.SerialNo, signer.SerialNo()) {
			return nil, fmt.Errorf("--serial-no is %s, but the certificate %s has %s", c.SerialNo, c.CertFile, signer.SerialNo())
		}
		return signer, err
	case c.SerialNo == "":
		return nil, missing("--serial-no or --cert-file")
	default:
		return auth.LoadSigner(c.MchID, c.SerialNo, c.KeyFile, opts...)
	}
}

func (c *connection) verifier() (*auth.Verifier, error) {
	var keys []auth.Key
	if c.PublicKeyFile != "" {
		if c.PublicKeyID == "" {
			return nil, missing("--public-key-id")
		}
		key, err := auth.LoadPublicKey(c.PublicKeyID, c.PublicKeyFile)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if c.PlatformCertFile != "" {
		key, err := auth.LoadPlatformCertificate(c.PlatformCertFile)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, missing("--public-key-file or --platform-cert-file")
	}
	return auth.NewVerifier(keys...)
}

func missing(flag string) error {
	return inputError{errors.New(flag + " is missing (flag, variable or file: see --help)")}
}
