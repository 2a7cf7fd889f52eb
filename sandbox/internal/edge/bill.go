package edge

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // the API's choice for OAEP and for the hash of a bill
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

const (
	// downloadPath is where the link of a bill leads. It is no operation of the
	// contract, since what it answers is not JSON.
	downloadPath = "/v3/payscore/bill/downloadurl"
	// billLife is how long a link leads there, in the time of the orders. Pages
	// of other bills say 30 seconds or 5 minutes; PayScore's says nothing.
	billLife = 5 * time.Minute
	// maxBills are in memory, the newest, and of these as many as fit into
	// maxBillBytes with the newest.
	maxBills     = 32
	maxBillBytes = 64 << 20
)

// bills are the files that links lead to.
type bills struct {
	mu     sync.Mutex
	files  map[string]bill // by token
	tokens []string        // oldest first
	bytes  int             // of all files
}

type bill struct {
	sealed []byte
	until  time.Time
}

func (b *bills) add(f bill) (token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.files == nil {
		b.files = map[string]bill{}
	}
	for len(b.tokens) > 0 && (len(b.tokens) == maxBills || b.bytes+len(f.sealed) > maxBillBytes) {
		b.bytes -= len(b.files[b.tokens[0]].sealed)
		delete(b.files, b.tokens[0])
		b.tokens = b.tokens[1:]
	}
	token = rand.Text()
	b.files[token], b.tokens = f, append(b.tokens, token)
	b.bytes += len(f.sealed)
	return token
}

func (b *bills) get(token string, now time.Time) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, ok := b.files[token]
	return f.sealed, ok && now.Before(f.until)
}

func (b *bills) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.files, b.tokens, b.bytes = nil, nil, 0
}

// RequestMerchantBill answers a bill in one part, of the service's orders of
// that day so far. Without tar_type it is not compressed.
func (s operations) RequestMerchantBill(ctx context.Context, r api.RequestMerchantBillRequestObject) (api.RequestMerchantBillResponseObject, error) {
	plain, err := s.ledger.Bill(ctx, r.Params.ServiceID, r.Params.BillDate)
	if err == nil && plain == nil {
		err = rules.Missing()
	}
	if err != nil {
		return nil, err
	}
	file := plain
	if r.Params.TarType != nil {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, _ = w.Write(plain)
		_ = w.Close() // to memory
		file = zipped.Bytes()
	}
	sealed, encryptedKey, nonce, err := seal(file, &wire.MerchantKey(s.ledger.Keys.Credentials).PublicKey)
	if err != nil {
		return nil, fmt.Errorf("sandbox: encrypt a bill: %w", err)
	}
	token := s.server.bills.add(bill{sealed, s.ledger.Store.Clock.Now().Add(billLife)})
	hash := sha1.Sum(plain)
	return api.RequestMerchantBill200JSONResponse{Body: payscore.MerchantBill{
		DownloadBillCount: 1,
		DownloadBillList: []payscore.MerchantBillPart{{
			BillSequence: 1, HashType: payscore.BillHashTypeSha1, HashValue: hex.EncodeToString(hash[:]),
			DownloadURL: baseURL(ctx) + downloadPath + "?token=" + token, EncryptKey: encryptedKey, Nonce: nonce,
		}},
	}}, nil
}

// seal encrypts a file with a key of its own, and that key for the merchant. The
// nonce has 32 characters, as in the samples: not the usual 12 bytes.
func seal(file []byte, merchant *rsa.PublicKey) (sealed []byte, encryptedKey, nonce string, err error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it does not fail
	nonce = (rand.Text() + rand.Text())[:32]
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, "", "", err
	}
	aead, err := cipher.NewGCMWithNonceSize(block, len(nonce))
	if err != nil {
		return nil, "", "", err
	}
	forMerchant, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, merchant, key, nil)
	if err != nil {
		return nil, "", "", err
	}
	return aead.Seal(nil, []byte(nonce), file, nil), base64.StdEncoding.EncodeToString(forMerchant), nonce, nil
}

// baseURL is where the request in ctx came to.
func baseURL(ctx context.Context) string {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	switch {
	case !ok:
		return ""
	case x.request.TLS != nil:
		return "https://" + x.request.Host
	}
	return "http://" + x.request.Host
}

// download answers the file that a link leads to. As pages of other bills say,
// it is not signed, and a link that is over is refused.
func (s *Server) download(x *exchange) {
	sealed, ok := s.bills.get(x.request.URL.Query().Get("token"), s.Ledger.Store.Clock.Now())
	if !ok {
		wire.Write(&x.answer, rules.Refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "下载链接无效或已过期"))
		return
	}
	x.bare = true
	x.answer.header.Set("Content-Type", "application/octet-stream")
	x.answer.body.Write(sealed)
}
