package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// download gets the file of a link with a signed request. The answer has no
// signature that could be checked.
func (b *box) download(link string) (int, []byte) {
	b.t.Helper()
	target, ok := strings.CutPrefix(link, b.URL)
	if !ok {
		b.t.Fatalf("the link leads to %s", link)
	}
	rsp, err := b.wire.RoundTrip(b.request("GET", target, ""))
	b.ok(err)
	body := must(io.ReadAll(rsp.Body))
	_ = rsp.Body.Close()
	if signed := rsp.Header.Get("Wechatpay-Signature") != ""; signed == (rsp.StatusCode == 200) {
		b.t.Errorf("the %d answer is signed: %t", rsp.StatusCode, signed)
	}
	if kind := rsp.Header.Get("Content-Type"); rsp.StatusCode == 200 && kind != "application/octet-stream" {
		b.t.Errorf("the file is %s", kind)
	}
	return rsp.StatusCode, body
}

// ghash is GHASH of NIST SP 800-38D, bit by bit as it stands there.
func ghash(h [16]byte, data []byte) (y [16]byte) {
	for len(data) > 0 {
		var block [16]byte
		data = data[copy(block[:], data):]
		subtle.XORBytes(y[:], y[:], block[:])
		var z [16]byte
		v := h
		for i := range 128 {
			if y[i/8]>>(7-i%8)&1 == 1 {
				subtle.XORBytes(z[:], z[:], v[:])
			}
			carry := byte(0)
			for j := range v {
				v[j], carry = v[j]>>1|carry<<7, v[j]&1
			}
			if carry == 1 {
				v[0] ^= 0xe1
			}
		}
		y = z
	}
	return y
}

// unseal opens what AES-256-GCM sealed without additional data, by openssl's
// AES alone.
func unseal(t *testing.T, key, nonce, sealed []byte) []byte {
	t.Helper()
	aes := func(mode, in string, more ...string) []byte {
		out, ok := openssl(t, in, append([]string{"enc", "-aes-256-" + mode, "-nopad", "-K", hex.EncodeToString(key)}, more...)...)
		if !ok {
			t.Fatal("openssl does not encrypt")
		}
		return out
	}
	padded := func(b []byte) []byte { return append(bytes.Clone(b), make([]byte, (16-len(b)%16)%16)...) }
	bits := func(n int) []byte { return binary.BigEndian.AppendUint64(make([]byte, 8), uint64(n)*8) }
	h := [16]byte(aes("ecb", string(make([]byte, 16))))
	j0 := ghash(h, append(padded(nonce), bits(len(nonce))...)) // of a nonce that is not 12 bytes long
	text, tag := sealed[:len(sealed)-16], sealed[len(sealed)-16:]
	s := ghash(h, append(padded(text), bits(len(text))...))
	want := aes("ecb", string(j0[:]))
	subtle.XORBytes(want, want, s[:])
	if !bytes.Equal(tag, want) {
		t.Fatal("the file has a wrong tag")
	}
	first := j0
	binary.BigEndian.PutUint32(first[12:], binary.BigEndian.Uint32(j0[12:])+1)
	return aes("ctr", string(text), "-iv", hex.EncodeToString(first[:]))
}

// A bill is read with openssl by the steps that the contract describes.
func TestBillIsReadByOpenSSL(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, clockAt(noon))
	dir := t.TempDir()
	b.ok(b.Credentials().Save(dir))
	b.seed("paying", 39900)
	b.orderAt(bank, "DONE", "paid")
	b.orderAt(overseas, "CREATED", "abroad")
	p := payscore.RequestMerchantBillParams{BillDate: "2025061522", ServiceID: serviceID,
		TarType: ref(payscore.BillTarTypeGzip), EncryptionAlgorithm: payscore.BillEncryptionAlgorithmAeadAes256Gcm}
	for _, zipped := range []bool{true, false} {
		if !zipped {
			p.TarType, p.BillDate = nil, "2025-06-15"
		}
		answer, err := b.client.RequestMerchantBill(t.Context(), p)
		b.ok(err)
		if answer.DownloadBillCount != 1 || len(answer.DownloadBillList) != 1 {
			t.Fatalf("answered %s", asJSON(answer))
		}
		part := answer.DownloadBillList[0]
		status, sealed := b.download(part.DownloadURL)
		if status != 200 {
			t.Fatalf("the download is a %d", status)
		}
		encrypted := filepath.Join(dir, "key")
		b.ok(os.WriteFile(encrypted, must(base64.StdEncoding.DecodeString(part.EncryptKey)), 0o600))
		key, ok := openssl(t, "", "pkeyutl", "-decrypt", "-inkey", filepath.Join(dir, sandbox.MerchantKeyFile), "-pkeyopt", "rsa_padding_mode:oaep", "-in", encrypted)
		if !ok || len(key) != 32 {
			t.Fatalf("the key has %d bytes", len(key))
		}
		plain := unseal(t, key, []byte(part.Nonce), sealed)
		if zipped {
			plain = must(io.ReadAll(must(gzip.NewReader(bytes.NewReader(plain)))))
		}
		if hash, _ := openssl(t, string(plain), "dgst", "-sha1", "-r"); part.HashType != "SHA1" || strings.Fields(string(hash))[0] != part.HashValue {
			t.Errorf("the hash is %s, the answer says %s", hash, part.HashValue)
		}
		text := string(plain)
		for _, want := range []string{"`paying,", "`DOING,`CNY,`399.00,`0.00\n", "`paid,", "`DONE,`CNY,`500.00,`500.00\n", "`abroad,", "`CREATED,`HKD,`0.00,`0.00\n", "总单数\n`3\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %s", want, text)
			}
		}
	}
}

