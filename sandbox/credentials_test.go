package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
)

func TestOpenCredentials(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when needed")
	made := must(sandbox.OpenCredentials(dir))
	account := made.Account()

	files := sandbox.Files()
	for _, entry := range must(os.ReadDir(dir)) {
		secret, known := files[entry.Name()]
		if !known {
			t.Errorf("%s was left", entry.Name())
		}
		mode := must(entry.Info()).Mode()
		if secret && mode != 0o600 || mode.Perm()&0o022 != 0 {
			t.Errorf("%s has mode %v", entry.Name(), mode)
		}
		delete(files, entry.Name())
	}
	if len(files) > 0 {
		t.Errorf("not made: %v", slices.Collect(maps.Keys(files)))
	}
	if mode := must(os.Stat(dir)).Mode().Perm(); mode&0o077 != 0 {
		t.Errorf("the directory has mode %v", mode)
	}

	// A restart goes on with the same keys and leaves the files as they are.
	before := contents(t, dir)
	again := must(sandbox.OpenCredentials(dir))
	if asJSON(again.Account()) != asJSON(account) || !sandbox.WechatpayKey(again).Equal(sandbox.WechatpayKey(made)) || !sandbox.PlatformKey(again).Equal(sandbox.PlatformKey(made)) {
		t.Error("opened again, they are others")
	}
	if !maps.Equal(contents(t, dir), before) {
		t.Error("opening them changed the files")
	}

	b := newBox(t, sandbox.WithCredentials(again))
	b.ok(again.WriteAccount(dir, b.URL))
	var written sandbox.Account
	b.ok(json.Unmarshal(must(os.ReadFile(filepath.Join(dir, sandbox.AccountFile))), &written))
	if written.BaseURL != b.URL || written.APIv3Key() != account.APIv3Key() || len(written.APIv3Key()) != 32 {
		t.Errorf("wrote an account of %v", written)
	}
	if written.BaseURL = ""; asJSON(written) != asJSON(account) {
		t.Errorf("wrote %v, want %v", written, account)
	}
	if mode := must(os.Stat(filepath.Join(dir, sandbox.AccountFile))).Mode(); mode != 0o600 {
		t.Errorf("sandbox.json has mode %v", mode)
	}
	if must(sandbox.OpenCredentials(dir)).Account().BaseURL != "" {
		t.Error("the URL of the last run is taken for that of this one")
	}
	if !regexp.MustCompile(`^[0-9A-F]{40}$`).MatchString(account.SerialNo) || !regexp.MustCompile(`^[0-9A-F]{40}$`).MatchString(account.PlatformSerialNo) {
		t.Errorf("serials %s and %s", account.SerialNo, account.PlatformSerialNo)
	}

	// A merchant in any language gets its keys from the files.
	in := func(name string) string { return filepath.Join(dir, name) }
	signer := must(auth.LoadSigner(account.MchID, account.SerialNo, in(sandbox.MerchantKeyFile)))
	certified := must(auth.LoadSignerWithCertificate(account.MchID, in(sandbox.MerchantKeyFile), in(sandbox.MerchantCertFile)))
	if certified.SerialNo() != signer.SerialNo() {
		t.Errorf("serial %s of the certificate, %s of the account", certified.SerialNo(), signer.SerialNo())
	}
	verifier := must(auth.NewVerifier(
		must(auth.LoadPublicKey(account.PublicKeyID, in(sandbox.PublicKeyFile))),
		must(auth.LoadPlatformCertificate(in(sandbox.PlatformCertFile)))))
	req := b.unsigned("GET", orders+"?sub_mchid="+account.SubMchID+"&out_order_no="+orderNo, "")
	b.ok(signer.Sign(t.Context(), req))
	got := b.do(req)
	got.checkRefused(t, notExist)
	b.ok(verifier.Verify(got.Header, []byte(got.Body)))
}

