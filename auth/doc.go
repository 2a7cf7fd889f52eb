// Package auth makes and checks the signatures of WeChat Pay APIv3
// (WECHATPAY2-SHA256-RSA2048) and decrypts what it sends (AEAD_AES_256_GCM).
//
// A [Signer] holds the merchant's private key and signs requests. Its method
// Sign has the form of a request editor:
//
//	signer, err := auth.LoadSigner("1900000001", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "apiclient_key.pem")
//	...
//	client, err := payscore.New(payscore.DefaultServer, payscore.WithRequestEditorFn(signer.Sign))
//
// A [Verifier] holds the keys that WeChat Pay signs with and checks responses
// and notifications, before anything is decoded:
//
//	key, err := auth.LoadPublicKey("PUB_KEY_ID_0119000000012025010100000000000001", "pub_key.pem")
//	...
//	verifier, err := auth.NewVerifier(key)
//	...
//	err = verifier.Verify(resp.Header, body)
//
// An [APIv3Key] decrypts what notifications carry; package notify does both:
//
//	key, err := auth.NewAPIv3Key("the 32 characters of the merchant platform")
//	...
//	plaintext, err := auth.Decrypt(nonce, associatedData, ciphertext, key)
//
// Key.Encrypt and Signer.DecryptSensitive are for sensitive fields, of which PayScore
// has only that of the self test.
//
// # Which key is which
//
// Six things are easily mixed up:
//
//   - The merchant's private key (apiclient_key.pem) signs requests.
//   - The merchant's API certificate (apiclient_cert.pem) belongs to it. Its
//     serial number goes into Authorization; it verifies nothing here.
//   - The WeChat Pay public key (pub_key.pem, with an id PUB_KEY_ID_...) verifies
//     answers. New merchants have only this.
//   - The platform certificate verifies the answers that older merchants get.
//   - The APIv3 key, 32 characters, decrypts notifications and platform
//     certificates. It signs nothing.
//   - The APIv2 key, 32 characters too, signs what opens PayScore in WeChat
//     ([LaunchSigner]), and nothing else here.
//
// [ParsePrivateKey] lists the forms in which a key or certificate is taken.
//
// A merchant that moves from the platform certificate to the public key gets
// answers signed by either for some days: give both to [NewVerifier], and
// Verifier.PreferredID to [WithWechatpaySerial].
//
// # Keys that change
//
// A [CertificateSource] downloads the platform certificates, and again when
// WeChat Pay has renewed them; it takes the public key, too, and needs no
// certificate to go on:
//
//	source, err := auth.NewCertificateSource(auth.CertificateConfig{
//		Signer: signer, APIv3Keys: []auth.APIv3Key{apiV3Key}, Keys: []auth.Key{key}, OnError: report})
//	...
//	source.Start(ctx)
//	verifier, err := auth.NewVerifierFrom(source)
//
// [Signer.Rotate] takes over a renewed certificate of the merchant.
//
// # What an error of Verify means
//
// Not that the operation failed: the money may have moved. WeChat Pay also sends
// wrong signatures on purpose now and then ([SignatureError]). After a write,
// query the order; answer a notification with a 4xx or 5xx, and it comes again.
package auth
