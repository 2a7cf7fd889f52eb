// Package vectors makes the vectors of api/vectors: signatures, encrypted
// notifications, parameters of openBusinessView, downloads of platform
// certificates and sensitive fields, byte for byte, for implementations in any
// language. It uses neither package auth nor any other of the project, so that the
// vectors say nothing about them.
package vectors

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/output"
)

// Files gives the vectors, made with the test keys in the directory dir.
func Files(dir string) ([]output.File, error) {
	keys := map[string]*rsa.PrivateKey{}
	for _, name := range []string{"merchant_key.pem", "wechatpay_private_key.pem", "platform_private_key.pem", "platform_private_key_2.pem"} {
		key, err := readKey(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		keys[name] = key
	}
	var failed error
	sign := func(name, message string) string {
		digest := sha256.Sum256([]byte(message))
		// This kind of signature is the same each time; the randomness only hides the key.
		signed, err := rsa.SignPKCS1v15(rand.Reader, keys[name], crypto.SHA256, digest[:])
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", name, err)
		}
		return base64.StdEncoding.EncodeToString(signed)
	}
	pems, err := platformCertificates(dir)
	if err != nil {
		return nil, err
	}
	var out []output.File
	for _, f := range []struct {
		name    string
		vectors any
	}{
		{"signature.json", signature(sign)},
		{"notification.json", notifications(sign)},
		{"launch.json", launches()},
		{"certificates.json", certificates(sign, pems)},
		{"sensitive.json", sensitive(keys)},
	} {
		var data bytes.Buffer
		enc := json.NewEncoder(&data)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(f.vectors); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		out = append(out, output.File{Name: "api/vectors/" + f.name, Data: data.Bytes()})
	}
	return out, failed
}

func readKey(file string) (*rsa.PrivateKey, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: not an RSA key", file)
	}
	return key, nil
}
