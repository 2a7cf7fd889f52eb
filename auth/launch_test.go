package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

type launchVector struct {
	Name         string            `json:"name"`
	BusinessType string            `json:"business_type"`
	APIv2Key     string            `json:"api_v2_key"`
	Params       map[string]string `json:"params"`
	Message      string            `json:"message"`
	Sign         string            `json:"sign"`
	QueryString  string            `json:"query_string"`
	Mistakes     []struct {
		What string `json:"what"`
		Sign string `json:"sign"`
	} `json:"mistakes"`
}

func launchVectors(t testing.TB) []launchVector {
	t.Helper()
	data, err := os.ReadFile(vectorPath("launch.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Launches []launchVector `json:"launches"`
	}
	if err := json.Unmarshal(data, &v); err != nil || len(v.Launches) < 5 {
		t.Fatal(len(v.Launches), err)
	}
	return v.Launches
}

func launchSigner(t testing.TB, mchID, key, timestamp, nonce string) *auth.LaunchSigner {
	t.Helper()
	k, err := auth.NewAPIv2Key(key)
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	s, err := auth.NewLaunchSigner(mchID, k, auth.WithLaunchClock(func() time.Time { return time.Unix(seconds, 999) }),
		auth.WithLaunchNonce(func() (string, error) { return nonce, nil }))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVectorLaunches(t *testing.T) {
	for _, v := range launchVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			p := v.Params
			s := launchSigner(t, p["mch_id"], v.APIv2Key, p["timestamp"], p["nonce_str"])
			got := map[string]auth.Launch{}
			var err error
			if v.BusinessType == auth.LaunchConfirm {
				got["Confirm"], err = s.Confirm(p["package"])
			} else {
				got["Detail"], err = s.Detail(p["service_id"], p["out_order_no"])
			}
			if err != nil {
				t.Fatal(err)
			}
			// With whatever the vector has, in the order of its query string.
			var params []auth.LaunchParam
			for name, value := range p {
				switch name {
				case "mch_id", "timestamp", "nonce_str", "sign_type":
				default:
					params = append(params, auth.LaunchParam{Name: name, Value: value})
				}
			}
			slices.SortFunc(params, func(a, b auth.LaunchParam) int {
				return strings.Index(v.QueryString, a.Name+"=") - strings.Index(v.QueryString, b.Name+"=")
			})
			if got["Sign"], err = s.Sign(v.BusinessType, params...); err != nil {
				t.Fatal(err)
			}
			for name, l := range got {
				if l.QueryString() != v.QueryString || l.BusinessType != v.BusinessType {
					t.Errorf("%s\n got %s\nwant %s", name, l.QueryString(), v.QueryString)
				}
				if last := l.Params[len(l.Params)-1]; last.Name != "sign" || last.Value != v.Sign {
					t.Errorf("%s: %+v, want %s", name, last, v.Sign)
				}
				for _, m := range v.Mistakes {
					if strings.Contains(l.QueryString(), m.Sign) {
						t.Errorf("%s: %s", name, m.What)
					}
				}
			}
		})
	}
}

func TestOpenSSLSignsLaunchesAlike(t *testing.T) {
	const key = "TestOnlyAPIv2Key0123456789abcdef"
	s := launchSigner(t, "1900000001", key, "1750000000", testNonce)
	l, err := s.Sign(auth.LaunchDetail, auth.LaunchParam{"b_2", "支付 分&x=y"}, auth.LaunchParam{"b", "z"}, auth.LaunchParam{"a", ""}, auth.LaunchParam{"b2", "%41+"})
	if err != nil {
		t.Fatal(err)
	}
	// By name: "b" before "b2" before "b_2".
	message := "b=z&b2=%41+&b_2=支付 分&x=y&mch_id=1900000001&nonce_str=" + testNonce + "&sign_type=HMAC-SHA256&timestamp=1750000000&key=" + key
	out := string(openssl(t, []byte(message), "dgst", "-sha256", "-hmac", key))
	fields := strings.Fields(out)
	want := strings.ToUpper(fields[len(fields)-1])
	values, err := url.ParseQuery(l.QueryString())
	if err != nil || values.Get("sign") != want || values.Get("b_2") != "支付 分&x=y" || values.Has("a") || strings.Contains(l.QueryString(), "+") {
		t.Errorf("%v, want sign %s: %v", values, want, err)
	}
}

