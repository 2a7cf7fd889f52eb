package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// textPattern is the one of x-wechatpay-text, nil in a contract without it.
func textPattern(routes map[string]*routers.Route) *regexp.Regexp {
	for _, route := range routes {
		rule, _ := route.Spec.Extensions["x-wechatpay-text"].(map[string]any)
		if pattern, _ := rule["pattern"].(string); pattern != "" {
			return regexp.MustCompile(pattern)
		}
		break // all are of one document
	}
	return nil
}

// notUTF8 is the refusal of bytes that are no text. The message was reported by
// a merchant (cloudreve/cloudreve#2491).
func notUTF8(location, field string) *rules.Refusal {
	return rules.Refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "请求内容传入了非UTF8参数").
		With(map[string]any{"location": location, "field": field, "issue": "is not UTF-8"})
}

func wrongText(location, field, issue string) *rules.Refusal {
	return rules.ParamError(location, field, "参数包含不支持的字符", issue)
}

// checkEncoding refuses what encoding/json would replace in silence: bytes that
// are no UTF-8, as a body in GBK has, and halves of surrogate pairs.
func checkEncoding(body []byte) *rules.Refusal {
	valid := utf8.Valid(body)
	if valid && !bytes.Contains(body, []byte(`\ud`)) && !bytes.Contains(body, []byte(`\uD`)) {
		return nil
	}
	if !valid {
		field, _ := findText(body, "", 0, func(text []byte) bool { return !utf8.Valid(text) })
		return notUTF8("body", field)
	}
	if field, found := findText(body, "", 0, hasLoneSurrogate); found {
		return wrongText("body", field, "has one half of a surrogate pair")
	}
	return nil
}

// maxDepth is far below what the contract has. Nobody reads a text below it.
const maxDepth = 32

// findText returns the place of the first text of a document that is wrong, by
// what stands in its quotation marks and them.
func findText(value json.RawMessage, at string, depth int, wrong func(text []byte) bool) (field string, found bool) {
	switch value = bytes.TrimSpace(value); {
	case len(value) == 0 || depth > maxDepth:
	case value[0] == '"':
		return at, wrong(value)
	case value[0] == '[':
		var items []json.RawMessage
		_ = json.Unmarshal(value, &items)
		for i, item := range items {
			if field, found = findText(item, at+"/"+strconv.Itoa(i), depth+1, wrong); found {
				return field, true
			}
		}
	case value[0] == '{':
		var members map[string]json.RawMessage
		_ = json.Unmarshal(value, &members)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if field, found = findText(members[name], at+"/"+name, depth+1, wrong); found {
				return field, true
			}
		}
	}
	return "", false
}

// hasLoneSurrogate looks at the escapes of a text of valid JSON.
func hasLoneSurrogate(text []byte) bool {
	high := -1 // where a first half ends
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		if text[i] != 'u' {
			continue
		}
		n, _ := strconv.ParseUint(string(text[i+1:i+5]), 16, 16)
		switch first := high == i-1; {
		case n >= 0xDC00 && n <= 0xDFFF:
			if !first {
				return true
			}
			high = -1
		case high >= 0:
			return true
		case n >= 0xD800 && n <= 0xDBFF:
			high = i + 5
		}
		i += 4
	}
	return high >= 0
}

// checkText holds all texts of a value against the pattern.
func checkText(pattern *regexp.Regexp, location, field string, value any) *rules.Refusal {
	switch v := value.(type) {
	case string:
		if !pattern.MatchString(v) {
			return wrongText(location, field, wrongCharacter(pattern, v))
		}
	case []any:
		for i, item := range v {
			if refused := checkText(pattern, location, fmt.Sprintf("%s/%d", field, i), item); refused != nil {
				return refused
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if refused := checkText(pattern, location, field+"/"+name, v[name]); refused != nil {
				return refused
			}
		}
	}
	return nil
}

func wrongCharacter(pattern *regexp.Regexp, text string) string {
	n := 0
	for _, r := range text {
		switch n++; {
		case pattern.MatchString(string(r)):
		case r > 0xFFFF:
			return fmt.Sprintf("character %d takes 4 bytes in UTF-8, at most 3", n)
		default:
			return fmt.Sprintf("character %d is U+%04X, which no text has", n, r)
		}
	}
	return "is no text"
}

// checkTextsOutside holds the parameters of the path and the query against the
// pattern.
func checkTextsOutside(pattern *regexp.Regexp, path map[string]string, query url.Values) *rules.Refusal {
	check := func(location, name, value string) *rules.Refusal {
		if !utf8.ValidString(value) {
			return notUTF8(location, name)
		}
		return checkText(pattern, location, name, value)
	}
	for _, name := range slices.Sorted(maps.Keys(path)) {
		if refused := check("path", name, path[name]); refused != nil {
			return refused
		}
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			if refused := check("query", name, value); refused != nil {
				return refused
			}
		}
	}
	return nil
}
