package signcheck

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// variant is a part of a message as a caller may have signed it. The right one
// has no mistake and comes first.
type variant struct{ mistake, value string }

// layout puts the parts together.
type layout struct {
	mistake string
	build   func(b []byte, method, target, timestamp, nonce, body string) []byte
}

// search goes through the messages that a caller may have signed.
type search struct {
	parts   [5][]variant // method, target, timestamp, nonce, body
	layouts []layout
	millis  []variant // timestamps that are tried with nothing else wrong
	bytes   int       // that may still be hashed
	buffer  []byte
}

const (
	// searchBytes bounds the effort for one signature.
	searchBytes = 16 << 20
	// maxRestyled is the largest body that is encoded anew.
	maxRestyled = 32 << 10
	// maxTarget is the longest path and query that is taken apart, in bytes.
	maxTarget = 4 << 10
)

func newSearch(templates []string, r Request, c Claim) *search {
	return &search{
		parts:   [5][]variant{methodsOf(r), targetsOf(templates, r), timestampsOf(c), noncesOf(c), bodiesOf(r)},
		layouts: layouts, millis: millisOf(c), bytes: searchBytes,
	}
}

// find returns the first message that matches, and the names of what is wrong
// with it: nothing first, then one thing, then two.
func (s *search) find(matches func([]byte) bool) (message string, made []string, ok bool) {
	var at [6]int // of each part and, last, the layout
	try := func() bool {
		p := s.parts
		s.buffer = s.layouts[at[5]].build(s.buffer[:0],
			p[0][at[0]].value, p[1][at[1]].value, p[2][at[2]].value, p[3][at[3]].value, p[4][at[4]].value)
		s.bytes -= len(s.buffer)
		return s.bytes >= 0 && matches(s.buffer)
	}
	done := func() (string, []string, bool) {
		for i, parts := range s.parts {
			if at[i] > 0 {
				made = append(made, parts[at[i]].mistake)
			}
		}
		if at[5] > 0 {
			made = append(made, s.layouts[at[5]].mistake)
		}
		return string(s.buffer), made, true
	}
	size := func(part int) int {
		if part == 5 {
			return len(s.layouts)
		}
		return len(s.parts[part])
	}
	if try() {
		return done()
	}
	for first := range at {
		for at[first] = 1; at[first] < size(first); at[first]++ {
			if try() {
				return done()
			}
		}
		at[first] = 0
	}
	for first := range at {
		for second := first + 1; second < len(at); second++ {
			for at[first] = 1; at[first] < size(first); at[first]++ {
				for at[second] = 1; at[second] < size(second); at[second]++ {
					if s.bytes < 0 {
						return "", nil, false
					}
					if try() {
						return done()
					}
				}
				at[second] = 0
			}
			at[first] = 0
		}
	}
	s.parts[2] = append(s.parts[2][:1:1], s.millis...)
	for at[2] = 1; at[2] < len(s.parts[2]); at[2]++ {
		if try() {
			return done()
		}
	}
	return "", nil, false
}

// variants drops those that come twice.
func variants(all ...variant) []variant {
	var kept []variant
	for _, v := range all {
		if !slices.ContainsFunc(kept, func(k variant) bool { return k.value == v.value }) {
			kept = append(kept, v)
		}
	}
	return kept
}

func methodsOf(r Request) []variant {
	all := []variant{{"", r.Method}, {"method-case", strings.ToLower(r.Method)}, {"method-case", strings.ToUpper(r.Method)}}
	for _, other := range []string{"GET", "POST", "PUT", "DELETE"} {
		all = append(all, variant{"method-other", other})
	}
	return variants(append(all, variant{"method-empty", ""})...)
}

