package sandbox_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

// What docs/sandbox.md says to paste into a shell is run as it stands there,
// against a sandbox whose files are where payscore sandbox puts them.
func TestDocsRun(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("REQUIRE_OPENSSL") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "docs", "sandbox.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "<!-- run -->\n```sh\n")[1:]
	wants := [][]string{
		{"HTTP/1.1 204 No Content", "HTTP/1.1 200 OK", `"total_amount":39900}`, "Verified OK"},
		{`"stage":"USER_CONFIRM"`, `"name":"reset-after"`, `"operation":"confirm"`},
	}
	if len(blocks) != len(wants) {
		t.Fatalf("%d blocks to run, not %d", len(blocks), len(wants))
	}
	box := sandbox.New(t)
	if _, err := box.Seed("1234323JKHDFE1243252", 50000); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keys := filepath.Join(dir, "payscore-sandbox")
	if err := box.Credentials().Save(keys); err != nil {
		t.Fatal(err)
	}
	if err := box.Credentials().WriteAccount(keys, box.URL); err != nil {
		t.Fatal(err)
	}
	for i, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		// The port of the test is a free one.
		command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", strings.ReplaceAll(block, "http://127.0.0.1:8129", box.URL))
		command.Dir = dir
		var said bytes.Buffer
		command.Stdout, command.Stderr = &said, &said
		if err := command.Run(); err != nil {
			t.Fatalf("block %d: %v\n%s", i, err, &said)
		}
		for _, want := range wants[i] {
			if !strings.Contains(said.String(), want) {
				t.Errorf("block %d does not print %q:\n%s", i, want, &said)
			}
		}
		if i == 0 {
			if n := strings.Count(said.String(), "Verified OK"); n != 2 {
				t.Errorf("%d answers are verified", n)
			}
			if order, _ := entity(box, "1900000109", "1234323JKHDFE1243252"); *order.TotalAmount != 39900 {
				t.Errorf("the order is at %d fen", *order.TotalAmount)
			}
		}
	}
	if _, left := entity(box, "1900000109", "RENTAL1"); left {
		t.Error("an order is left after the reset")
	}
}
