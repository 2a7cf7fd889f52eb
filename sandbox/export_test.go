package sandbox

import "crypto/rsa"

// Served are the operations that the sandbox carries out.
var Served = served

// WechatpayKey is the key that signs answers, for answers that the sandbox
// itself would not give.
func (c *Credentials) WechatpayKey() *rsa.PrivateKey { return c.wechatpay }

// PlatformKey is the key of the platform certificate.
func (c *Credentials) PlatformKey() *rsa.PublicKey { return &c.platform.PublicKey }

// Files are the names of all files of a credentials directory, and whether
// each one is secret.
func Files() map[string]bool {
	return map[string]bool{
		MerchantKeyFile: true, wechatpayKeyFile: true, platformKeyFile: true, AccountFile: true,
		MerchantCertFile: false, PublicKeyFile: false, PlatformCertFile: false,
	}
}
