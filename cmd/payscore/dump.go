package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// dump is a notification as somebody recorded it.
type dump struct {
	header http.Header // the names as recorded
	body   []byte
	notes  []string // what was not taken literally
}

// readDump reads the headers and the body of a notification, from an HTTP request
// or from the JSON that frameworks log. Its errors show nothing of the file.
func readDump(raw []byte) (dump, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	switch start := bytes.TrimSpace(raw); {
	case len(start) == 0:
		return dump{}, errors.New("it is empty")
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return dump{}, errors.New("it is UTF-16: save it as UTF-8")
	case start[0] == '{':
		return readLogged(raw)
	}
	return readRequest(raw)
}

var (
	startLine  = regexp.MustCompile(`^([A-Z]+ \S+( HTTP/[0-9.]+)?|HTTP/[0-9.]+ [0-9]{3}.*)$`)
	headerName = regexp.MustCompile(`^[0-9A-Za-z!#$%&'*+.^_|~-]+$`)
)

// readRequest reads headers, an empty line and the body, which is taken as it is.
// curl -v puts "> " before each header, and "* " before its remarks.
func readRequest(raw []byte) (dump, error) {
	d := dump{header: http.Header{}}
	started, folded := false, "" // folded is the header that a line may continue
	for n := 1; len(raw) > 0; n++ {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		text := strings.TrimSuffix(string(line), "\r")
		if strings.HasPrefix(text, "* ") {
			continue
		}
		if text != "" && (text[0] == '>' || text[0] == '<') {
			text = strings.TrimPrefix(text[1:], " ")
		}
		if strings.TrimSpace(text) == "" {
			if !started {
				continue
			}
			d.body = raw
			break
		}
		first := !started
		started = true
		name, value, found := strings.Cut(text, ":")
		switch {
		case first && startLine.MatchString(text), found && name == "": // HTTP/2 has :method and the like
		case text[0] == ' ' || text[0] == '\t':
			values := d.header[folded]
			if len(values) == 0 {
				return dump{}, fmt.Errorf("line %d: it is indented, and continues no header", n)
			}
			values[len(values)-1] = strings.TrimSpace(values[len(values)-1] + " " + strings.TrimSpace(text))
		case !found || !headerName.MatchString(name):
			return dump{}, fmt.Errorf("line %d: neither a header (Name: value) nor the empty line before the body", n)
		default:
			folded = name
			d.header[name] = append(d.header[name], strings.TrimSpace(value))
		}
	}
	if len(d.header) == 0 {
		return dump{}, errors.New("it has no headers")
	}
	d.cutFileEnd()
	return d, nil
}

// cutFileEnd takes away the line end that an editor put after the body.
func (d *dump) cutFileEnd() {
	n, err := strconv.Atoi(d.value("Content-Length"))
	if err != nil || n < 0 || n >= len(d.body) {
		return
	}
	if end := string(d.body[n:]); end == "\n" || end == "\r\n" {
		d.body = d.body[:n]
		d.notes = append(d.notes, "the line end after the body is not counted by Content-Length, so it is the file's and was left out")
	}
}

// value returns the first value of a header, whose name may be in any case.
func (d *dump) value(name string) string {
	for given, values := range d.header {
		if strings.EqualFold(given, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// readLogged reads {"headers": ..., "body": ...}.
func readLogged(raw []byte) (dump, error) {
	if err := checkJSON(raw); err != nil {
		return dump{}, err
	}
	var logged struct {
		Headers  json.RawMessage `json:"headers"`
		Body     json.RawMessage `json:"body"`
		Resource json.RawMessage `json:"resource"`
		IsBase64 any             `json:"isBase64Encoded"` // of cloud functions
	}
	_ = json.Unmarshal(raw, &logged) // it is JSON, and these take any
	if logged.Headers == nil {
		if logged.Resource != nil {
			return dump{}, errors.New("it is the body alone: the headers are needed, too, as {\"headers\": {...}, \"body\": \"...\"} or as an HTTP request")
		}
		return dump{}, errors.New("it has no \"headers\"; {\"headers\": {...}, \"body\": \"...\"} or an HTTP request is wanted")
	}
	d := dump{header: http.Header{}}
	if err := d.addHeaders(logged.Headers); err != nil {
		return dump{}, err
	}
	var text *string
	if len(logged.Body) == 0 || json.Unmarshal(logged.Body, &text) == nil {
		if text != nil {
			d.body = []byte(*text)
		}
	} else {
		d.body = logged.Body
		d.notes = append(d.notes, "the body is JSON and not a text: it was decoded before it was recorded, so its form may be lost")
	}
	if logged.IsBase64 == true {
		decoded, err := base64.StdEncoding.DecodeString(string(d.body))
		if err != nil {
			return dump{}, errors.New("isBase64Encoded is true, and the body is not base64")
		}
		d.body = decoded
	}
	return d, nil
}

// addHeaders takes an object, whose values may be lists, or a list of names and values.
func (d *dump) addHeaders(raw json.RawMessage) error {
	var object map[string]any
	var pairs [][]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if raw[0] == '{' {
		_ = decoder.Decode(&object)
		for name, value := range object {
			pairs = append(pairs, []any{name, value})
		}
	} else if decoder.Decode(&pairs) != nil {
		return errors.New("$.headers: neither an object nor a list of [name, value]")
	}
	for _, pair := range pairs {
		if len(pair) != 2 {
			return errors.New("$.headers: a header of the list is not [name, value]")
		}
		name, isText := pair[0].(string)
		values, isList := pair[1].([]any)
		if !isList {
			values = pair[1:]
		}
		for _, value := range values {
			switch value := value.(type) {
			case nil:
			case string:
				d.header[name] = append(d.header[name], value)
			case json.Number:
				d.header[name] = append(d.header[name], value.String())
			default:
				isText = false
			}
		}
		if !isText {
			return errors.New("$.headers: a name or a value is not a text")
		}
	}
	return nil
}
