package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/api"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// maxBodyFile bounds a body, in bytes.
const maxBodyFile = 1 << 20

// readInput reads a file, or stdin if the name is "-". It returns the name for errors.
func readInput(name string, stdin io.Reader) (string, []byte, error) {
	if name != "-" {
		raw, err := readBody(name, nil)
		return name, raw, err
	}
	name = "standard input"
	raw, err := readBody(name, stdin)
	return name, raw, err
}

// readBody reads a body file, or in if that is not nil.
func readBody(name string, in io.Reader) ([]byte, error) {
	if in == nil {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxBodyFile+1))
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err // its text would name the file a second time
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(raw) > maxBodyFile {
		return nil, fmt.Errorf("%s: over %d bytes", name, maxBodyFile)
	}
	return raw, nil
}

// contract is api/openapi.yaml, in the form that parses faster.
var contract = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(api.SpecJSON)
})

// decodeModify reads a modify request.
func decodeModify(name string, raw []byte) (payscore.ModifyPartnerServiceOrderRequest, error) {
	return decodeBody[payscore.ModifyPartnerServiceOrderRequest](name, raw, "ModifyPartnerServiceOrderRequest")
}

// decodeBody reads a request strictly, by its schema in the contract:
// encoding/json would drop a mistyped field, take the last of two amounts and
// replace broken characters.
func decodeBody[T any](name string, raw []byte, schemaName string) (T, error) {
	var body T
	doc, err := contract()
	if err != nil {
		return body, err
	}
	schema := doc.Components.Schemas[schemaName].Value
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // some editors of Windows put it there
	if err := checkJSON(raw); err != nil {
		return body, fmt.Errorf("%s: %w", name, err)
	}
	if findings := checkShape(raw, schema); len(findings) > 0 {
		return body, fmt.Errorf("%s: %w", name, unsent(findings))
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return body, fmt.Errorf("%s: %w", name, err)
	}
	return body, nil
}

// checkJSON returns an error with the line at which raw is not JSON.
func checkJSON(raw []byte) error {
	for i, rest := 0, raw; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			return fmt.Errorf("line %d: not UTF-8", lineOf(raw, i))
		}
		i, rest = i+size, rest[size:]
	}
	var value json.RawMessage
	err := json.Unmarshal(raw, &value)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("line %d: not JSON: %w", lineOf(raw, int(syntax.Offset)-1), err)
	}
	return err
}

func lineOf(raw []byte, offset int) int {
	return 1 + bytes.Count(raw[:min(max(offset, 0), len(raw))], []byte("\n"))
}
