package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/wxpayscore/payscore/internal/hostiletext"
)

// strange is a contract with a text in each place of a stranger's choice.
func strange(text, other string) map[string]any {
	operation := map[string]any{
		"operationId": text, "summary": text, "description": text + other, "tags": []any{text},
		"parameters": []any{map[string]any{"name": text, "in": text, "schema": map[string]any{"$ref": text}}},
		"responses":  map[string]any{"200": map[string]any{"description": other}, text: map[string]any{"$ref": text}},
		text:         text,
	}
	return map[string]any{
		"openapi": "3.0.3", "info": map[string]any{"title": text, "version": other},
		"servers": []any{map[string]any{"url": text}},
		"paths":   map[string]any{"/" + text: map[string]any{"post": operation, text: text}, text: map[string]any{"get": operation}},
		"components": map[string]any{"schemas": map[string]any{
			text: map[string]any{"type": text, "title": text, "description": other, "enum": []any{text, other}, "pattern": text, "required": []any{text},
				"properties": map[string]any{text: map[string]any{"type": "string", "default": other, "example": 1}}},
			"A" + other: map[string]any{"type": "string", "description": text + other},
		}},
		"x-wechatpay-errors": map[string]any{text: map[string]any{text: other}},
		text:                 other,
	}
}

// No text of a contract drives the terminal or the CI system that shows what is
// wrong with it, be it a finding or what keeps the file from being read.
func TestHostileContracts(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	contract := func(v any) []byte {
		t.Helper()
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	t.Chdir(dir)
	said := 0
	every := 1
	if testing.Short() {
		every = 6
	}
	for i, text := range hostiletext.Texts {
		if i%every != 0 {
			continue
		}
		if len(text) > 1000 {
			text = text[:999] // the rules of lint take their time with keys of megabytes
		}
		write("api/openapi.yaml", contract(strange(text, "")))
		write("new.yaml", contract(strange(text, " other")))
		simple := map[string]any{"openapi": "3.0.3", "info": map[string]any{"title": "a", "version": "1"}, "paths": map[string]any{}}
		write("old.yaml", contract(simple))
		simple["paths"] = map[string]any{"/" + text: map[string]any{"get": map[string]any{"operationId": text, "description": text, "responses": map[string]any{"200": map[string]any{"description": text}}}}}
		write("simple.yaml", contract(simple))
		write("raw.yaml", []byte("a: {"+text))
		write("list.yaml", []byte("- "+text))
		write("docs/pages.yaml", contract([]any{map[string]any{"family": text, "title": text, "description": text, "pages": []any{
			map[string]any{"title": text, "operation": text, "urls": []any{text}, "date": text}}}}))
		described := map[string]any{"x-last-updated-at": text, "description": "https://pay.weixin.qq.com/" + text,
			"parameters": []any{map[string]any{"name": text, "in": text, "type": text}, map[string]any{"$ref": text}},
			"responses":  map[string]any{text: map[string]any{"schema": map[string]any{"required": []any{text}, "properties": map[string]any{text: map[string]any{"type": text}}}}}}
		write("folder/v3/payscore/orders.yaml", contract(map[string]any{"post": described, "get": described, text: text}))
		write("folder/v3/payscore/raw.yaml", []byte("a: {"+text))
		write("contract/docs/pages.yaml", []byte("[{family: a, pages: [{operation: POST /v3/payscore/orders, date: '2025-01-01'}]}]"))
		write("contract/api/openapi.yaml", contract(map[string]any{"paths": map[string]any{"/v3/payscore/orders": map[string]any{"post": map[string]any{"operationId": text,
			"parameters": []any{map[string]any{"name": text + "a", "in": "query", "schema": map[string]any{"type": text}}}, "responses": map[string]any{"200": map[string]any{}}}}}}))
		write("contract/docs/drift.yaml", contract(map[string]any{"accepted": []any{map[string]any{"reason": text + "a", "kind": "type", "at": []any{text}}}}))
		for _, args := range [][]string{
			{"lint", "api/openapi.yaml"}, {"lint", "--json", "api/openapi.yaml"}, {"lint", "raw.yaml"}, {"lint", "list.yaml"}, {"lint", text},
			{"diff", "api/openapi.yaml", "new.yaml"}, {"diff", "new.yaml", "api/openapi.yaml", "--json"}, {"diff", "raw.yaml", "list.yaml"}, {"diff", text, text},
			{"diff", "old.yaml", "simple.yaml", "--format", "markdown"}, {"diff", "simple.yaml", "old.yaml"}, {"diff", "simple.yaml", "old.yaml", "--json"},
			{"build", "--check"}, {"catalog", "--check"}, {"coverage", "--check"}, {"vectors", "--check", "-C", text}, {text}, {"--" + text},
			{"drift", "folder"}, {"drift", "folder", "-C", "contract", "--accepted"}, {"drift", "folder", "-C", "contract", "--json"}, {"drift", text},
		} {
			var stdout, stderr bytes.Buffer
			run(args, &stdout, &stderr)
			said += stdout.Len() + stderr.Len()
			for _, out := range []string{stdout.String(), stderr.String()} {
				if err := hostiletext.Check(out); err != nil {
					t.Errorf("%.60q: %v", args, err)
				}
			}
			if args[len(args)-1] == "--json" && stdout.Len() > 0 && !json.Valid(stdout.Bytes()) {
				t.Errorf("%.60q: no JSON", args)
			}
		}
	}
	if said < 10_000/every {
		t.Errorf("they said no more than %d bytes", said)
	}
}
