package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
)

// bareOf returns the base64 of a PEM file, on one line.
func bareOf(t testing.TB, file string) string {
	t.Helper()
	block, _ := pem.Decode(readFile(t, file))
	return base64.StdEncoding.EncodeToString(block.Bytes)
}

func TestKeysAsText(t *testing.T) {
	h := newHost(t)
	for _, form := range []struct {
		name string
		text func(file string) string
	}{
		{"as it is", func(file string) string { return string(readFile(t, file)) }},
		{`\n`, func(file string) string { return strings.ReplaceAll(string(readFile(t, file)), "\n", `\n`) }},
		{"base64", func(file string) string { return bareOf(t, file) }},
	} {
		t.Run("variables, "+form.name, func(t *testing.T) {
			t.Setenv("WECHATPAY_KEY", form.text(h.file(sandbox.MerchantKeyFile)))
			t.Setenv("WECHATPAY_CERT", form.text(h.file(sandbox.MerchantCertFile)))
			t.Setenv("WECHATPAY_PUBLIC_KEY", form.text(h.file(sandbox.PublicKeyFile)))
			t.Setenv("WECHATPAY_PLATFORM_CERT", form.text(h.file(sandbox.PlatformCertFile)))
			h.wantQuery(t, "--base-url", h.url, "--mchid", h.account.MchID, "--public-key-id", h.account.PublicKeyID, "--sub-mchid", h.account.SubMchID)
		})
		t.Run("flag, "+form.name, func(t *testing.T) { // not by runArgs, which logs the arguments
			args := append([]string{"query", seedOutOrderNo, "--sub-mchid", h.account.SubMchID}, without(h.flags(), "--key-file")...)
			var out, errOut bytes.Buffer
			if code := run(t.Context(), append(args, "--key", form.text(h.file(sandbox.MerchantKeyFile))), strings.NewReader(""), &out, &errOut); code != exitDone {
				t.Errorf("%d: %s", code, errOut.String())
			}
		})
	}
	t.Run("in the file of --config", func(t *testing.T) {
		block := func(file string) string {
			return "|\n  " + strings.ReplaceAll(strings.TrimSpace(string(readFile(t, h.file(file)))), "\n", "\n  ") + "\n"
		}
		h.wantQuery(t, "--config", write(t, "pay.yaml", fmt.Sprintf("base_url: %s\nmchid: %s\nsub_mchid: %s\nkey: %scert: %splatform_cert: %spublic_key: %spublic_key_id: %s\n",
			h.url, h.account.MchID, h.account.SubMchID, block(sandbox.MerchantKeyFile), block(sandbox.MerchantCertFile), block(sandbox.PlatformCertFile),
			block(sandbox.PublicKeyFile), h.account.PublicKeyID)))
	})
}

func TestKeyTextPrecedence(t *testing.T) {
	h := newHost(t)
	key := string(readFile(t, h.file(sandbox.MerchantKeyFile)))
	connected := append(h.flags(), "--sub-mchid", h.account.SubMchID)
	t.Run("flag of the file over the variable of the text", func(t *testing.T) {
		t.Setenv("WECHATPAY_KEY", "no key")
		h.wantQuery(t, connected...)
	})
	t.Run("variable over the other form in the file", func(t *testing.T) {
		t.Setenv("WECHATPAY_KEY", key)
		h.wantQuery(t, "--config", write(t, "pay.yaml", strings.Replace(string(readFile(t, h.yaml(t, h.url))), "key_file: api", "key_file: none/", 1)),
			"--public-key-file", h.file(sandbox.PublicKeyFile))
	})
	t.Run("--keys over variables", func(t *testing.T) {
		for _, name := range []string{"KEY", "CERT", "PUBLIC_KEY", "PLATFORM_CERT", "KEY_FILE", "PROXY"} {
			t.Setenv("WECHATPAY_"+name, "real")
		}
		h.wantQuery(t, "--keys", h.dir)
	})
	h = newHost(t) // that nothing has reached
	t.Run("text over --keys", func(t *testing.T) {
		h.refusedInput(t, []string{"query", seedOutOrderNo, "--keys", h.dir, "--key", "no key"}, "--key: not a PEM file")
	})
	t.Run("name of a file for a text", func(t *testing.T) {
		h.refusedInput(t, []string{"query", seedOutOrderNo, "--keys", h.dir, "--key", "apiclient_key.pem"}, "--key: not a PEM file; it takes the key itself, and --key-file the name of a file")
	})
	for _, name := range []string{"key", "cert", "public-key", "platform-cert"} {
		t.Run("both, "+name, func(t *testing.T) {
			both := "--" + name + " and --" + name + "-file: give one of them"
			h.refusedInput(t, append([]string{"query", seedOutOrderNo, "--" + name, "a", "--" + name + "-file", "b"}, without(h.flags(), "--"+name+"-file")...), both)
			setting := strings.ReplaceAll(name, "-", "_")
			file := write(t, "pay.yaml", setting+": a\n"+setting+"_file: b\n")
			h.refusedInput(t, []string{"query", seedOutOrderNo, "--config", file}, file, setting+" and "+setting+"_file: give one of them")
			t.Setenv("WECHATPAY_"+strings.ToUpper(setting), "a")
			t.Setenv("WECHATPAY_"+strings.ToUpper(setting)+"_FILE", "b")
			h.refusedInput(t, append([]string{"query", seedOutOrderNo}, without(h.flags(), "--"+name+"-file")...), both)
		})
	}
}