// targetsOf takes the paths of the contract that have placeholders.
func targetsOf(templates []string, r Request) []variant {
	target := r.Target
	if len(target) > maxTarget {
		return []variant{{"", target}}
	}
	path, query, hasQuery := strings.Cut(target, "?")
	decodedPath, decodedQuery := path, query
	if d, err := url.PathUnescape(path); err == nil {
		decodedPath = d
	}
	if d, err := url.QueryUnescape(query); err == nil {
		decodedQuery = d
	}
	with := func(path, query string) string {
		if hasQuery {
			return path + "?" + query
		}
		return path
	}
	all := []variant{{"", target}}
	add := func(mistake, value string) { all = append(all, variant{mistake, value}) }
	add("path-without-query", path)
	add("question-mark", path+"?")
	add("url-decoded", with(decodedPath, decodedQuery))
	add("url-decoded", with(decodedPath, query))
	add("url-decoded", with(path, decodedQuery))
	for _, escape := range []func(string) string{
		func(part string) string { return escapeExcept(part, "-_.~") },
		func(part string) string { return escapeExcept(part, "-_.~!'()*") },    // encodeURIComponent
		func(part string) string { return escapeExcept(part, "-_.*") },         // java.net.URLEncoder, but for the space
		func(part string) string { return escapeExcept(part, "-_.~$&+=:@|*") }, // lenient
		url.QueryEscape,
		url.PathEscape,
	} {
		segments := strings.Split(path, "/")
		for i, segment := range segments {
			if d, err := url.PathUnescape(segment); err == nil {
				segments[i] = escape(d)
			}
		}
		again := strings.Join(segments, "/")
		add("url-escaping", with(again, query))
		if hasQuery {
			pairs := strings.Split(query, "&")
			for i, pair := range pairs {
				name, value, _ := strings.Cut(pair, "=")
				if d, err := url.QueryUnescape(value); err == nil {
					pairs[i] = name + "=" + escape(d)
				}
			}
			add("url-escaping", path+"?"+strings.Join(pairs, "&"))
			add("url-escaping", again+"?"+strings.Join(pairs, "&"))
		}
	}
	add("url-escaping", lowerEscapes(target))
	add("url-escaping", strings.ReplaceAll(target, "%20", "+"))
	add("url-escaping", strings.ReplaceAll(target, "+", "%20"))
	add("url-escaped-twice", strings.ReplaceAll(target, "%", "%25"))
	add("url-escaped-whole", url.QueryEscape(target))
	if hasQuery {
		pairs := strings.Split(query, "&")
		slices.Sort(pairs)
		add("query-order", path+"?"+strings.Join(pairs, "&"))
		pairs = strings.Split(query, "&")
		slices.Reverse(pairs)
		add("query-order", path+"?"+strings.Join(pairs, "&"))
		if values, err := url.ParseQuery(query); err == nil {
			add("query-order", path+"?"+values.Encode())
		}
		add("query-only", "?"+query)
		add("query-only", query)
	}
	for _, host := range []string{r.Host, "api.mch.weixin.qq.com", "api2.mch.weixin.qq.com", "api.wechatpay.cn"} {
		if host == "" {
			continue
		}
		for _, prefix := range []string{"http://", "https://", "//", ""} {
			add("url-with-host", prefix+host+target)
			add("url-with-host", prefix+host+path)
		}
	}
	add("url-slash", strings.TrimPrefix(target, "/"))
	add("url-slash", with(path+"/", query))
	add("url-slash", with(strings.TrimSuffix(path, "/"), query))
	add("url-slash", "/"+target)
	for rest := path; ; {
		i := strings.IndexByte(strings.TrimPrefix(rest, "/"), '/')
		if i < 0 {
			break
		}
		rest = rest[i+len(rest)-len(strings.TrimPrefix(rest, "/")):]
		add("url-prefix", with(rest, query))
		if len(all) > 200 {
			break
		}
	}
	for _, template := range templates {
		if sameShape(template, path) {
			add("url-template", with(template, query))
		}
	}
	return variants(all...)
}

// sameShape reports whether a path fits a template of the contract.
func sameShape(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	return len(want) == len(got) && strings.Contains(template, "{") && slices.EqualFunc(want, got, func(w, g string) bool {
		return w == g || strings.HasPrefix(w, "{")
	})
}

// escapeExcept escapes all but letters, digits and the characters in keep.
func escapeExcept(s, keep string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
		}
	}
	return b.String()
}

