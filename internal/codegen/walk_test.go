package codegen

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// walking says where a test runs: 1 in make walk, within in a copy of the
// repository that one of its tests builds.
const (
	walking = "PAYSCORE_WALK"
	within  = "within"
)

// onAWalk skips a test that builds a copy of the repository, but for make walk.
func onAWalk(t *testing.T) {
	t.Helper()
	if os.Getenv(walking) != "1" {
		t.Skip("make walk runs it")
	}
}

// TestAddAField does what CONTRIBUTING.md says on how to add a field, line by
// line, on a copy of the repository.
func TestAddAField(t *testing.T) {
	onAWalk(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	lines := walkOf(t, filepath.Join(root, "CONTRIBUTING.md"))
	dir := copyOf(t, root)
	run := func(line string) string {
		t.Helper()
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), walking+"="+within)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		return string(out)
	}
	run("git init -q && git config user.email walk@example.com && git config user.name walk && git config commit.gpgsign false && git add -A && git commit -qm before")

	edits, said := 0, map[string]string{}
	for _, line := range lines {
		if strings.HasPrefix(line, "$EDITOR ") {
			edit(t, filepath.Join(dir, strings.TrimPrefix(line, "$EDITOR ")))
			edits++
			continue
		}
		said[line] = run(line)
	}
	if edits != 1 || len(said) < 4 {
		t.Fatalf("the walk has %d edits and %d commands", edits, len(said))
	}

	if out := said["go run ./cmd/specgen lint api/openapi.yaml"]; out != "" {
		t.Errorf("lint said %s", out)
	}
	if out := said["make generate"]; !strings.Contains(out, "gen/payscore/models.gen.go") || !strings.Contains(out, "api/dist/openapi.json") {
		t.Errorf("generate did not show what changed: %s", out)
	}
	diff := said["go run ./cmd/specgen diff HEAD"]
	if !strings.Contains(diff, "Additive") || strings.Contains(diff, "Breaking") || !strings.Contains(diff, "receipt_no") {
		t.Errorf("diff said %s", diff)
	}
	changelog := read(t, filepath.Join(dir, "CHANGELOG.md"))
	if !strings.Contains(changelog, "receipt_no") {
		t.Error("the field is not in CHANGELOG.md")
	}
	if client := read(t, filepath.Join(dir, "gen/payscore/models.gen.go")); !regexp.MustCompile(`ReceiptNo +\*string`).MatchString(client) {
		t.Error("the field is not in the client")
	}
}

// walkOf returns the lines of the first code block, without their comments.
func walkOf(t *testing.T, file string) []string {
	t.Helper()
	_, block, found := strings.Cut(read(t, file), "## Add a field\n\n```sh\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatalf("%s has no walk", file)
	}
	var lines []string
	for line := range strings.Lines(block) {
		line, _, _ = strings.Cut(line, " #")
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > 10 {
		t.Errorf("the walk takes %d lines, more than ten", len(lines))
	}
	return lines
}

// edit adds a field to the modify request, as a maintainer would.
func edit(t *testing.T, file string) {
	t.Helper()
	field := `        receipt_no:
          title: 小票号
          description: Number of the receipt.
          type: string
          maxLength: 32
          example: R1
`
	insert(t, file, field, "    ModifyPartnerServiceOrderRequest:\n", "      properties:\n")
}

// copyOf copies what git knows, and what it would take, to a new directory.
func copyOf(t *testing.T, root string) string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	dir := t.TempDir()
	for name := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		from, to := filepath.Join(root, string(name)), filepath.Join(dir, string(name))
		info, err := os.Stat(from)
		if err != nil || info.IsDir() {
			continue // deleted, and not committed yet
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(read(t, from)), info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