// Wherever a key is put by mistake, it is not printed.
func TestKeyTextIsNotPrinted(t *testing.T) {
	h := newHost(t)
	key := string(readFile(t, h.file(sandbox.MerchantKeyFile)))
	bare := bareOf(t, h.file(sandbox.MerchantKeyFile))
	for _, args := range [][]string{
		{"query", seedOutOrderNo, "--keys", h.dir, "--key-file", key},
		{"query", seedOutOrderNo, "--keys", h.dir, "--key-file", bare},
		{"query", seedOutOrderNo, "--keys", h.dir, "--key", key[:len(key)/2]},
		{"query", seedOutOrderNo, "--keys", h.dir, "--key", bare[:len(bare)/2]},
		{"query", seedOutOrderNo, "--keys", h.dir, "--cert", key},
		{"query", seedOutOrderNo, "--keys", h.dir, "--public-key", key},
		{"query", seedOutOrderNo, "--keys", h.dir, "--public-key-id", key},
		{"query", seedOutOrderNo, "--keys", h.dir, "--serial-no", key},
		{"query", seedOutOrderNo, "--keys", h.dir, "--serial-no", bare},
		{"query", seedOutOrderNo, "--keys", h.dir, "--serial-no", h.account.APIv3Key()},
		{"query", seedOutOrderNo, "--keys", h.dir, "--mchid", key},
		{"query", seedOutOrderNo, "--keys", h.dir, "--proxy", key},
		{"query", seedOutOrderNo, key, "--keys", h.dir},
		{"query", key, "--keys", h.dir},
		{"query", seedOutOrderNo, "--no-such-flag", key},
		{"query", seedOutOrderNo, bare, "--keys", h.dir},
		{"doctor", "--keys", h.dir, "--key-file", key},
		{"doctor", "--keys", h.dir, "--serial-no", key},
		{"doctor", "--keys", h.dir, "--key", key[:len(key)/2]},
		{"doctor", "--keys", h.dir, "--mchid", bare},
		{"sign", "GET", "/v3/certificates", "--keys", h.dir, "--key-file", key},
	} {
		for _, mode := range []string{"", "--json"} {
			all := slices.DeleteFunc(append([]string{mode}, args...), func(s string) bool { return s == "" })
			var out, errOut bytes.Buffer
			code := run(t.Context(), all, strings.NewReader(""), &out, &errOut)
			printed := strings.ReplaceAll(strings.ReplaceAll(out.String()+errOut.String(), "\n                    ", ""), " ", "")
			if code == exitDone {
				t.Errorf("%.20q: done", all)
			}
			// The first characters of the base64 say only that it is an RSA key.
			for i := 40; i+10 <= len(bare); i++ {
				if strings.Contains(printed, bare[i:i+10]) {
					t.Errorf("%.20q: the key is printed", all)
					break
				}
			}
			if strings.Contains(printed, h.account.APIv3Key()[:10]) {
				t.Errorf("%.20q: the APIv3 key is printed", all)
			}
		}
	}
}

