package floor

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Who signs: the published test keys of api/vectors.
const (
	MchID       = "1900000001"
	SerialNo    = "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A"
	PublicKeyID = "PUB_KEY_ID_0119000000012025061500000000000001"
	APIv3Key    = "TestOnly-0123456789abcdefghijkl!"
)

// The request: the modification of WeChat Pay's own example, with a correct total.
const (
	OutOrderNo   = "1234323JKHDFE1243252"
	ModifyPath   = "/v3/payscore/partner/serviceorder/" + OutOrderNo + "/modify"
	CompletePath = "/v3/payscore/partner/serviceorder/" + OutOrderNo + "/complete"
	ServiceID    = "2002000000000558128851361561536"
	SubMchID     = "1900000109"
	Reason       = "用户投诉"
)

// Keys are what both sides need.
type Keys struct {
	Merchant    *rsa.PrivateKey
	MerchantPEM string
	Wechatpay   *rsa.PrivateKey // of the server alone
	Public      *rsa.PublicKey
	PublicPEM   []byte
	MerchantKey string // file
	PublicKey   string // file
}

// LoadKeys reads the keys of a directory such as api/vectors.
func LoadKeys(dir string) (*Keys, error) {
	k := &Keys{MerchantKey: filepath.Join(dir, "merchant_key.pem"), PublicKey: filepath.Join(dir, "wechatpay_public_key.pem")}
	block := func(file string) (*pem.Block, error) {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("floor: %w", err)
		}
		block, _ := pem.Decode(b)
		if block == nil {
			return nil, fmt.Errorf("floor: %s is no PEM file", file)
		}
		return block, nil
	}
	for file, key := range map[string]**rsa.PrivateKey{k.MerchantKey: &k.Merchant, filepath.Join(dir, "wechatpay_private_key.pem"): &k.Wechatpay} {
		b, err := block(file)
		if err != nil {
			return nil, err
		}
		parsed, err := x509.ParsePKCS8PrivateKey(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("floor: %s: %w", file, err)
		}
		var ok bool
		if *key, ok = parsed.(*rsa.PrivateKey); !ok {
			return nil, errors.New("floor: not an RSA key")
		}
		if file == k.MerchantKey {
			k.MerchantPEM = string(pem.EncodeToMemory(b))
		}
	}
	public, err := block(k.PublicKey)
	if err != nil {
		return nil, err
	}
	k.PublicPEM = pem.EncodeToMemory(public)
	k.Public = &k.Wechatpay.PublicKey
	return k, nil
}
