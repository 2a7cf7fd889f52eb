// Command answerer is the server of the benchmarks. It answers every POST with a
// 204 and a valid signature, which it makes once a second so that it uses almost no
// CPU time. It also counts the connections that clients open.
//
// It prints the plain URL, the TLS URL and the file of the TLS certificate, one to a
// line, and exits when its standard input ends.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxpayscore/payscore/bench/floor"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: answerer KEYS_DIR TEMP_DIR")
	}
	keys, err := floor.LoadKeys(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	cert, file, err := certificate(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	a := &answers{key: keys.Wechatpay}
	for _, tlsConfig := range []*tls.Config{nil, {Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		server := &http.Server{Handler: a, IdleTimeout: 8 * time.Second, ReadHeaderTimeout: 10 * time.Second, ConnState: a.count, ErrorLog: log.New(io.Discard, "", 0)}
		url := "http://" + listener.Addr().String()
		if tlsConfig != nil {
			url = "https://" + listener.Addr().String()
			listener = tls.NewListener(listener, tlsConfig)
		}
		fmt.Println(url)
		go func() { log.Fatal(server.Serve(listener)) }()
	}
	fmt.Println(file)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

type answers struct {
	key *rsa.PrivateKey

	connections atomic.Int64

	mu        sync.Mutex
	second    int64
	signature string
}

const nonce = "593BEC0C930BF1AFEB40B4A08C8FB242"

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/connections" {
		_, _ = fmt.Fprint(w, a.connections.Load())
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	second, signature, err := a.sign()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Wechatpay-Timestamp", strconv.FormatInt(second, 10))
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Signature", signature)
	h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048")
	h.Set("Wechatpay-Serial", floor.PublicKeyID)
	h.Set("Request-ID", "08F78BB6AF0610D302187A20D6BBC6010A-0")
	w.WriteHeader(http.StatusNoContent)
}

// sign returns the signature of an empty body at this second.
func (a *answers) sign() (int64, string, error) {
	now := time.Now().Unix()
	a.mu.Lock()
	defer a.mu.Unlock()
	if now != a.second {
		digest := sha256.Sum256([]byte(strconv.FormatInt(now, 10) + "\n" + nonce + "\n\n"))
		sig, err := rsa.SignPKCS1v15(nil, a.key, crypto.SHA256, digest[:])
		if err != nil {
			return 0, "", err
		}
		a.second, a.signature = now, base64.StdEncoding.EncodeToString(sig)
	}
	return a.second, a.signature, nil
}

func (a *answers) count(_ net.Conn, state http.ConnState) {
	if state == http.StateNew {
		a.connections.Add(1)
	}
}

// certificate makes one for 127.0.0.1 and writes it to a file, which clients
// trust by SSL_CERT_FILE, so that their own defaults stay untouched.
func certificate(dir string) (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	file := filepath.Join(dir, "answerer.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return tls.Certificate{}, "", err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file, nil
}