func TestBillRefusals(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, clockAt(noon))
	b.seed("billed", 100)
	target := func(date, service string) string {
		return "/v3/payscore/merchant-bill?encryption_algorithm=AEAD_AES_256_GCM&tar_type=GZIP&bill_date=" + date + "&service_id=" + service
	}
	missing := refusal{404, "RESOURCE_NOT_EXISTS", 0, ""}
	for date, want := range map[string]refusal{
		"20250615": wrongParam("bill_date"), "2025-06-31": wrongParam("bill_date"), "2025061524": wrongParam("bill_date"),
		"2025-03-14": wrongParam("bill_date"), "2025-03-15": missing, "2025-06-14": missing, "2025061600": missing,
	} {
		t.Log(date)
		b.send("GET", target(date, serviceID), "").checkRefused(t, want)
	}
	b.send("GET", target("2025061500", "500001"), "").checkRefused(t, missing)

	link := func() string {
		var answer payscore.MerchantBill
		b.ok(json.Unmarshal([]byte(b.send("GET", target("2025061500", serviceID), "").Body), &answer))
		return answer.DownloadBillList[0].DownloadURL
	}
	over := refusal{400, "INVALID_REQUEST", 0, ""}
	at := func(link string) string { return strings.TrimPrefix(link, b.URL) }
	first := link()
	b.do(b.unsigned("GET", at(first), "")).checkRefused(t, signError)
	b.send("GET", at(first)+"x", "").checkRefused(t, over)
	b.send("POST", at(first), "").checkRefused(t, noRoute)
	b.Advance(5*time.Minute - time.Second)
	if status, _ := b.download(first); status != http.StatusOK {
		t.Errorf("before the link is over: %d", status)
	}
	b.Advance(time.Second)
	b.send("GET", at(first), "").checkRefused(t, over)

	// The newest links are kept, and none over a reset.
	oldest := link()
	for range 32 {
		first = link()
	}
	b.send("GET", at(oldest), "").checkRefused(t, over)
	if status, _ := b.download(first); status != http.StatusOK {
		t.Errorf("the newest link: %d", status)
	}
	b.ok(b.Reset())
	b.send("GET", at(first), "").checkRefused(t, over)
}

// Three months before the 31st of May is the end of February.
func TestBillAtTheEndOfAMonth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		today       time.Time
		oldest, old string
	}{
		{time.Date(2026, 5, 31, 4, 0, 0, 0, time.UTC), "2026-02-28", "2026-02-27"},
		{time.Date(2024, 5, 30, 4, 0, 0, 0, time.UTC), "2024-02-29", "2024-02-28"},
		{time.Date(2026, 7, 31, 4, 0, 0, 0, time.UTC), "2026-04-30", "2026-04-29"},
		{time.Date(2026, 3, 31, 4, 0, 0, 0, time.UTC), "2025-12-31", "2025-12-30"},
		{time.Date(2026, 3, 31, 17, 0, 0, 0, time.UTC), "2026-01-01", "2025-12-31"}, // April in China
	} {
		_, refused := rules.BillDay(c.oldest, rules.Terms{Now: c.today})
		if refused != nil {
			t.Errorf("%s of %s: %v", c.oldest, c.today, refused)
		}
		if _, refused = rules.BillDay(c.old, rules.Terms{Now: c.today}); refused == nil || refused.Code != "PARAM_ERROR" {
			t.Errorf("%s of %s: %v", c.old, c.today, refused)
		}
	}
}

// A bill has the orders as they are by now, and each in a line of its own.
func TestBillOfWhatFellDue(t *testing.T) {
	t.Parallel()
	clock := newWallClock(noon)
	b := newBoxAt(t, clock.now)
	b.create(needConfirm("waits"))
	b.send("POST", overseas.at("", ""), with(overseas.body(noConfirm("odd")), map[string]any{"currency": "H,K\nD"}))
	clock.set(noon.Add(31 * 24 * time.Hour)) // without Advance
	bill := string(must(b.Bill(serviceID, noon.Format(time.DateOnly))))
	if !strings.Contains(bill, "`EXPIRED,") || strings.Contains(bill, "`CREATED,") || !strings.Contains(bill, "`H K D,") {
		t.Errorf("the bill is %s", bill)
	}
}