// contents are the files of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, entry := range must(os.ReadDir(dir)) {
		all[entry.Name()] = string(must(os.ReadFile(filepath.Join(dir, entry.Name()))))
	}
	return all
}

// To overwrite a key is not the sandbox's to decide.
func TestOpenCredentialsRefusesWhatDoesNotFit(t *testing.T) {
	good, other := t.TempDir(), t.TempDir()
	must(sandbox.OpenCredentials(good))
	must(sandbox.OpenCredentials(other))
	whole, foreign := contents(t, good), contents(t, other)

	type change func(files map[string]string)
	cases := map[string]change{
		"sandbox.json cut off":    func(f map[string]string) { f[sandbox.AccountFile] = f[sandbox.AccountFile][:20] },
		"sandbox.json of another": func(f map[string]string) { f[sandbox.AccountFile] = foreign[sandbox.AccountFile] },
		"empty object":            func(f map[string]string) { f[sandbox.AccountFile] = "{}" },
		"certificates of another": func(f map[string]string) {
			f[sandbox.MerchantCertFile], f[sandbox.PlatformCertFile] = foreign[sandbox.MerchantCertFile], foreign[sandbox.PlatformCertFile]
			// The serial numbers fit, the keys do not.
			var mine, theirs sandbox.Account
			_ = json.Unmarshal([]byte(f[sandbox.AccountFile]), &mine)
			_ = json.Unmarshal([]byte(foreign[sandbox.AccountFile]), &theirs)
			mine.SerialNo, mine.PlatformSerialNo = theirs.SerialNo, theirs.PlatformSerialNo
			f[sandbox.AccountFile] = asJSON(mine)
		},
		"short API v3 key": func(f map[string]string) {
			f[sandbox.AccountFile] = regexp.MustCompile(`("api_v3_key": ")[^"]`).ReplaceAllString(f[sandbox.AccountFile], "$1")
		},
	}
	for name := range sandbox.Files() {
		cases["no "+name] = func(f map[string]string) { delete(f, name) }
		cases["only "+name] = func(f map[string]string) { maps.DeleteFunc(f, func(n, _ string) bool { return n != name }) }
		if name == sandbox.AccountFile {
			continue
		}
		cases[name+" is text"] = func(f map[string]string) { f[name] = "text" }
		cases[name+" of another"] = func(f map[string]string) { f[name] = foreign[name] }
		cases[name+" of another kind"] = func(f map[string]string) {
			f[name] = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"
		}
		cases[name+" with rubbish inside"] = func(f map[string]string) {
			kind := regexp.MustCompile(`BEGIN ([A-Z ]+)-`).FindStringSubmatch(f[name])[1]
			f[name] = "-----BEGIN " + kind + "-----\nAAAA\n-----END " + kind + "-----\n"
		}
	}
	for _, field := range []string{"mchid", "public_key_id", "service_id", "appid", "sub_mchid", "serial_no", "platform_serial_no"} {
		cases["no "+field] = func(f map[string]string) {
			f[sandbox.AccountFile] = strings.Replace(f[sandbox.AccountFile], `"`+field+`"`, `"x"`, 1)
		}
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := maps.Clone(whole)
			change(files)
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, err := sandbox.OpenCredentials(dir)
			if err == nil || c != nil {
				t.Fatalf("opened %v, error %v", c, err)
			}
			if !maps.Equal(contents(t, dir), files) {
				t.Error("refused, but the files changed")
			}
			if text := err.Error(); !strings.HasPrefix(text, "sandbox: ") || strings.Contains(text, "\n") || !strings.Contains(text, dir) {
				t.Errorf("error %q", text)
			}
			leaksNothing(t, err.Error(), whole)
		})
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := sandbox.OpenCredentials(file); err == nil || c != nil {
		t.Error("opened a file")
	}
	if os.Getuid() != 0 { // who may write anywhere
		closed := t.TempDir()
		if err := os.Chmod(closed, 0o500); err != nil {
			t.Fatal(err)
		}
		if _, err := sandbox.OpenCredentials(filepath.Join(closed, "keys")); err == nil || !strings.Contains(err.Error(), fs.ErrPermission.Error()) {
			t.Errorf("made credentials where none can be: %v", err)
		}
	}
}

