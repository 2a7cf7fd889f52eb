package main

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/auth"
)

// The published vectors, which openssl has checked, come out byte for byte.
func TestSignReproducesTheVectors(t *testing.T) {
	dir := filepath.Join("..", "..", "api", "vectors")
	var vectors struct {
		Requests []struct {
			Name, Method, URL, Timestamp, Body, MchID, Message, Authorization string
			Target                                                            string `json:"request_target"`
			Nonce                                                             string `json:"nonce_str"`
			SerialNo                                                          string `json:"serial_no"`
		}
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "signature.json")), &vectors); err != nil || len(vectors.Requests) < 10 {
		t.Fatalf("%d requests: %v", len(vectors.Requests), err)
	}
	for _, v := range sample(vectors.Requests) {
		for _, url := range []string{v.URL, v.Target} {
			args := []string{"--json", "sign", v.Method, url, "--timestamp", v.Timestamp, "--nonce", v.Nonce,
				"--mchid", v.MchID, "--serial-no", v.SerialNo, "--key-file", filepath.Join(dir, "merchant_key.pem")}
			if v.Body != "" {
				args = append(args, "--body", write(t, "body", v.Body))
			}
			r := runArgs(t, args...)
			if strings.Contains(url, "#") {
				r.wantCode(t, exitInput) // an HTTP client leaves it out, a person may mean something by it
				continue
			}
			r.wantCode(t, exitDone)
			got := decodeJSON[signReport](t, r.out)
			want := signReport{v.Method, v.Target, v.Timestamp, v.Nonce, v.MchID, v.SerialNo, v.Message, len(v.Message), ""}
			if got != want {
				t.Errorf("%s:\ngot  %+v\nwant %+v", v.Name, got, want)
			}
			r = runArgs(t, append(args, "--show-authorization")...)
			if got := decodeJSON[signReport](t, r.out).Authorization; got != v.Authorization {
				t.Errorf("%s:\ngot  %s\nwant %s", v.Name, got, v.Authorization)
			}
			if r := runArgs(t, append(args, "--show-authorization")[1:]...); !strings.Contains(r.out, "\nAuthorization: "+v.Authorization+"\n") {
				t.Errorf("%s: not in one piece:\n%s", v.Name, r.out)
			}
		}
	}
}

func TestSignKeepsTheAuthorizationToItself(t *testing.T) {
	h := newHost(t)
	for _, mode := range []string{"", "--json"} {
		args := append([]string{"sign", "GET", "/v3/certificates", "--keys", h.dir}, strings.Fields(mode)...)
		r := runArgs(t, args...)
		r.wantCode(t, exitDone)
		if strings.Contains(r.out+r.err, auth.Scheme) || strings.Contains(r.out+r.err, "signature") {
			t.Errorf("printed: %s", r.out+r.err)
		}
		// Each call has its own nonce and the time of day.
		if again := runArgs(t, args...); again.out == r.out {
			t.Error("two signatures with one nonce")
		}
	}
	h.wantRequests(t, 0)
}

func TestSignShowsEachByte(t *testing.T) {
	h := newHost(t)
	body := "a\\n\n\t\r\u2028\u00a0费 \n"
	r := runWith(t, strings.NewReader(body), "sign", "post", "/v3/x", "--keys", h.dir, "--body", "-")
	r.wantCode(t, exitDone)
	wantAll(t, r.out,
		"  1         5 B  POST<LF>\n", "  2         6 B  /v3/x<LF>\n", "  4        33 B  ",
		"  5 "+strings.Repeat(" ", 9-len(strconv.Itoa(len(body)+1)))+strconv.Itoa(len(body)+1)+` B  a\\n\n\t\r\u{2028}\u{a0}费 \n<LF>`+"\n")
}

func TestSignWrongInput(t *testing.T) {
	h := newHost(t)
	for _, test := range sample([]struct {
		name string
		args []string
		want string
	}{
		{"no key", []string{"GET", "/v3/x", "--mchid", "1", "--serial-no", "AB"}, "--key-file is missing"},
		{"no host", []string{"GET", "v3/x", "--keys", h.dir}, "neither with / nor with https://"},
		{"fragment", []string{"GET", "/v3/x#y", "--keys", h.dir}, "fragment"},
		{"bad escape", []string{"GET", "/v3/%zz", "--keys", h.dir}, "the URL: "},
		{"bad method", []string{"G T", "/v3/x", "--keys", h.dir}, "method"},
		{"bad nonce", []string{"GET", "/v3/x", "--keys", h.dir, "--nonce", "a\nb"}, "nonce"},
		{"empty nonce", []string{"GET", "/v3/x", "--keys", h.dir, "--nonce", ""}, "nonce"},
		{"bad timestamp", []string{"GET", "/v3/x", "--keys", h.dir, "--timestamp", "now"}, "--timestamp"},
		{"negative timestamp", []string{"GET", "/v3/x", "--keys", h.dir, "--timestamp=-1"}, "--timestamp is negative"},
		{"no body file", []string{"GET", "/v3/x", "--keys", h.dir, "--body", "none.json"}, "none.json"},
		{"binary body", []string{"GET", "/v3/x", "--keys", h.dir, "--body", write(t, "b", "\xff\xfe")}, "not UTF-8"},
	}) {
		t.Run(test.name, func(t *testing.T) { h.refusedInput(t, append([]string{"sign"}, test.args...), test.want) })
	}
}