func TestLaunchRefuses(t *testing.T) {
	const key = "TestOnlyAPIv2Key0123456789abcdef"
	s := launchSigner(t, "1900000001", key, "1750000000", testNonce)
	for name, params := range map[string][]auth.LaunchParam{
		"no name":        {{"", "x"}},
		"sign given":     {{"sign", "MARKER-secret"}},
		"key given":      {{"key", "MARKER-secret"}},
		"mch_id given":   {{"mch_id", "MARKER-secret"}},
		"nonce given":    {{"nonce_str", "MARKER-secret"}},
		"repeated":       {{"a", "MARKER-secret"}, {"a", "MARKER-secret"}},
		"name with =":    {{"a=b", "MARKER-secret"}},
		"upper case":     {{"A", "MARKER-secret"}},
		"LF in value":    {{"a", "MARKER-secret\n"}},
		"empty repeated": {{"a", ""}, {"a", "MARKER-secret"}},
	} {
		l, err := s.Sign(auth.LaunchDetail, params...)
		t.Log(err) // internal/leaks reads it, too
		if err == nil || l.Params != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
	_, err1 := s.Confirm("")
	_, err2 := s.Detail("", "1")
	_, err3 := s.Detail("1", "")
	_, err4 := s.Sign("")
	_, err5 := new(auth.LaunchSigner).Confirm("x")
	_, err6 := (*auth.LaunchSigner)(nil).Confirm("x")
	_, err7 := launchSigner(t, "1", key, "1", "a&b").Confirm("x")
	_, err8 := auth.NewLaunchSigner("1", auth.APIv2Key{})
	_, err9 := auth.NewLaunchSigner("1&2", auth.APIv2Key{})
	for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
		if err == nil {
			t.Errorf("%d: accepted", i+1)
		}
	}
	for _, bad := range []string{"", key[1:], key + "x", key[1:] + "&"} {
		if _, err := auth.NewAPIv2Key(bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	broken := errors.New("broken")
	k, _ := auth.NewAPIv2Key(key)
	b, err := auth.NewLaunchSigner("1", k, nil, auth.WithLaunchClock(nil), auth.WithLaunchNonce(nil), auth.WithLaunchNonce(func() (string, error) { return "", broken }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Confirm("x"); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestLaunchDefaults(t *testing.T) {
	k, err := auth.NewAPIv2Key("TestOnlyAPIv2Key0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	s, err := auth.NewLaunchSigner("1900000001", k)
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := s.Confirm("x")
	two, err2 := s.Confirm("x")
	form := regexp.MustCompile(`^mch_id=1900000001&package=x&timestamp=\d{10}&nonce_str=[0-9A-Za-z]{32}&sign_type=HMAC-SHA256&sign=[0-9A-F]{64}$`)
	if err1 != nil || err2 != nil || !form.MatchString(one.QueryString()) || one.QueryString() == two.QueryString() {
		t.Error(one, two, err1, err2)
	}
}

func TestSymmetricKeysAreRedacted(t *testing.T) {
	const v2, v3 = "TestOnlyAPIv2Key0123456789abcdef", apiV3KeyText
	k2, err := auth.NewAPIv2Key(v2)
	if err != nil {
		t.Fatal(err)
	}
	k3, s := apiV3Key(t, v3), launchSigner(t, "1900000001", v2, "1", "x")
	source, _ := source(t, newWechat(t, platform{}), nil)
	config := auth.CertificateConfig{Signer: testSigner(t), APIv3Keys: []auth.APIv3Key{k3}}
	secrets := []string{v2, v3}
	for _, secret := range []string{v2, v3} {
		secrets = append(secrets, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), strings.Trim(fmt.Sprint([]byte(secret)), "[]"))
	}
	for _, v := range []any{k2, &k2, k3, &k3, s, *s, source, config, &config, struct{ k auth.APIv2Key }{k2}, struct{ K any }{k3}, []any{k2, s}} {
		var outputs []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			outputs = append(outputs, fmt.Sprintf(verb, v))
		}
		var b strings.Builder
		slog.New(slog.NewTextHandler(&b, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", v)
		data, _ := json.Marshal(v)
		for _, out := range append(outputs, b.String(), string(data)) {
			for _, secret := range secrets {
				if strings.Contains(out, secret) {
					t.Errorf("%T shows its key: %s", v, out)
				}
			}
		}
	}
	if got := fmt.Sprintf("%+v", s); got != `auth.LaunchSigner{mch_id:"1900000001", key:redacted}` {
		t.Error(got)
	}
}

func FuzzLaunch(f *testing.F) {
	for _, v := range launchVectors(f) {
		f.Add(v.Params["package"], v.Params["out_order_no"])
	}
	f.Fuzz(func(t *testing.T, pkg, number string) {
		s := launchSigner(t, "1900000001", "TestOnlyAPIv2Key0123456789abcdef", "1750000000", "n")
		l, err := s.Sign(auth.LaunchDetail, auth.LaunchParam{"package", pkg}, auth.LaunchParam{"out_order_no", number})
		if err != nil {
			return
		}
		// What a reader of the query string gets is what was signed.
		values, err := url.ParseQuery(l.QueryString())
		if err != nil || values.Get("package") != pkg || values.Get("out_order_no") != number || len(values) != len(l.Params) {
			t.Fatalf("%q, %q: %q, %v", pkg, number, l.QueryString(), err)
		}
	})
}

// A client signs the confirm page with the APIv3 key, which WeChat Pay refuses.
func TestPeerDefectLaunchSignedWithTheAPIv3Key(t *testing.T) {
	mistakes := 0
	for _, v := range launchVectors(t) {
		p := v.Params
		if v.BusinessType != auth.LaunchConfirm {
			continue
		}
		l, err := launchSigner(t, p["mch_id"], v.APIv2Key, p["timestamp"], p["nonce_str"]).Confirm(p["package"])
		if err != nil {
			t.Fatal(err)
		}
		got := l.Params[len(l.Params)-1].Value
		for _, m := range v.Mistakes {
			if strings.HasPrefix(m.What, "the APIv3 key") {
				mistakes++
				if got == m.Sign || got != v.Sign {
					t.Errorf("%s: %s", v.Name, got)
				}
			}
		}
	}
	if mistakes == 0 {
		t.Error("no vector shows the mistake")
	}
}