// A key or a part of one in the place of any other flag, variable or setting is
// refused without a word of it.
func TestKeyInPlaceOfAnySetting(t *testing.T) {
	h := newHost(t)
	pemText := string(readFile(t, h.file(sandbox.MerchantKeyFile)))
	bare := bareOf(t, h.file(sandbox.MerchantKeyFile))
	forms := []string{pemText, strings.ReplaceAll(pemText, "\n", `\n`), bare, bare[:len(bare)/4], strings.Join(strings.Split(pemText, "\n")[1:8], "\n")}
	t.Chdir(t.TempDir()) // where a command that is not refused may write
	ended, end := context.WithCancel(t.Context())
	end() // so that it sends nothing and serves nothing
	refused := func(t *testing.T, args ...string) {
		t.Helper()
		for _, mode := range [][]string{nil, {"--json"}} {
			var out, errOut bytes.Buffer
			code := run(ended, append(mode, args...), strings.NewReader(""), &out, &errOut)
			printed := strings.NewReplacer("\n", "", `\n`, "", " ", "").Replace(out.String() + errOut.String())
			if code != exitInput {
				t.Errorf("%.20q: code %d", args, code)
			}
			for i := 40; i+16 <= len(bare); i++ {
				if strings.Contains(printed, bare[i:i+16]) {
					t.Errorf("%.20q: the key is printed", args)
					break
				}
			}
		}
	}
	var c commands
	parser, err := kong.New(&c, kong.Vars{"version": "", "default_server": ""})
	if err != nil {
		t.Fatal(err)
	}
	places := 0
	for _, command := range parser.Model.Children {
		for _, flag := range command.Flags {
			if flag.Target.Kind() != reflect.String || slices.Contains(keyTexts, flag.Name) {
				continue
			}
			places++
			t.Run(command.Name+" --"+flag.Name, func(t *testing.T) {
				args := []string{command.Name}
				for _, p := range command.Positional {
					if p.Required {
						args = append(args, map[bool]string{true: "GET", false: "1"}[p.Name == "method"])
					}
				}
				form := forms[places%len(forms)] // each flag is one of many commands
				if len(flag.Envs) == 0 || places%2 == 0 {
					args = append(args, "--"+flag.Name+"="+form)
				} else {
					t.Setenv(flag.Envs[0], form)
				}
				refused(t, args...)
			})
		}
	}
	if places < 50 {
		t.Errorf("%d places", places)
	}
	for _, s := range new(connection).settings(configFile{}) {
		if !slices.Contains(keyTexts, s.flag) {
			refused(t, "doctor", "--config", write(t, "with-dash.yaml", strings.ReplaceAll(s.flag, "-", "_")+": "+bare[:400]+"\n"))
		}
	}
	// Words of $(cat key) and $(base64 key), without quotes.
	lines := strings.Fields(pemText)
	refused(t, append([]string{"doctor", "--keys", h.dir, "--key"}, lines...)...)
	refused(t, append([]string{"doctor", "--keys", h.dir, "--key"}, lines[3:len(lines)-3]...)...)
	refused(t, "doctor", "--keys", h.dir, "--key", bare[:76], bare[76:152])
}

// The APIv3 key in a wrong place has the length of no such value, so it is not shown.
func TestAPIv3KeyInPlaceOfAnId(t *testing.T) {
	h := newHost(t)
	for _, flag := range []string{"--mchid", "--serial-no", "--public-key-id"} {
		for _, keyFile := range []string{h.file(sandbox.MerchantKeyFile), h.file(sandbox.PublicKeyFile)} {
			r := runArgs(t, "--json", "doctor", "--keys", h.dir, "--key-file", keyFile, "--base-url", "ftp://none", flag, h.account.APIv3Key())
			r.wantCode(t, exitInput)
			if strings.Contains(r.out+r.err, h.account.APIv3Key()[:10]) {
				t.Errorf("%s: the key is printed", flag)
			}
		}
	}
}

// proxy forwards requests and counts them by path.
type proxy struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string]int
	auth string // Proxy-Authorization of the last one
}

