package bench

import (
	_ "unsafe" // for the link name below

	"github.com/go-pay/gopay"
	gopaywechat "github.com/go-pay/gopay/wechat/v3"
)

// GopaySign is gopay's signing, which it does not export.
//
//go:linkname GopaySign github.com/go-pay/gopay/wechat/v3.(*ClientV3).authorization
func GopaySign(c *gopaywechat.ClientV3, method, path string, body gopay.BodyMap) (string, error)
