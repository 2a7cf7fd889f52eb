// Package floor is the smallest possible client of partner modify: bare net/http
// and crypto/rsa. The other clients are compared with it. It also has what all of
// them share: the merchant and the request.
package floor

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Modify is the body of the floor's request.
type Modify struct {
	ServiceID     string     `json:"service_id"`
	SubMchID      string     `json:"sub_mchid"`
	PostPayments  []Payment  `json:"post_payments"`
	PostDiscounts []Discount `json:"post_discounts"`
	TotalAmount   int64      `json:"total_amount"`
	Reason        string     `json:"reason"`
}

// Payment is a line of Modify.
type Payment struct {
	Name        string `json:"name"`
	Amount      int64  `json:"amount"`
	Description string `json:"description"`
	Count       int64  `json:"count"`
}

// Discount is a line of Modify.
type Discount struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Amount      int64  `json:"amount"`
}

// Body is the request that all clients send, but for the order of fields.
var Body = Modify{
	ServiceID: ServiceID, SubMchID: SubMchID,
	PostPayments:  []Payment{{"就餐费用", 40000, "就餐人均100元", 4}},
	PostDiscounts: []Discount{{"满20减1元", "不与其他优惠叠加", 100}},
	TotalAmount:   39900, Reason: Reason,
}

// Client is the least that a client can be: it signs, sends and verifies, and
// has no options, no errors to act on and no second thoughts.
type Client struct {
	Keys *Keys
	URL  string
	HTTP *http.Client
}

// New returns a floor with as many idle connections as it has callers.
func New(keys *Keys, url string) *Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxIdleConns, t.IdleConnTimeout = 256, 256, 7*time.Second
	return &Client{keys, url, &http.Client{Transport: t, Timeout: 30 * time.Second}}
}

// Sign encodes a body and returns it with the Authorization for it.
func (f *Client) Sign(method, path string, v any) (body []byte, authorization string, err error) {
	if body, err = json.Marshal(v); err != nil {
		return nil, "", err
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, "", err
	}
	var nonce [32]byte
	hex.Encode(nonce[:], random[:])
	timestamp := time.Now().Unix()
	b := make([]byte, 0, 1024)
	b = append(append(append(append(b, method...), '\n'), path...), '\n')
	b = append(strconv.AppendInt(b, timestamp, 10), '\n')
	b = append(append(b, nonce[:]...), '\n')
	b = append(append(b, body...), '\n')
	digest := sha256.Sum256(b)
	signature, err := rsa.SignPKCS1v15(nil, f.Keys.Merchant, crypto.SHA256, digest[:])
	if err != nil {
		return nil, "", err
	}
	b = append(b[:0], `WECHATPAY2-SHA256-RSA2048 mchid="`+MchID+`",nonce_str="`...)
	b = append(append(b, nonce[:]...), `",timestamp="`...)
	b = append(strconv.AppendInt(b, timestamp, 10), `",serial_no="`+SerialNo+`",signature="`...)
	b = append(base64.StdEncoding.AppendEncode(b, signature), '"')
	return body, string(b), nil
}

// Verify checks the signature of an answer.
func (f *Client) Verify(h http.Header, body []byte) error {
	timestamp := h.Get("Wechatpay-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return err
	}
	if skew := time.Now().Unix() - seconds; skew > 300 || skew < -300 {
		return errors.New("stale")
	}
	if h.Get("Wechatpay-Serial") != PublicKeyID {
		return errors.New("unknown key")
	}
	var sig [256]byte
	n, err := base64.StdEncoding.Decode(sig[:], []byte(h.Get("Wechatpay-Signature")))
	if err != nil {
		return err
	}
	b := make([]byte, 0, 64+len(body))
	b = append(append(b, timestamp...), '\n')
	b = append(append(b, h.Get("Wechatpay-Nonce")...), '\n')
	b = append(append(b, body...), '\n')
	digest := sha256.Sum256(b)
	return rsa.VerifyPKCS1v15(f.Keys.Public, crypto.SHA256, digest[:], sig[:n])
}

// Modify is one verified call.
func (f *Client) Modify(ctx context.Context) error {
	body, authorization, err := f.Sign(http.MethodPost, ModifyPath, &Body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL+ModifyPath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	rsp, err := f.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer rsp.Body.Close()
	answer, err := io.ReadAll(rsp.Body)
	if err != nil {
		return err
	}
	if rsp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("status %d", rsp.StatusCode)
	}
	return f.Verify(rsp.Header, answer)
}
