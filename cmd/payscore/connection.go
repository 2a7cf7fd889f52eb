package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// connection says which host to call, as whom, with which keys. A flag wins
// over a variable, a variable over the configuration file.
type connection struct {
	Config string `type:"existingfile" env:"WECHATPAY_CONFIG" placeholder:"FILE" help:"YAML file with any of the following, with _ for - (base_url, mchid, ...). Files in it are relative to it."`
	Keys   string `type:"existingdir" placeholder:"DIR" help:"Directory that 'payscore sandbox' wrote; gives all of the following."`

	BaseURL          string `name:"base-url" env:"WECHATPAY_BASE_URL" placeholder:"URL" help:"Host (default: the real one, ${default_server})."`
	MchID            string `name:"mchid" env:"WECHATPAY_MCHID" placeholder:"ID" help:"Merchant number of the service provider."`
	SerialNo         string `name:"serial-no" env:"WECHATPAY_SERIAL_NO" placeholder:"HEX" help:"Serial of the merchant's API certificate. Not needed with --cert-file."`
	KeyFile          string `name:"key-file" env:"WECHATPAY_KEY_FILE" placeholder:"FILE" help:"The merchant's private key, apiclient_key.pem."`
	CertFile         string `name:"cert-file" env:"WECHATPAY_CERT_FILE" placeholder:"FILE" help:"The merchant's API certificate, apiclient_cert.pem."`
	PublicKeyID      string `name:"public-key-id" env:"WECHATPAY_PUBLIC_KEY_ID" placeholder:"ID" help:"Id of WeChat Pay's public key, PUB_KEY_ID_..."`
	PublicKeyFile    string `name:"public-key-file" env:"WECHATPAY_PUBLIC_KEY_FILE" placeholder:"FILE" help:"WeChat Pay's public key."`
	PlatformCertFile string `name:"platform-cert-file" env:"WECHATPAY_PLATFORM_CERT_FILE" placeholder:"FILE" help:"WeChat Pay's platform certificate, instead of the public key or beside it."`
	SubMchID         string `name:"sub-mchid" env:"WECHATPAY_SUB_MCHID" placeholder:"ID" help:"Sub-merchant of the order."`
	ServiceID        string `name:"service-id" env:"WECHATPAY_SERVICE_ID" placeholder:"ID" help:"Service of the order."`
}

// configFile is what --config reads. It takes sandbox.json too, so it knows
// that file's other fields.
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

// fill takes from the files what neither a flag nor a variable gave.
func (c *connection) fill() error {
	for _, file := range []string{c.Keys, c.Config} {
		if file == "" {
			continue
		}
		var conf configFile
		var err error
		if file == c.Keys {
			conf, err = readConfig(filepath.Join(file, sandbox.AccountFile))
			conf.KeyFile = filepath.Join(file, sandbox.MerchantKeyFile)
			conf.PublicKeyFile = filepath.Join(file, sandbox.PublicKeyFile)
			conf.PlatformCertFile = filepath.Join(file, sandbox.PlatformCertFile)
		} else {
			conf, err = readConfig(file)
		}
		if err != nil {
			return err
		}
		for _, field := range []struct {
			into *string
			from string
		}{
			{&c.BaseURL, conf.BaseURL}, {&c.MchID, conf.MchID}, {&c.SerialNo, conf.SerialNo}, {&c.KeyFile, conf.KeyFile},
			{&c.CertFile, conf.CertFile}, {&c.PublicKeyID, conf.PublicKeyID}, {&c.PublicKeyFile, conf.PublicKeyFile},
			{&c.PlatformCertFile, conf.PlatformCertFile}, {&c.SubMchID, conf.SubMchID}, {&c.ServiceID, conf.ServiceID},
		} {
			if *field.into == "" {
				*field.into = field.from
			}
		}
	}
	if c.BaseURL == "" {
		c.BaseURL = payscore.DefaultServer
	}
	return nil
}

func readConfig(file string) (configFile, error) {
	var conf configFile
	b, err := os.ReadFile(file)
	if err != nil {
		return conf, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	decoder.KnownFields(true) // a mistyped key would silently leave a default in force
	if err := decoder.Decode(&conf); err != nil {
		return conf, fmt.Errorf("%s: %w", file, err)
	}
	for _, path := range []*string{&conf.KeyFile, &conf.CertFile, &conf.PublicKeyFile, &conf.PlatformCertFile} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(file), *path)
		}
	}
	return conf, nil
}

// open makes a client, whose calls rec records. An error is the user's.
func (c *connection) open(rec *recorder) (*payscore.Client, error) {
	if err := c.fill(); err != nil {
		return nil, inputError{err}
	}
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
		payscore.WithHTTPClient(transport.New(signer, verifier, transport.WithRoundTripper(rec))))
	if err != nil {
		return nil, inputError{err}
	}
	if c.SubMchID == "" {
		return nil, missing("--sub-mchid")
	}
	return client, nil
}

func (c *connection) signer() (*auth.Signer, error) {
	switch {
	case c.MchID == "":
		return nil, missing("--mchid")
	case c.KeyFile == "":
		return nil, missing("--key-file")
	case c.CertFile != "":
		return auth.LoadSignerWithCertificate(c.MchID, c.KeyFile, c.CertFile)
	case c.SerialNo == "":
		return nil, missing("--serial-no or --cert-file")
	default:
		return auth.LoadSigner(c.MchID, c.SerialNo, c.KeyFile)
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
	return inputError{errors.New(flag + " is missing (see --help for the variable and the file key)")}
}

// recorder keeps the last request and answer that went over the wire.
type recorder struct {
	next     http.RoundTripper
	request  *http.Request
	response *http.Response
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.request, r.response = req, nil
	rsp, err := r.next.RoundTrip(req)
	r.response = rsp
	return rsp, err
}
