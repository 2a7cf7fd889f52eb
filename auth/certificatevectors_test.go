package auth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

type downloadVector struct {
	Name     string            `json:"name"`
	APIv3Key string            `json:"api_v3_key"`
	Now      int64             `json:"now"`
	Status   int               `json:"status"`
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`
	Usable   []string          `json:"usable"`
	Unusable map[string]string `json:"unusable"`
	Valid    bool              `json:"valid"`
	Reason   string            `json:"reason"`
}

// recordedDownload answers each request with the vector.
type recordedDownload struct {
	downloadVector
	asked atomic.Int32
}

func (d *recordedDownload) RoundTrip(req *http.Request) (*http.Response, error) {
	d.asked.Add(1)
	h := http.Header{}
	for name, value := range d.Headers {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: d.Status, Header: h, Body: io.NopCloser(strings.NewReader(d.Body)), Request: req}, nil
}

func TestVectorCertificates(t *testing.T) {
	data, err := os.ReadFile(vectorPath("certificates.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Comment      string           `json:"comment"`
		Algorithm    string           `json:"algorithm"`
		Keys         []vectorKey      `json:"wechatpay_keys"`
		Certificates []vectorKey      `json:"certificates"`
		Downloads    []downloadVector `json:"downloads"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	if len(file.Downloads) < 20 || len(file.Certificates) != 2 {
		t.Fatalf("%d downloads, %d certificates", len(file.Downloads), len(file.Certificates))
	}
	public, err := auth.LoadPublicKey(file.Keys[0].ID, vectorPath(file.Keys[0].PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Downloads {
		t.Run(v.Name, func(t *testing.T) { replayDownload(t, v, public, file.Certificates) })
	}
}

func replayDownload(t *testing.T, v downloadVector, public auth.Key, certificates []vectorKey) {
	signer, err := auth.LoadSigner("1900000001", merchantSerial, vectorPath("merchant_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	download := &recordedDownload{downloadVector: v}
	unusable := map[string]string{}
	source, err := auth.NewCertificateSource(auth.CertificateConfig{
		Signer: signer, APIv3Keys: []auth.APIv3Key{apiV3Key(t, v.APIv3Key)}, Keys: []auth.Key{public}, RoundTripper: download,
		Clock: func() time.Time { return time.Unix(v.Now, 0) },
		OnError: func(err error) {
			if e, ok := errors.AsType[*auth.DownloadError](err); ok && e.Serial != "" {
				unusable[e.Serial] = certificateReason(e)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = source.Refresh(t.Context())
	if got := downloadReason(err); got != v.Reason || v.Valid != (err == nil) {
		t.Errorf("reason %q, want %q: %v", got, v.Reason, err)
	}
	if !maps.Equal(unusable, v.Unusable) {
		t.Errorf("unusable %v, want %v", unusable, v.Unusable)
	}
	for _, c := range certificates {
		want, err := auth.LoadPlatformCertificate(vectorPath(c.Certificate))
		if err != nil {
			t.Fatal(err)
		}
		got, err := source.Key(t.Context(), c.ID)
		if usable := slices.Contains(v.Usable, c.ID); usable != (err == nil) || usable && !got.PublicKey.Equal(want.PublicKey) {
			t.Errorf("%s: usable %v, %v", c.ID, usable, err)
		}
	}
	if _, err := source.Key(t.Context(), public.ID); err != nil {
		t.Errorf("the public key is gone: %v", err)
	}
	if n := download.asked.Load(); n != 1 {
		t.Errorf("%d downloads", n)
	}
}

func downloadReason(err error) string {
	e, ok := errors.AsType[*auth.DownloadError](err)
	switch {
	case err == nil:
		return ""
	case !ok:
		return "other"
	case errors.Is(err, auth.ErrNoCertificates):
		return "no_certificates"
	case e.Status != 200:
		return "status"
	case errors.Is(err, auth.ErrUnverified):
		return reasonOf(e.Err)
	}
	return "data"
}

func certificateReason(err error) string {
	if e, ok := errors.AsType[*auth.DecryptError](err); ok {
		return e.Reason
	}
	switch {
	case errors.Is(err, auth.ErrCertificateSerial):
		return "serial"
	case strings.Contains(err.Error(), "algorithm"):
		return "algorithm"
	}
	return "certificate"
}
