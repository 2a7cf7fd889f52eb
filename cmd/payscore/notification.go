package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode"
)

// recorded is a message as somebody wrote it down: headers and body.
type recorded struct {
	header http.Header
	body   []byte
}

// readMessage reads a recorded request or response: as HTTP has it, or as the JSON
// that frameworks log, {"headers": {...}, "body": "..."}.
func readMessage(name string, raw []byte) (recorded, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	var m recorded
	var err error
	if bytes.HasPrefix(bytes.TrimLeftFunc(raw, unicode.IsSpace), []byte("{")) {
		m, err = readLoggedMessage(raw)
	} else {
		m, err = readDump(raw)
	}
	if err == nil && len(m.header) == 0 {
		err = errors.New("it has no headers: they come first, then an empty line and the body")
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// startLine is the first line of a request or a response.
var startLine = regexp.MustCompile(`^(HTTP/[0-9.]+ [0-9]{3}|[A-Z]+ \S+( HTTP/[0-9.]+)?$)`)

// readDump reads lines of headers, an empty line and the body. The lines may begin
// with the "> " or "< " of curl -v.
func readDump(raw []byte) (recorded, error) {
	m := recorded{header: http.Header{}}
	for n := 1; ; n++ {
		line, rest, ended := bytes.Cut(raw, []byte("\n"))
		text := strings.TrimSuffix(string(line), "\r")
		if mark := strings.TrimSpace(text); mark == ">" || mark == "<" {
			text = ""
		}
		text = strings.TrimPrefix(strings.TrimPrefix(text, "> "), "< ")
		raw = rest
		name, value, isHeader := strings.Cut(text, ":")
		switch {
		case text == "":
			m.body = rest
			return m, nil
		case n == 1 && startLine.MatchString(text):
		case !isHeader || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }):
			return m, fmt.Errorf("line %d is neither a header nor the empty line before the body", n)
		default:
			// As written: the case of a name tells something, too.
			m.header[name] = append(m.header[name], strings.TrimSpace(value))
		}
		if !ended {
			return m, nil
		}
	}
}

// readLoggedMessage reads JSON. A header has one value or a list of them.
func readLoggedMessage(raw []byte) (recorded, error) {
	var logged struct {
		Headers    json.RawMessage `json:"headers"`
		Body       json.RawMessage `json:"body"`
		BodyBase64 *string         `json:"body_base64"`
	}
	m := recorded{header: http.Header{}}
	if err := checkJSON(raw); err != nil {
		return m, err
	}
	if err := json.Unmarshal(raw, &logged); err != nil {
		return m, errors.New(`it is not {"headers": {...}, "body": "..."}`)
	}
	var byName map[string]json.RawMessage
	var pairs [][2]string
	switch {
	case len(logged.Headers) == 0:
		return m, errors.New("it has no headers")
	case json.Unmarshal(logged.Headers, &byName) == nil:
		for name, value := range byName {
			var one string
			var several []string
			switch {
			case json.Unmarshal(value, &one) == nil:
				m.header[name] = []string{one}
			case json.Unmarshal(value, &several) == nil:
				m.header[name] = several
			default:
				return m, fmt.Errorf("headers: %.40q is neither a text nor a list of texts", name)
			}
		}
	case json.Unmarshal(logged.Headers, &pairs) == nil:
		for _, p := range pairs {
			m.header[p[0]] = append(m.header[p[0]], p[1])
		}
	default:
		return m, errors.New("headers are neither an object nor a list of pairs")
	}
	var text string
	switch {
	case logged.BodyBase64 != nil:
		body, err := base64.StdEncoding.DecodeString(*logged.BodyBase64)
		if err != nil {
			return m, errors.New("body_base64 is not base64")
		}
		m.body = body
	case len(logged.Body) == 0 || string(logged.Body) == "null":
	case json.Unmarshal(logged.Body, &text) == nil:
		m.body = []byte(text)
	default:
		return m, errors.New("body is JSON and not a text: the bytes that came are needed, and to write them down as JSON changes them")
	}
	return m, nil
}