// lowerEscapes writes %7C as %7c.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

func timestampsOf(c Claim) []variant {
	all := []variant{{"", c.Timestamp}, {"timestamp-milliseconds", c.Timestamp + "000"}}
	if c.At > 1e12 || c.At < -1e12 {
		all = append(all, variant{"timestamp-seconds", strconv.FormatInt(c.At/1000, 10)})
	}
	for off := int64(1); off <= 3; off++ {
		all = append(all, variant{"timestamp-other", strconv.FormatInt(c.At-off, 10)}, variant{"timestamp-other", strconv.FormatInt(c.At+off, 10)})
	}
	return variants(append(all, variant{"timestamp-empty", ""})...)
}

// millisOf are all milliseconds of the timestamp.
func millisOf(c Claim) (all []variant) {
	if len(c.Timestamp) > 11 {
		return nil
	}
	for ms := range 1000 {
		all = append(all, variant{"timestamp-milliseconds", strconv.FormatInt(c.At*1000+int64(ms), 10)})
	}
	for off := int64(4); off <= 600; off++ {
		all = append(all, variant{"timestamp-other", strconv.FormatInt(c.At-off, 10)}, variant{"timestamp-other", strconv.FormatInt(c.At+off, 10)})
	}
	return all
}

func noncesOf(c Claim) []variant {
	return variants(variant{"", c.Nonce}, variant{"nonce-case", strings.ToLower(c.Nonce)}, variant{"nonce-case", strings.ToUpper(c.Nonce)},
		variant{"nonce-other", strings.ReplaceAll(c.Nonce, "-", "")}, variant{"nonce-other", ""})
}

// jsonStyles are those of the encoders that are in use.
var jsonStyles = []jsonStyle{
	{comma: ",", colon: ":"},
	{comma: ",", colon: ":", escapes: "<>&\u2028\u2029"},                // Go
	{comma: ",", colon: ":", escapes: "<>&='\u2028\u2029"},              // Gson
	{comma: ",", colon: ":", ascii: true},                               // Python when told so
	{comma: ",", colon: ":", ascii: true, upper: true},                  // Jackson when told so
	{comma: ",", colon: ":", ascii: true, slash: true},                  // PHP
	{comma: ",", colon: ":", slash: true},                               // PHP with JSON_UNESCAPED_UNICODE
	{comma: ", ", colon: ": "},                                          // Python with ensure_ascii=False
	{comma: ", ", colon: ": ", ascii: true},                             // Python
	{comma: ",", colon: ": ", indent: "  "},                             // JavaScript
	{comma: ",", colon: ": ", indent: "    "},                           // Python, PHP, C#
	{comma: ",", colon: ": ", indent: "    ", ascii: true},              //
	{comma: ",", colon: ": ", indent: "    ", ascii: true, slash: true}, //
	{comma: ",", colon: ": ", indent: "\t"},
	{comma: ",", colon: " : ", indent: "  "}, // Jackson
}

