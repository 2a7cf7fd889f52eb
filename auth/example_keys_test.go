package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

// Platform certificates that WeChat Pay changes while the program runs, and a
// public key beside them.
func ExampleCertificateSource() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	signer, err := auth.LoadSigner("1900000001", "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A", "apiclient_key.pem")
	if err != nil {
		log.Fatal(err)
	}
	apiV3Key, err := auth.NewAPIv3Key(os.Getenv("WECHATPAY_API_V3_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	public, err := auth.LoadPublicKey("PUB_KEY_ID_0119000000012025061500000000000001", "pub_key.pem")
	if err != nil {
		log.Fatal(err)
	}

	source, err := auth.NewCertificateSource(auth.CertificateConfig{
		Signer:    signer,
		APIv3Keys: []auth.APIv3Key{apiV3Key},
		Keys:      []auth.Key{public},
		OnError:   func(err error) { log.Print(err) },
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := source.Refresh(ctx); err != nil && !errors.Is(err, auth.ErrNoCertificates) {
		log.Fatal(err)
	}
	source.Start(ctx)
	verifier, err := auth.NewVerifierFrom(source)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verifier.PreferredID()) // transport.New(signer, verifier) from here on
}

// A renewed API certificate comes into use without a restart.
func ExampleSigner_Rotate() {
	signer, err := auth.LoadSignerWithCertificate("1900000001", merchantKeyFile, merchantCertFile)
	if err != nil {
		log.Fatal(err)
	}
	next, err := auth.LoadSigner("1900000001", "0D00000000000000000000000000000000000004", "../api/vectors/platform_private_key.pem")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signer.SerialNo())
	if err := signer.Rotate(next); err != nil {
		log.Fatal(err)
	}
	fmt.Println(signer.SerialNo())
	// Output:
	// 5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A
	// 0D00000000000000000000000000000000000004
}

func ExampleLaunchSigner() {
	key, err := auth.NewAPIv2Key("TestOnlyAPIv2Key0123456789abcdef")
	if err != nil {
		log.Fatal(err)
	}
	signer, err := auth.NewLaunchSigner("1900000001", key,
		auth.WithLaunchClock(func() time.Time { return time.Unix(1750000000, 0) }), // only so that
		auth.WithLaunchNonce(func() (string, error) { return "5K8264", nil }))      // the output is the same
	if err != nil {
		log.Fatal(err)
	}
	launch, err := signer.Detail("500001", "1234323JKHDFE1243252")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(launch.BusinessType)
	for _, p := range launch.Params[:5] {
		fmt.Println(p.Name, p.Value)
	}
	// Output:
	// wxpayScoreDetail
	// mch_id 1900000001
	// service_id 500001
	// out_order_no 1234323JKHDFE1243252
	// timestamp 1750000000
	// nonce_str 5K8264
}

// A field is encrypted for the other side: with WeChat Pay's key on the way there,
// with the merchant's on the way back.
func ExampleKey_Encrypt() {
	signer, err := auth.LoadSigner("1900000001", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "../api/vectors/merchant_key.pem")
	if err != nil {
		log.Fatal(err)
	}
	key, err := auth.LoadPublicKey("PUB_KEY_ID_0119000000012025061500000000000001", "../api/vectors/wechatpay_public_key.pem")
	if err != nil {
		log.Fatal(err)
	}
	secret, err := key.Encrypt("13800138000")
	if err != nil {
		log.Fatal(err)
	}
	body := strings.NewReader(`{"echo_message":"hello","encrypted_echo_message":"` + secret + `"}`)
	req, err := http.NewRequest(http.MethodPost, "https://api.mch.weixin.qq.com/v3/security/echo", body)
	if err != nil {
		log.Fatal(err)
	}
	for _, edit := range []func(context.Context, *http.Request) error{key.NameInRequest, signer.Sign} {
		if err := edit(context.Background(), req); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(len(secret), req.Header.Get(auth.HeaderSerial))

	_, err = signer.DecryptSensitive(secret) // it is for WeChat Pay
	fmt.Println(err)
	// Output:
	// 344 PUB_KEY_ID_0119000000012025061500000000000001
	// auth: sensitive field: it does not decrypt with the merchant's private key
}
