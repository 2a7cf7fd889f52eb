package auth_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

// The files are the test keys of api/vectors.
const (
	merchantKeyFile   = "../api/vectors/merchant_key.pem"
	merchantCertFile  = "../api/vectors/merchant_cert.pem"
	wechatpayKeyFile  = "../api/vectors/wechatpay_public_key.pem"
	platformCertFile  = "../api/vectors/platform_cert.pem"
	wechatpayKeyID    = "PUB_KEY_ID_0119000000012025061500000000000001"
	exampleRequestURL = "https://api.mch.weixin.qq.com/v3/payscore/partner/serviceorder/1234323JKHDFE1243252/modify"
)

// A signer and a verifier set up together: the verifier knows which key WeChat
// Pay should sign its answers with, and the signer asks for it.
func Example() {
	key, err := auth.LoadPublicKey(wechatpayKeyID, wechatpayKeyFile)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := auth.NewVerifier(key)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := auth.LoadSignerWithCertificate("1900000001", merchantKeyFile, merchantCertFile,
		auth.WithWechatpaySerial(verifier.PreferredID()))
	if err != nil {
		log.Fatal(err)
	}

	req, err := http.NewRequest("POST", exampleRequestURL, strings.NewReader(`{"total_amount":40000}`))
	if err != nil {
		log.Fatal(err)
	}
	if err := signer.Sign(context.Background(), req); err != nil {
		log.Fatal(err)
	}
	fmt.Println(req.Header.Get("Authorization")[:49])
	fmt.Println(req.Header.Get("Wechatpay-Serial"))

	// What would come back, here without a signature.
	resp := &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}}
	err = verifier.Verify(resp.Header, nil)
	fmt.Println(err)
	fmt.Println(errors.Is(err, auth.ErrUnverified))
	// Output:
	// WECHATPAY2-SHA256-RSA2048 mchid="1900000001",nonc
	// PUB_KEY_ID_0119000000012025061500000000000001
	// auth: unverified: header Wechatpay-Timestamp is missing; no Wechatpay- header is there at all: they were dropped, or it is not from WeChat Pay
	// true
}

// A signer can be logged: the key does not show.
func ExampleLoadSigner() {
	signer, err := auth.LoadSigner("1900000001", "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A", merchantKeyFile)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", signer)
	// Output:
	// auth.Signer{mchid:"1900000001", serial_no:"5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A", key:redacted}
}

// The id of WeChat Pay's key is often taken for the serial number of the
// merchant's certificate.
func ExampleLoadSigner_wrongSerial() {
	_, err := auth.LoadSigner("1900000001", "PUB_KEY_ID_0119000000012025061500000000000001", merchantKeyFile)
	fmt.Println(err)
	// Output:
	// auth: serial number "PUB_KEY_ID_0119000000012025061500000000000001" is the id of a WeChat Pay public key; the serial number of the merchant's API certificate is wanted
}

// remoteKey stands for a client of a KMS or HSM.
type remoteKey struct{ crypto.Signer }

func (k remoteKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	fmt.Printf("asked to sign %d bytes, made with %v\n", len(digest), opts.HashFunc())
	return k.Signer.Sign(rand, digest, opts)
}

// The private key may stay in a KMS or HSM: all that is needed is a
// crypto.Signer that makes PKCS #1 v1.5 signatures.
func ExampleNewSigner() {
	data, err := os.ReadFile(merchantKeyFile)
	if err != nil {
		log.Fatal(err)
	}
	key, err := auth.ParsePrivateKey(data)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := auth.NewSigner("1900000001", "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A", remoteKey{key})
	if err != nil {
		log.Fatal(err)
	}
	req, err := http.NewRequest("GET", "https://api.mch.weixin.qq.com/v3/payscore/partner/serviceorder?out_order_no=1", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signer.Sign(context.Background(), req))
	// Output:
	// asked to sign 32 bytes, made with SHA-256
	// <nil>
}

func ExampleSigner_Authorization() {
	signer, err := auth.LoadSignerWithCertificate("1900000001", merchantKeyFile, merchantCertFile)
	if err != nil {
		log.Fatal(err)
	}
	value, err := signer.Authorization("GET", "/v3/payscore/partner/serviceorder?out_order_no=1",
		time.Unix(1750000000, 0), "593BEC0C930BF1AFEB40B4A08C8FB242", nil)
	if err != nil {
		log.Fatal(err)
	}
	a, err := auth.ParseAuthorization(value)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.MchID, a.Timestamp, a.Nonce)
	// Output:
	// 1900000001 1750000000 593BEC0C930BF1AFEB40B4A08C8FB242
}