func newProxy(t testing.TB) *proxy {
	p := &proxy{seen: map[string]int{}}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen[r.URL.Path]++
		p.auth = r.Header.Get("Proxy-Authorization")
		p.mu.Unlock()
		if !r.URL.IsAbs() {
			t.Errorf("%s came to the proxy itself", r.URL)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) want(t *testing.T, paths ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if got := slices.Sorted(maps.Keys(p.seen)); !slices.Equal(got, paths) {
		t.Errorf("through the proxy went %q, want %q", got, paths)
	}
	clear(p.seen)
}

// One setting sends all that a command sends through the proxy: calls, the request for
// the clock, and the download of certificates.
func TestProxy(t *testing.T) {
	h, p := newHost(t), newProxy(t)
	const order = "/v3/payscore/partner/serviceorder"
	host := strings.TrimPrefix(p.URL, "http://")

	h.wantQuery(t, "--keys", h.dir)
	p.want(t)
	for _, url := range []string{p.URL, host, p.URL + "/"} {
		h.wantQuery(t, "--keys", h.dir, "--proxy", url)
		p.want(t, order)
	}
	diagnose(t, exitDone, "--keys", h.dir, "--proxy", p.URL)["host"].want(t, checkOK, "through the proxy "+host)
	p.want(t, "/", "/v3/certificates", "/v3/security/echo")
	t.Run("file", func(t *testing.T) {
		file := h.yaml(t, h.url)
		if err := os.WriteFile(file, append(readFile(t, file), "proxy: "+p.URL+"\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
		h.wantQuery(t, "--config", file)
		p.want(t, order)
	})
	t.Run("variable, with a password", func(t *testing.T) {
		h.setenv(t)
		t.Setenv("WECHATPAY_PROXY", "http://user:hunter2hunter2@"+host)
		h.wantQuery(t)
		p.want(t, order)
		if user, password, ok := (&http.Request{Header: http.Header{"Authorization": {p.auth}}}).BasicAuth(); !ok || user != "user" || password != "hunter2hunter2" {
			t.Error("the password did not reach the proxy")
		}
		r := runArgs(t, "--json", "doctor")
		r.wantCode(t, exitDone)
		down := runArgs(t, "query", seedOutOrderNo, "--proxy", "http://user:hunter2hunter2@127.0.0.1:1")
		down.wantCode(t, exitFailed)
		if all := r.out + r.err + down.out + down.err; strings.Contains(all, "hunter2") {
			t.Errorf("the password is printed: %s", all)
		}
	})
	h = newHost(t)
	for _, bad := range []string{"ftp://127.0.0.1:1", "http://", "socks4://127.0.0.1:1", "http://user:hunter2hunter2@127.0.0.1:port", "http://127.0.0.1:1/path", "%zz",
		"http://user:80#hunter2hunter2@127.0.0.1:1", "http://hunter2#x@127.0.0.1:1", "http://user:80?hunter2@127.0.0.1:1"} {
		line := h.refusedInput(t, []string{"query", seedOutOrderNo, "--keys", h.dir, "--proxy", bad}, "--proxy is not a URL such as http://127.0.0.1:8080")
		if strings.Contains(line, "hunter2") {
			t.Error(line)
		}
	}
	diagnose(t, exitInput, "--keys", h.dir, "--proxy", "ftp://127.0.0.1:1")["host"].want(t, checkFailed, "--proxy is not a URL")
	for _, base := range []string{"http://user:80#hunter2@127.0.0.1:1", "http://user:80?hunter2@127.0.0.1:1"} {
		diagnose(t, exitInput, "--keys", h.dir, "--base-url", base)["host"].want(t, checkFailed, "--base-url is not a URL")
	}
}

// TestDoctorNamesKeyForms checks that a key that cannot be taken is named, with the
// command that repairs it, and one that can is taken.
func TestDoctorNamesKeyForms(t *testing.T) {
	h := newHost(t)
	key := readFile(t, h.file(sandbox.MerchantKeyFile))
	var wide []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + string(key))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for _, test := range sample([]struct{ name, content, want string }{
		{"UTF-16", string(wide), "iconv -f UTF-16 -t UTF-8"},
		{"p12", "\x30\x82\x0b\xff\x02\x01\x03\x30\x82", "openssl pkcs12 -in apiclient_cert.p12 -nodes -out apiclient.pem"},
		{"encrypted", string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}})), "openssl pkey"},
		{"certificate", string(readFile(t, h.file(sandbox.MerchantCertFile))), "apiclient_key.pem of the merchant"},
		{"login page", "<!doctype html><html>", "web page"},
		{"cut off", string(key[:300]), "END line is missing"},
	}) {
		t.Run(test.name, func(t *testing.T) {
			diagnose(t, exitInput, "--keys", h.dir, "--key-file", write(t, "key.pem", test.content))["key"].want(t, checkFailed, test.want)
		})
	}
	serial, _ := new(big.Int).SetString(h.account.SerialNo, 16)
	for _, serial := range []string{serial.String(), "0x" + h.account.SerialNo, "serial=" + strings.ToLower(h.account.SerialNo), colons(h.account.SerialNo)} {
		checks := diagnose(t, exitDone, "--keys", h.dir, "--serial-no", serial, "--key-file", write(t, "key.pem", "\ufeff"+strings.ReplaceAll(string(key), "\n", "\r\n  ")))
		checks["serial"].want(t, checkOK, h.account.SerialNo)
		checks["key"].want(t, checkOK, "RSA of 2048 bits")
		diagnose(t, exitDone, append(without(h.flags(), "--serial-no"), "--serial-no", serial)...)["serial"].want(t, checkOK, h.account.SerialNo)
	}
	diagnose(t, exitInput, append(h.flags(), "--mchid", "wx8888888888888888")...)["mchid"].want(t, checkFailed, "id of an app")
	diagnose(t, exitDone, append(h.flags(), "--mchid", " "+h.account.MchID)...)["mchid"].want(t, checkOK, "though merchants have 8 to 10 digits")
}

