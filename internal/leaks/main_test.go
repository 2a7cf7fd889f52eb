package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const vectors = "../../api/vectors"

func TestLeaksAreFound(t *testing.T) {
	secrets, err := markers(vectors)
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(vectors, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	signature := strings.Repeat("aB3+", 85) + "Cd==" // as long as one of RSA 2048
	for name, line := range map[string]string{
		"body":                 `payscore: POST /v3: {"reason":"` + planted + ` x"}`,
		"APIv3 key":            "the key is Test" + "Only-0123456789abcdefghijkl!",
		"APIv2 key":            "the key is Test" + "OnlyAPIv2Key0123456789abcdef",
		"old key":              "Old" + "Key!!-0123456789abcdefghijkl!",
		"key in hex":           "546573744F6E6C79",
		"Authorization":        `WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="2",signature="aB3+aB3+aB3+"`,
		"quoted Authorization": `"WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"2\",signature=\"aB3+aB3+aB3+\""`,
		"signature":            "got " + signature + " of it",
		"PEM":                  "-----BEGIN PRIVATE" + " KEY-----",
		"quoted PEM":           `"-----BEGIN RSA PRIVATE` + ` KEY-----\nMII"`,
		"merchant's key":       "x" + strings.Split(read("merchant_key.pem"), "\n")[20] + "x",
		"platform key":         strings.ReplaceAll(read("platform_private_key.pem"), "\n", ""),
		"public key's half":    strings.Split(read("wechatpay_private_key.pem"), "\n")[25],
	} {
		if leak(secrets, line+"\n") == "" {
			t.Errorf("%s is not found", name)
		}
	}
	for _, line := range []string{
		"=== RUN   TestSign/no_PRIVATE_KEY",
		"payscore: POST /v3/payscore/partner/serviceorder/1/modify: 400 INVALID_REQUEST: 当前订单状态不合法",
		"the scheme is WECHATPAY2-SHA256-RSA2048",
		read("wechatpay_public_key.pem"),
	} {
		if what := leak(secrets, line+"\n"); what != "" {
			t.Errorf("%q holds %s", line, what)
		}
	}
}

func TestTheSuiteIsRead(t *testing.T) {
	if testing.Short() {
		t.Skip("runs go test")
	}
	t.Setenv("LEAKY_KEY", vectors+"/nothing")
	test := []string{"go", "test", "-v", "-count=1", "./testdata/leaky"}
	var out bytes.Buffer
	if code := run(test, vectors, &out); code != 1 || !strings.Contains(out.String(), "--- FAIL: TestLeaks") || !strings.Contains(out.String(), ", 0 hold") {
		t.Errorf("a test that fails: %d\n%s", code, out.String())
	}
	key, err := filepath.Abs(filepath.Join(vectors, "merchant_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("LEAKY_KEY", key)
	out.Reset()
	if code := run(test, vectors, &out); code != 1 || !strings.Contains(out.String(), "the key of merchant_key.pem") || !strings.Contains(out.String(), ", 1 hold") {
		t.Errorf("a test that logs a key: %d\n%s", code, out.String())
	}
	data, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if line := strings.Split(string(data), "\n")[20]; strings.Contains(out.String(), line) {
		t.Error("the secret is shown")
	}
	t.Setenv("LEAKY_KEY", "main_test.go")
	t.Setenv("LEAKY_PANIC", planted)
	out.Reset()
	if code := run(test, vectors, &out); code != 1 || strings.Contains(out.String(), planted) || !strings.Contains(out.String(), "it holds a body") {
		t.Errorf("a panic: %d\n%s", code, out.String())
	}
}

func TestExitCodeIsKept(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 3": 3, "echo " + planted: 1, "echo " + planted + " >&2; exit 2": 2, "kill -9 $$": 1} {
		var out bytes.Buffer
		if code := run([]string{"sh", "-c", script}, vectors, &out); code != want {
			t.Errorf("%s: %d, want %d\n%s", script, code, want, out.String())
		}
	}
	for _, command := range [][]string{nil, {"./no-such-command"}} {
		if code := run(command, vectors, new(bytes.Buffer)); code != 2 {
			t.Errorf("%q: %d", command, code)
		}
	}
	if code := run([]string{"true"}, t.TempDir(), new(bytes.Buffer)); code != 2 {
		t.Errorf("without keys: %d", code)
	}
}

// A word that nobody plants finds nothing.
func TestBodiesArePlanted(t *testing.T) {
	for _, pkg := range []string{"apierror", "auth", "cmd/payscore", "limit", "notify", "notify/redisdedup", "otel", "sandbox", "serviceorder", "transport"} {
		files, err := filepath.Glob(filepath.Join("../..", pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || bytes.Contains(data, []byte(planted))
		}
		if !found {
			t.Errorf("no test of %s plants the word", pkg)
		}
	}
}

// make secrets and make lint go through the modules that the Makefile lists.
func TestEachModuleIsListed(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(makefile)) {
		if name, rest, ok := strings.Cut(line, " := "); ok && (name == "IMPORTED" || name == "PROGRAMS") {
			listed = append(listed, strings.Fields(rest)...)
		}
	}
	found := 0
	err = filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.Name() != "go.mod":
			return nil
		}
		module := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), filepath.Join("..", "..")+string(filepath.Separator)))
		if found++; filepath.Dir(path) != filepath.Join("..", "..") && !slices.Contains(listed, module) {
			t.Errorf("%s is not in %q", module, listed)
		}
		return nil
	})
	if err != nil || found < 2 {
		t.Errorf("%d modules: %v", found, err)
	}
}