func ExampleRequestMessage() {
	fmt.Printf("%q\n", auth.RequestMessage("POST", "/v3/payscore/partner/serviceorder/A%7CB/modify", "1750000000", "593BEC0C", []byte(`{"total_amount":1}`)))
	fmt.Printf("%q\n", auth.RequestMessage("GET", "/v3/x?a=b", "1750000000", "593BEC0C", nil))
	// Output:
	// "POST\n/v3/payscore/partner/serviceorder/A%7CB/modify\n1750000000\n593BEC0C\n{\"total_amount\":1}\n"
	// "GET\n/v3/x?a=b\n1750000000\n593BEC0C\n\n"
}

func ExampleResponseMessage() {
	fmt.Printf("%q\n", auth.ResponseMessage("1750000000", "593BEC0C", nil)) // a 204
	// Output:
	// "1750000000\n593BEC0C\n\n"
}

func ExampleParseAuthorization() {
	a, err := auth.ParseAuthorization(`WECHATPAY2-SHA256-RSA2048 mchid="1900000001",nonce_str="593BEC0C",timestamp="1750000000",serial_no="5B37",signature="c2ln"`)
	fmt.Println(a.MchID, a.SerialNo, err)

	_, err = auth.ParseAuthorization(`WECHATPAY2-SHA256-RSA2048 mchid="1900000001", nonce_str="593BEC0C"`)
	fmt.Println(err)
	// Output:
	// 1900000001 5B37 <nil>
	// auth: malformed Authorization header: a parameter is none of mchid, nonce_str, timestamp, serial_no, signature
}

// While a merchant moves from the platform certificate to the public key, either
// may sign.
func ExampleNewVerifier() {
	public, err := auth.LoadPublicKey(wechatpayKeyID, wechatpayKeyFile)
	if err != nil {
		log.Fatal(err)
	}
	certificate, err := auth.LoadPlatformCertificate(platformCertFile)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := auth.NewVerifier(certificate, public)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(certificate.ID)
	fmt.Println(verifier.PreferredID())
	// Output:
	// 07E3B1A2C4D5F60718293A4B5C6D7E8F90A1B2C3
	// PUB_KEY_ID_0119000000012025061500000000000001
}

// A handler of notifications reads the raw body and verifies it before it
// decodes anything.
func ExampleVerifier_Verify() {
	key, err := auth.LoadPublicKey(wechatpayKeyID, wechatpayKeyFile)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := auth.NewVerifier(key)
	if err != nil {
		log.Fatal(err)
	}

	header := http.Header{}
	header.Set("Wechatpay-Timestamp", "1750000000")
	header.Set("Wechatpay-Nonce", "c5ac7061fccab6bf3e254dcf98995b8c")
	header.Set("Wechatpay-Serial", wechatpayKeyID)
	header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/c2lnbmF0dXJl")
	err = verifier.WithClock(func() time.Time { return time.Unix(1750000010, 0) }).Verify(header, []byte(`{"id":"1"}`))
	if se, ok := errors.AsType[*auth.SignatureError](err); ok {
		fmt.Println("refused, probe:", se.Probe)
	}

	err = verifier.WithClock(func() time.Time { return time.Unix(1750086400, 0) }).Verify(header, []byte(`{"id":"1"}`))
	fmt.Println(err)
	// Output:
	// refused, probe: true
	// auth: unverified: timestamp 2025-06-15T15:06:40Z is 24h0m0s behind this machine's clock, 5m0s is allowed
}

func ExampleDecrypt() {
	key, err := auth.NewAPIv3Key("TestOnly-0123456789abcdefghijkl!")
	if err != nil {
		fmt.Println(err)
		return
	}
	plaintext, err := auth.Decrypt("0123456789ab", "payscore", "lC77g7dhZJ5d4bbyyujYEofLOW+dL7Sn2qFuMIsf9Lg=", key)
	fmt.Println(string(plaintext), err, key)
	// Output:
	// {"state":"DONE"} <nil> auth.APIv3Key{redacted}
}
