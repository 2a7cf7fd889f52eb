package payscore_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The list of defects is only worth something while its tests are there.
func TestEachPeerDefectHasItsTest(t *testing.T) {
	doc, err := os.ReadFile("docs/peer-defects.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z]+)\\.(Test[A-Za-z0-9]+)`")
	declared := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(t \*testing\.T\)`)
	tests := map[string]bool{}
	for _, pkg := range []string{"apierror", "auth", "notify", "sandbox", "serviceorder", "transport"} {
		files, err := filepath.Glob(filepath.Join(pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declared.FindAllSubmatch(source, -1) {
				tests[pkg+"."+string(m[1])] = true
			}
		}
	}
	rows, listed := 0, map[string]bool{}
	for row := range strings.Lines(string(doc)) {
		if !strings.HasPrefix(row, "| ") || strings.HasPrefix(row, "| client") {
			continue
		}
		rows++
		found := named.FindAllStringSubmatch(row, -1)
		if len(found) == 0 {
			t.Errorf("no test in %s", row)
		}
		for _, m := range found {
			name := m[1] + "." + m[2]
			listed[name] = true
			if !tests[name] {
				t.Errorf("there is no %s", name)
			}
		}
	}
	if rows < 20 {
		t.Errorf("%d defects", rows)
	}
	for name := range tests {
		if strings.Contains(name, "Defect") && !listed[name] {
			t.Errorf("%s is not listed", name)
		}
	}
}