func colons(hex string) string {
	var b strings.Builder
	for i := 0; i < len(hex); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(hex[i : i+2])
	}
	return b.String()
}

func TestDoctorAPIv3Key(t *testing.T) {
	h := newHost(t)
	const name = "api v3 key"
	diagnose(t, exitDone, "--keys", h.dir)[name].want(t, checkOK, "decrypts the platform certificates")
	diagnose(t, exitDone, h.flags()...)[name].want(t, checkSkipped, "no WECHATPAY_API_V3_KEY")
	for _, test := range []struct {
		key    string
		code   int
		result string
		want   string
	}{
		{h.account.APIv3Key(), exitDone, checkOK, "decrypts"},
		{h.account.APIv3Key() + "\n", exitDone, checkOK, "decrypts"},
		{h.account.APIv3Key()[:31], exitInput, checkFailed, "31 bytes, not 32"},
		{h.account.APIv3Key()[:31] + " ", exitInput, checkFailed, "31 bytes, not 32"},
		{strings.Repeat("2", 32), exitInput, checkFailed, "The APIv2 key looks the same"},
	} {
		t.Setenv(apiV3KeyVariable, test.key)
		checks := diagnose(t, test.code, h.flags()...)
		checks[name].want(t, test.result, test.want)
		checks["echo"].want(t, checkOK, "")
		if text := checks[name].Text; strings.Contains(text, test.key[:10]) {
			t.Errorf("the key is printed: %s", text)
		}
	}
	t.Setenv(apiV3KeyVariable, "")
	file := h.yaml(t, h.url)
	if err := os.WriteFile(file, append(readFile(t, file), "api_v3_key: "+h.account.APIv3Key()+"\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	diagnose(t, exitDone, "--config", file)[name].want(t, checkOK, "decrypts")

	// A merchant that has the public key only has nothing to try it on.
	bare := newHost(t)
	bare.spoil = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v3/certificates" {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":"RESOURCE_NOT_EXISTS","message":"m"}`))
		})
	}
	diagnose(t, exitDone, "--keys", bare.dir)[name].want(t, checkSkipped, "no platform certificate to try them on")
	if _, err := auth.NewAPIv3Key(bare.account.APIv3Key()); err != nil {
		t.Error(err)
	}
}
