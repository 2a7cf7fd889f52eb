package hostile

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	serial = "PUB_KEY_ID_0119000000012024"

	// html is what a gateway answers. MARKER must not show in an error.
	html     = "<html><body>MARKER</body></html>"
	refusal  = `{"code":"INVALID_REQUEST","message":"订单状态不允许","detail":{"location":"body","value":"MARKER"}}`
	signErr  = `{"code":"SIGN_ERROR","message":"签名错误","detail":{"value":"MARKER"}}`
	tooOften = `{"code":"FREQUENCY_LIMITED","message":"频率超限","detail":{"value":"MARKER"}}`
	sysErr   = `{"code":"SYSTEM_ERROR","message":"系统错误","detail":{"value":"MARKER"}}`
)

// keys are of this run: WeChat Pay's, the merchant's, and one of nobody.
var keys = sync.OnceValue(func() (k struct{ wechatpay, merchant, stranger *rsa.PrivateKey }) {
	for _, key := range []**rsa.PrivateKey{&k.wechatpay, &k.merchant, &k.stranger} {
		var err error
		if *key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return k
})

// reply is an answer, before it is bytes or frames.
type reply struct {
	status int
	header [][2]string
	body   string
}

func plain(status int, body string, header ...string) reply {
	r := reply{status: status, body: body}
	switch {
	case strings.HasPrefix(body, "{"):
		r.header = append(r.header, [2]string{"Content-Type", "application/json"})
	case body != "":
		r.header = append(r.header, [2]string{"Content-Type", "text/html"})
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.header = append(r.header, [2]string{header[i], header[i+1]})
	}
	return r
}

// signedBy adds a signature over the parts given, which are the right ones
// only if they are those of the reply.
func (r reply) signedBy(key *rsa.PrivateKey, serial string, at time.Time, body string) reply {
	timestamp, nonce := strconv.FormatInt(at.Unix(), 10), rand.Text()
	digest := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + body + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	r.header = append(r.header[:len(r.header):len(r.header)],
		[2]string{"Wechatpay-Timestamp", timestamp}, [2]string{"Wechatpay-Nonce", nonce},
		[2]string{"Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature)},
		[2]string{"Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"}, [2]string{"Wechatpay-Serial", serial})
	return r
}

// signed adds WeChat Pay's signature, which is the same for all answers with
// this body in one minute.
func (r reply) signed() reply {
	now := time.Now()
	key := signedBody{r.body, now.Truncate(time.Minute)}
	known, ok := signatures.Load(key)
	if !ok {
		known, _ = signatures.LoadOrStore(key, reply{}.signedBy(keys().wechatpay, serial, now, r.body).header)
	}
	r.header = append(r.header[:len(r.header):len(r.header)], known.([][2]string)...)
	return r
}

type signedBody struct {
	body   string
	minute time.Time
}

var signatures sync.Map // headers by signedBody

// with changes a header, or adds it.
func (r reply) with(name, value string) reply {
	header := make([][2]string, 0, len(r.header)+1)
	for _, h := range r.header {
		if h[0] != name {
			header = append(header, h)
		}
	}
	r.header = append(header, [2]string{name, value})
	return r
}

func (r reply) get(name string) string {
	for _, h := range r.header {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

// head is the status line and the headers of HTTP/1.1, without the empty line.
func (r reply) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %03d Status\r\n", r.status)
	for _, h := range r.header {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	return b.String()
}

// text is the whole of the reply in HTTP/1.1.
func (r reply) text() string {
	if r.status == 204 || r.status == 304 {
		return r.head() + "\r\n"
	}
	return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", r.head(), len(r.body), r.body)
}