// leaksNothing fails when text holds the APIv3 key or a part of a private key.
func leaksNothing(t *testing.T, text string, files map[string]string) {
	t.Helper()
	var account sandbox.Account
	if err := json.Unmarshal([]byte(files[sandbox.AccountFile]), &account); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, account.APIv3Key()) || strings.Contains(text, fmt.Sprintf("%x", account.APIv3Key())) || strings.Contains(text, fmt.Sprintf("%X", account.APIv3Key())) {
		t.Errorf("holds the APIv3 key: %.300s", text)
	}
	for name, content := range files {
		if !strings.Contains(content, "PRIVATE KEY") {
			continue
		}
		for _, line := range strings.Split(content, "\n") {
			if len(line) == 64 && strings.Contains(text, line) {
				t.Errorf("holds a line of %s", name)
			}
		}
	}
	if strings.Contains(text, "BEGIN ") {
		t.Errorf("holds a key: %.300s", text)
	}
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	dir := t.TempDir()
	c := must(sandbox.OpenCredentials(dir))
	account := c.Account()
	files := contents(t, dir)
	decimal := sandbox.WechatpayKey(c).D.String() // as %v of a number prints it
	hexadecimal := fmt.Sprintf("%x", sandbox.WechatpayKey(c).D)
	box := must(sandbox.Open(sandbox.WithCredentials(c)))
	server := sandbox.New(t, sandbox.WithCredentials(c))

	// What a user's own struct holds, where fmt reaches the fields and not the methods.
	type holder struct {
		account     sandbox.Account
		accounts    []sandbox.Account
		credentials sandbox.Credentials
		pointer     *sandbox.Credentials
		value       any
	}
	hidden := holder{account, []sandbox.Account{account}, *c, c, account}

	// Through any, since vet knows some of the verbs to be wrong.
	format := func(verb string, v any) string { return fmt.Sprintf(verb, v) }
	for name, v := range map[string]any{
		"Credentials": *c, "*Credentials": c, "Account": account, "*Account": &account,
		"Credentials in a struct": struct{ C *sandbox.Credentials }{c}, "Account in a struct": struct{ A sandbox.Account }{account},
		"Credentials value in a struct": struct{ C sandbox.Credentials }{*c},
		"Accounts":                      []sandbox.Account{account}, "Account in a map": map[string]any{"a": account},
		"*Sandbox": box, "*Server": server,
		"unexported in a struct": hidden, "unexported in a *struct": &hidden, "unexported in structs": []any{hidden, map[string]holder{"h": hidden}},
	} {
		texts := map[string]string{}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T", "%t", "%o"} {
			texts[verb] = format(verb, v)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("text", "value", v, slog.Group("group", "value", v))
		texts["slog text"] = log.String()
		if !strings.Contains(name, "Account") || name == "Account" || name == "*Account" {
			// An Account inside of something else is written as sandbox.json has it.
			log.Reset()
			slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "value", v, slog.Group("group", "value", v))
			texts["slog JSON"] = log.String()
		}
		if !strings.Contains(name, "Account") {
			b, err := json.Marshal(v)
			texts["JSON"] = string(b) + fmt.Sprint(err)
		}
		for how, text := range texts {
			t.Run(name+" "+how, func(t *testing.T) {
				leaksNothing(t, text, files)
				if strings.Contains(text, decimal) || strings.Contains(text, hexadecimal) {
					t.Error("holds the private exponent")
				}
			})
		}
	}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprint(account)} {
		if !strings.Contains(text, account.MchID) {
			t.Errorf("%q does not say whose it is", text)
		}
	}
	if !strings.Contains(asJSON(account), account.APIv3Key()) {
		t.Error("sandbox.json would lack the APIv3 key")
	}
}
