package payscore_test

import (
	"go/scanner"
	"go/token"
	"os"
	"strings"
	"testing"
)

// Each Go block of the READMEs is also in readme_example_test.go, which is compiled.
// Comments may differ, since one README is in Chinese.
func TestReadmeCodeCompiles(t *testing.T) {
	compiled := tokens(t, read(t, "readme_example_test.go"))
	var before int
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		text := read(t, name)
		blocks := goBlocks(text)
		for _, block := range blocks {
			if !strings.Contains(compiled, tokens(t, block)) {
				t.Errorf("%s has Go code that readme_example_test.go has not:\n%s", name, block)
			}
		}
		if before == 0 {
			before = len(blocks)
		}
		if len(blocks) < 6 || len(blocks) != before {
			t.Errorf("%s has %d blocks of Go code, the other %d", name, len(blocks), before)
		}
		if lines := strings.Count(text, "\n"); lines > 250 {
			t.Errorf("%s has %d lines", name, lines)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func goBlocks(text string) (blocks []string) {
	for {
		_, rest, found := strings.Cut(text, "```go\n")
		if !found {
			return blocks
		}
		block, after, _ := strings.Cut(rest, "```")
		blocks, text = append(blocks, block), after
	}
}

// tokens returns the tokens of Go code, one to a line, to compare code without
// comments and white space.
func tokens(t *testing.T, code string) string {
	t.Helper()
	file := token.NewFileSet().AddFile("", -1, len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), func(pos token.Position, msg string) { t.Errorf("%v: %s", pos, msg) }, 0)
	b := strings.Builder{}
	b.WriteByte('\n')
	for {
		_, tok, literal := s.Scan()
		if tok == token.EOF {
			return b.String()
		}
		if literal = strings.TrimSpace(literal); literal == "" {
			literal = tok.String()
		}
		b.WriteString(literal + "\n")
	}
}
