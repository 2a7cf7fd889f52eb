// Package internal_test holds the arrows between the rooms of the sandbox.
package internal_test

import (
	"go/build"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/wxpayscore/payscore/"

// mayImport is what each room may import of this module: the rooms by their
// names, everything else by its path. Room imports that are not here are wrong,
// however useful.
var mayImport = map[string][]string{
	"signcheck": {"gen/catalog"},
	"store":     {},
	"fault":     {"gen/catalog"},
	"rules":     {"gen/catalog", "gen/payscore"},
	"journal":   {"signcheck"},
	"authority": {"api"},
	"proxy":     {"authority"},
	"wire":      {"authority", "rules", "signcheck", "store", "api", "gen/catalog", "gen/payscore"},
	"deliver":   {"fault", "journal", "rules", "store", "wire", "internal/oneline"},
	"ledger":    {"deliver", "journal", "rules", "store", "wire", "gen/payscore"},
	"edge":      {"fault", "journal", "ledger", "rules", "signcheck", "store", "wire", "gen/catalog", "gen/payscore", "gen/payscoreserver"},
	"admin": {"deliver", "edge", "fault", "journal", "ledger", "rules", "signcheck", "store", "wire",
		"api", "gen/payscore", "gen/sandboxserver"},
}

// neverImports is what a room keeps away from in the standard library: the rules
// have no network, no lock, no file and no randomness of their own.
var neverImports = map[string][]string{
	"rules":     {"os", "net", "net/http", "sync/atomic", "context", "math/rand/v2", "crypto/rand"},
	"store":     {"net", "net/http", "context"},
	"signcheck": {"os", "net", "net/http", "context"},
	"fault":     {"os", "net", "context"},
	"ledger":    {"os", "net", "net/http"},
}

func TestArrows(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		room := e.Name()
		allowed, known := mayImport[room]
		if !known {
			t.Errorf("the room %s has no line in mayImport", room)
			continue
		}
		seen++
		pkg, err := build.ImportDir(room, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(pkg.Doc, " ") {
			t.Errorf("%s does not say what it holds", room)
		}
		used := map[string]bool{}
		for _, imported := range pkg.Imports {
			rest, ours := strings.CutPrefix(imported, module)
			if !ours {
				if slices.Contains(neverImports[room], imported) {
					t.Errorf("%s imports %s", room, imported)
				}
				continue
			}
			name := rest
			if dir, base := path.Split(rest); dir == "sandbox/internal/" {
				name = base
			}
			used[name] = true
			if !slices.Contains(allowed, name) {
				t.Errorf("%s imports %s, which is the wrong way: it may import %v", room, rest, allowed)
			}
		}
		for _, name := range allowed {
			if !used[name] {
				t.Errorf("%s may import %s and does not: take the arrow out", room, name)
			}
		}
	}
	if seen != len(mayImport) {
		t.Errorf("%d rooms, and %d lines in mayImport", seen, len(mayImport))
	}
}
