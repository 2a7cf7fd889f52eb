package vectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

type certificateVectors struct {
	Comment      string           `json:"comment"`
	Algorithm    string           `json:"algorithm"`
	Keys         []vectorKey      `json:"wechatpay_keys"`
	Certificates []vectorKey      `json:"certificates"`
	Downloads    []downloadVector `json:"downloads"`
}

type downloadVector struct {
	Name     string            `json:"name"`
	APIv3Key string            `json:"api_v3_key"`
	Now      int64             `json:"now"`
	Status   int               `json:"status"`
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`
	Usable   []string          `json:"usable"`
	Unusable map[string]string `json:"unusable,omitempty"`
	Valid    bool              `json:"valid"`
	Reason   string            `json:"reason,omitempty"`
}

type certificateList struct {
	Data []listedCertificate `json:"data"`
}

type listedCertificate struct {
	Serial    string   `json:"serial_no"`
	Effective string   `json:"effective_time"`
	Expire    string   `json:"expire_time"`
	Encrypted resource `json:"encrypt_certificate"`
}

const (
	renewedSerial = "2C6F19D40B7E53A8C1D2E3F405162738495A6B7C"
	noCertificate = `{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥"}`
)

// platformCertificates reads what is encrypted in a download: the first is in
// force, the second is to follow it.
func platformCertificates(dir string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for serial, name := range map[string]string{platformSerial: "platform_cert.pem", renewedSerial: "platform_cert_2.pem"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(data)
		if block == nil {
			return nil, fmt.Errorf("%s: no PEM block", name)
		}
		out[serial] = pem.EncodeToMemory(block)
	}
	return out, nil
}

// certificates lists answers to GET /v3/certificates. pems has what each serial
// number stands for.
func certificates(sign signer, pems map[string][]byte) certificateVectors {
	v := certificateVectors{
		Comment:   "Made with test keys. README.md beside this file says how to check it.",
		Algorithm: algorithm,
		Keys:      wechatpayKeys[:1],
		Certificates: []vectorKey{
			{ID: platformSerial, Certificate: "platform_cert.pem", PrivateKey: "platform_private_key.pem"},
			{ID: renewedSerial, Certificate: "platform_cert_2.pem", PrivateKey: "platform_private_key_2.pem"},
		},
	}
	keyOf := map[string]string{publicKeyID: "wechatpay_private_key.pem"}
	for _, c := range v.Certificates {
		keyOf[c.ID] = c.PrivateKey
	}
	seq := 0
	list := func(serial, key, associated, plaintext string) listedCertificate {
		seq++
		nonce := fmt.Sprintf("61f9c71972%02d", seq)
		return listedCertificate{serial, "2024-01-01T08:00:00+08:00", "2050-01-01T07:59:59+08:00",
			resource{Algorithm: algorithm, Ciphertext: base64.StdEncoding.EncodeToString(seal(key, nonce, associated, plaintext)), AssociatedData: new(associated), Nonce: nonce}}
	}
	good := func(serial string) listedCertificate {
		return list(serial, apiV3Key, "certificate", string(pems[serial]))
	}
	first, second := func() listedCertificate { return good(platformSerial) }, func() listedCertificate { return good(renewedSerial) }
	changed := func(c listedCertificate, change func(*resource)) listedCertificate {
		change(&c.Encrypted)
		return c
	}
	cut := func(edit func([]byte) []byte) func(*resource) {
		return func(r *resource) {
			sealed, _ := base64.StdEncoding.DecodeString(r.Ciphertext)
			r.Ciphertext = base64.StdEncoding.EncodeToString(edit(sealed))
		}
	}
	flip := func(at int) func(*resource) {
		return cut(func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b })
	}
	type download struct {
		name     string
		list     []listedCertificate
		signedBy string // serial; default: the first certificate
		usable   []string
		unusable map[string]string
		reason   string
		status   int    // default 200
		body     string // instead of list
		now      int64
		tamper   func(body string) string // after signing
	}
	one := []string{platformSerial}
	both := []string{platformSerial, renewedSerial}
	// The only certificate is the one that signed, so that without it nothing can be verified.
	bad := func(name, reason string, c listedCertificate) download {
		return download{name: name, list: []listedCertificate{c}, unusable: map[string]string{c.Serial: reason}, reason: "unknown_key"}
	}
	for i, d := range []download{
		{name: "one certificate", list: []listedCertificate{first()}, usable: one},
		{name: "two certificates, signed with the old one", list: []listedCertificate{first(), second()}, usable: both},
		{name: "two certificates, signed with the new one", list: []listedCertificate{first(), second()}, usable: both, signedBy: renewedSerial},
		{name: "two certificates, signed with the public key", list: []listedCertificate{first(), second()}, usable: both, signedBy: publicKeyID},
		{name: "associated_data empty", list: []listedCertificate{list(platformSerial, apiV3Key, "", string(pems[platformSerial]))}, usable: one},
		{name: "associated_data absent", usable: one, list: []listedCertificate{
			changed(list(platformSerial, apiV3Key, "", string(pems[platformSerial])), func(r *resource) { r.AssociatedData = nil })}},
		{name: "one of two was tampered with", usable: one, unusable: map[string]string{renewedSerial: "authentication"},
			list: []listedCertificate{first(), changed(second(), flip(0))}},
		{name: "one of two was tampered with, and it signed", signedBy: renewedSerial, unusable: map[string]string{renewedSerial: "authentication"},
			list: []listedCertificate{first(), changed(second(), flip(0))}, reason: "unknown_key"},
		bad("another key", "authentication", list(platformSerial, otherKey, "certificate", string(pems[platformSerial]))),
		bad("first byte of the ciphertext changed", "authentication", changed(first(), flip(0))),
		bad("last byte of the tag changed", "authentication", changed(first(), flip(-1))),
		bad("associated_data changed", "authentication", changed(first(), func(r *resource) { r.AssociatedData = new("transaction") })),
		bad("associated_data emptied", "authentication", changed(first(), func(r *resource) { r.AssociatedData = new("") })),
		bad("15 bytes, less than a tag", "ciphertext", changed(first(), cut(func(b []byte) []byte { return b[:15] }))),
		bad("no ciphertext", "ciphertext", changed(first(), cut(func(b []byte) []byte { return nil }))),
		bad("ciphertext is not base64", "ciphertext", changed(first(), func(r *resource) { r.Ciphertext = "%" + r.Ciphertext })),
		bad("nonce of 11 bytes", "nonce", changed(first(), func(r *resource) { r.Nonce = r.Nonce[:11] })),
		bad("another algorithm", "algorithm", changed(first(), func(r *resource) { r.Algorithm = "AEAD_SM4_GCM" })),
		bad("what is encrypted is no certificate", "certificate", list(platformSerial, apiV3Key, "certificate", "no certificate")),
		bad("listed under the serial number of another", "serial", list(platformSerial, apiV3Key, "certificate", string(pems[renewedSerial]))),
		{name: "signed with a certificate that is not listed", list: []listedCertificate{first()}, signedBy: renewedSerial, reason: "unknown_key"},
		{name: "301 seconds old", list: []listedCertificate{first()}, now: 301, reason: "stale"},
		{name: "body changed after signing", list: []listedCertificate{first()}, reason: "signature", tamper: func(b string) string { return b + " " }},
		{name: "no data", body: `{"code":"SUCCESS"}`, reason: "data"},
		{name: "a page instead of JSON", body: "<html>ok</html>", reason: "data"},
		{name: "the merchant has no certificates", status: 404, body: noCertificate, signedBy: publicKeyID, reason: "no_certificates"},
		{name: "another error", status: 403, body: `{"code":"NO_AUTH","message":"商户无权限"}`, signedBy: publicKeyID, reason: "status"},
		{name: "another 404", status: 404, body: `{"code":"NOT_FOUND","message":"页面不存在"}`, signedBy: publicKeyID, reason: "status"},
	} {
		at := firstTime + 2000 + i
		if d.signedBy == "" {
			d.signedBy = platformSerial
		}
		if d.status == 0 {
			d.status = 200
		}
		if d.body == "" {
			var body bytes.Buffer
			enc := json.NewEncoder(&body)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(certificateList{d.list}); err != nil {
				panic(err) // strings only
			}
			d.body = string(bytes.TrimSuffix(body.Bytes(), []byte("\n")))
		}
		timestamp, nonce := strconv.Itoa(at), fmt.Sprintf("7e4b7061fccab6bf3e254dcf98995b%02d", i)
		vector := downloadVector{
			Name: d.name, APIv3Key: apiV3Key, Now: int64(at) + d.now, Status: d.status, Body: d.body,
			Usable: append([]string{}, d.usable...), Unusable: d.unusable, Valid: d.reason == "", Reason: d.reason,
			Headers: map[string]string{
				headerTimestamp: timestamp, headerNonce: nonce, headerSerial: d.signedBy, headerSignatureType: scheme,
				headerSignature: sign(keyOf[d.signedBy], timestamp+"\n"+nonce+"\n"+d.body+"\n"),
			},
		}
		if d.tamper != nil {
			vector.Body = d.tamper(vector.Body)
		}
		v.Downloads = append(v.Downloads, vector)
	}
	return v
}