func bodiesOf(r Request) []variant {
	body := string(r.Body)
	all := []variant{{"", body}}
	add := func(mistake, value string) { all = append(all, variant{mistake, value}) }
	if body == "" {
		_, query, _ := strings.Cut(r.Target, "?")
		for _, empty := range []string{"{}", "null", "[]", `""`} {
			add("body-of-nothing", empty)
		}
		add("body-is-query", query)
		if values, err := url.ParseQuery(query); err == nil && query != "" {
			members := map[string]any{}
			for name := range values {
				members[name] = values.Get(name)
			}
			asJSON, _ := json.Marshal(members)
			add("body-is-query", string(asJSON))
		}
		return variants(all...)
	}
	add("body-empty", "")
	trimmed := strings.TrimSpace(body)
	add("body-newline", trimmed)
	add("body-newline", body+"\n")
	add("body-line-ends", strings.ReplaceAll(body, "\r\n", "\n"))
	add("body-line-ends", strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n"))
	add("body-without-line-ends", strings.NewReplacer("\r", "", "\n", "").Replace(body))
	if len(body) > maxRestyled {
		return variants(all...)
	}
	for _, source := range []struct {
		mistake string
		body    []byte
	}{{"body-encoded-again", r.Body}, {"body-sorted", sortKeys(r.Body)}} {
		for _, style := range jsonStyles {
			if restyled := style.restyle(source.body); restyled != nil {
				add(source.mistake, string(restyled))
				if style.indent != "" {
					add(source.mistake, strings.ReplaceAll(string(restyled), "\n", "\r\n"))
				}
			}
		}
	}
	asString, _ := json.Marshal(body)
	add("body-as-string", string(asString))
	add("body-charset", strings.Map(func(c rune) rune {
		if c > 0xff {
			return '?'
		}
		return c
	}, body))
	add("body-charset", strings.Map(func(c rune) rune {
		if c > 0x7f {
			return '?'
		}
		return c
	}, body))
	add("body-charset", latin1AsUTF8(body))
	add("body-charset", "\ufeff"+body)
	add("body-base64", base64.StdEncoding.EncodeToString(r.Body))
	digest := sha256.Sum256(r.Body)
	add("body-hashed", hex.EncodeToString(digest[:]))
	add("body-hashed", strings.ToUpper(hex.EncodeToString(digest[:])))
	add("body-escaped", url.QueryEscape(body))
	add("body-whitespace", strings.Join(strings.Fields(body), ""))
	return variants(all...)
}

// latin1AsUTF8 takes each byte for a character and encodes it once more.
func latin1AsUTF8(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

// layouts are the ways to put the five lines together; the right one first.
var layouts = []layout{
	{"", lines("\n", "\n")},
	{"no-final-newline", lines("\n", "")},
	{"extra-newline", lines("\n", "\n\n")},
	{"crlf", lines("\r\n", "\r\n")},
	{"literal-backslash-n", lines(`\n`, `\n`)},
	{"no-newlines", lines("", "")},
	{"spaces-for-newlines", lines(" ", " ")},
	{"timestamp-and-nonce-swapped", func(b []byte, method, target, timestamp, nonce, body string) []byte {
		return lines("\n", "\n")(b, method, target, nonce, timestamp, body)
	}},
	{"method-and-url-swapped", func(b []byte, method, target, timestamp, nonce, body string) []byte {
		return lines("\n", "\n")(b, target, method, timestamp, nonce, body)
	}},
	{"body-line-missing", func(b []byte, method, target, timestamp, nonce, _ string) []byte {
		return append(b, method+"\n"+target+"\n"+timestamp+"\n"+nonce+"\n"...)
	}},
	{"message-of-answers", func(b []byte, _, _, timestamp, nonce, body string) []byte {
		return append(b, timestamp+"\n"+nonce+"\n"+body+"\n"...)
	}},
	{"body-alone", func(b []byte, _, _, _, _, body string) []byte { return append(b, body...) }},
	{"hashed-first", func(b []byte, method, target, timestamp, nonce, body string) []byte {
		digest := sha256.Sum256(lines("\n", "\n")(b, method, target, timestamp, nonce, body))
		return append(b[:0], digest[:]...)
	}},
	{"hashed-first", func(b []byte, method, target, timestamp, nonce, body string) []byte {
		digest := sha256.Sum256(lines("\n", "\n")(b, method, target, timestamp, nonce, body))
		return append(b[:0], hex.EncodeToString(digest[:])...)
	}},
	{"base64-first", func(b []byte, method, target, timestamp, nonce, body string) []byte {
		message := lines("\n", "\n")(b, method, target, timestamp, nonce, body)
		return []byte(base64.StdEncoding.EncodeToString(message))
	}},
}

func lines(between, end string) func(b []byte, method, target, timestamp, nonce, body string) []byte {
	return func(b []byte, method, target, timestamp, nonce, body string) []byte {
		for _, line := range []string{method, target, timestamp, nonce} {
			b = append(append(b, line...), between...)
		}
		return append(append(b, body...), end...)
	}
}
