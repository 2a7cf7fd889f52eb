package limit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/limit"
)

// found runs check and returns what it found.
func found(t *testing.T, check func(*limit.Checker)) limit.Findings {
	t.Helper()
	var c limit.Checker
	check(&c)
	err := c.Err()
	if err == nil {
		return nil
	}
	var findings limit.Findings
	if !errors.As(err, &findings) || len(findings) == 0 {
		t.Fatalf("Err() = %#v, want limit.Findings with at least one", err)
	}
	return findings
}

// one is the rule and message of the only finding, or nothing.
func one(t *testing.T, check func(*limit.Checker)) string {
	t.Helper()
	findings := found(t, check)
	if len(findings) == 0 {
		return ""
	}
	if len(findings) > 1 {
		t.Fatalf("%d findings for one value: %v", len(findings), findings)
	}
	f := findings[0]
	if f.Path != "$.field" || f.Warning {
		t.Errorf("finding %+v, want path $.field and no warning", f)
	}
	return f.Rule + ": " + f.Message
}

func TestString(t *testing.T) {
	orderNo := &limit.Pattern{Source: "^[0-9A-Za-z_|*-]{1,32}$"}
	for _, tc := range []struct {
		name              string
		value             string
		shortest, longest int
		pattern           *limit.Pattern
		want              string
	}{
		{"empty where nothing is required", "", 0, 20, nil, ""},
		{"empty where one character is", "", 1, 20, nil, "minLength: empty, at least 1 character"},
		{"empty where two characters are", "", 2, 20, nil, "minLength: empty, at least 2 characters"},
		{"one below the lower bound", "a", 2, 20, nil, "minLength: 1 character, at least 2"},
		{"at the lower bound", "ab", 2, 20, nil, ""},
		{"at both bounds", "ab", 2, 2, nil, ""},
		{"one above the upper bound", "abc", 2, 2, nil, "maxLength: 3 characters, at most 2"},
		{"nothing allowed", "a", 0, 0, nil, "maxLength: 1 character, at most 0"},
		{"no upper bound", strings.Repeat("长", 1<<16), 0, limit.None, nil, ""},

		{"Han characters count once", strings.Repeat("费", 20), 1, 20, nil, ""},
		{"one Han character too many", strings.Repeat("费", 21), 1, 20, nil, "maxLength: 21 characters, at most 20"},
		{"Han outside of the basic plane", strings.Repeat("𠮷", 20), 1, 20, nil, ""},
		{"full-width punctuation", strings.Repeat("，", 20), 1, 20, nil, ""},
		{"Han as the lower bound", "费", 2, 20, nil, "minLength: 1 character, at least 2"},
		{"emoji", strings.Repeat("😀", 20), 1, 20, nil, ""},
		{"emoji, one too many", strings.Repeat("😀", 21), 1, 20, nil, "maxLength: 21 characters, at most 20"},
		{"a joined emoji counts each part", "👨‍👩‍👧", 1, 4, nil, "maxLength: 5 characters, at most 4"},
		{"a joined emoji fits", "👨‍👩‍👧", 5, 5, nil, ""},
		{"composed letter", "\u00e9", 1, 1, nil, ""},
		{"combining mark counts", "e\u0301", 1, 1, nil, "maxLength: 2 characters, at most 1"},
		{"control characters count", "\x00\n\t", 3, 3, nil, ""},
		{"the replacement character itself is valid", "\ufffd", 1, 1, nil, ""},
		{"byte order mark counts", "\ufeffa", 1, 1, nil, "maxLength: 2 characters, at most 1"},

		{"single bad byte", "\xff", 0, 20, nil, "utf8: not valid UTF-8"},
		{"cut Han character", "就餐费\xe7\x94", 0, 20, nil, "utf8: not valid UTF-8"},
		{"GBK text", "\xb2\xcd\xb7\xd1", 0, 20, nil, "utf8: not valid UTF-8"},
		{"surrogate half", "\xed\xa0\x80", 0, 20, nil, "utf8: not valid UTF-8"},
		{"overlong NUL", "\xc0\x80", 0, 20, nil, "utf8: not valid UTF-8"},
		{"bad and too long is bad", strings.Repeat("\xff", 99), 0, 20, nil, "utf8: not valid UTF-8"},
		{"bad without any bound", "\xff", 0, limit.None, nil, "utf8: not valid UTF-8"},
		{"bad under a pattern", "A\xff", 1, 32, orderNo, "utf8: not valid UTF-8"},

		{"pattern matches", "A|B*C_-1", 1, 32, orderNo, ""},
		{"pattern with 32 characters", strings.Repeat("7", 32), 1, 32, orderNo, ""},
		{"length is told before the pattern", strings.Repeat("7", 33), 1, 32, orderNo, "maxLength: 33 characters, at most 32"},
		{"emptiness is told before the pattern", "", 1, 32, orderNo, "minLength: empty, at least 1 character"},
		{"slash", "A/B", 1, 32, orderNo, "pattern: does not match ^[0-9A-Za-z_|*-]{1,32}$"},
		{"Han under the pattern", "订单", 1, 32, orderNo, "pattern: does not match ^[0-9A-Za-z_|*-]{1,32}$"},
		{"line feed at the end", "A\n", 1, 32, orderNo, "pattern: does not match ^[0-9A-Za-z_|*-]{1,32}$"},
		{"NUL in the middle", "A\x00B", 1, 32, orderNo, "pattern: does not match ^[0-9A-Za-z_|*-]{1,32}$"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := one(t, func(c *limit.Checker) { c.String(nil, "field", tc.value, tc.shortest, tc.longest, tc.pattern) })
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestInteger(t *testing.T) {
	for _, tc := range []struct {
		value, lowest, highest int64
		want                   string
	}{
		{0, 0, limit.Highest, ""},
		{-1, 0, limit.Highest, "minimum: -1, at least 0"},
		{limit.Lowest, 0, limit.Highest, "minimum: -9223372036854775808, at least 0"},
		{limit.Highest, 0, limit.Highest, ""},
		{limit.Lowest, limit.Lowest, limit.Highest, ""},
		{1, 1, 100, ""},
		{0, 1, 100, "minimum: 0, at least 1"},
		{100, 1, 100, ""},
		{101, 1, 100, "maximum: 101, at most 100"},
		{limit.Highest, limit.Lowest, 100, "maximum: 9223372036854775807, at most 100"},
		{5, 5, 5, ""},
	} {
		got := one(t, func(c *limit.Checker) { c.Integer(nil, "field", tc.value, tc.lowest, tc.highest) })
		if got != tc.want {
			t.Errorf("Integer(%d, %d, %d): got %q, want %q", tc.value, tc.lowest, tc.highest, got, tc.want)
		}
	}
}

func TestTime(t *testing.T) {
	for at, want := range map[time.Time]string{
		{}: "required: the zero time, which is none",
		time.Time{}.In(time.FixedZone("CST", 8*3600)): "required: the zero time, which is none",
		time.Unix(0, 0): "", time.Date(2019, 11, 11, 16, 24, 5, 0, time.UTC): "",
	} {
		if got := one(t, func(c *limit.Checker) { c.Time(nil, "field", at) }); got != want {
			t.Errorf("%v: got %q, want %q", at, got, want)
		}
	}
}

func TestItems(t *testing.T) {
	for _, tc := range []struct {
		n, fewest, most int
		want            string
	}{
		{0, 0, 100, ""},
		{0, 1, 100, "minItems: 0 items, at least 1"},
		{1, 1, 100, ""},
		{1, 2, 100, "minItems: 1 item, at least 2"},
		{100, 1, 100, ""},
		{101, 1, 100, "maxItems: 101 items, at most 100"},
		{1 << 30, 0, limit.None, ""},
	} {
		got := one(t, func(c *limit.Checker) { c.Items(nil, "field", tc.n, tc.fewest, tc.most) })
		if got != tc.want {
			t.Errorf("Items(%d, %d, %d): got %q, want %q", tc.n, tc.fewest, tc.most, got, tc.want)
		}
	}
}

func TestSeparated(t *testing.T) {
	if got := one(t, func(c *limit.Checker) { c.Separated(nil, "field", "a b|c", ",") }); got != "" {
		t.Errorf("an item without the separator: %q", got)
	}
	if got, want := one(t, func(c *limit.Checker) { c.Separated(nil, "field", "a,b", ",") }), `separator: holds ",", which separates the items`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHeader(t *testing.T) {
	const (
		control = "header: holds a control character, which no header has"
		space   = "header: begins or ends with a space, which a header loses"
	)
	for value, want := range map[string]string{
		"": "", "a b": "", "费": "", "a,b": "",
		"a\r\nX-Other: b": control, "a\x00": control, "a\tb": control, "\x7f": control, "a\n": control,
		" a": space, "a ": space, " ": space,
	} {
		if got := one(t, func(c *limit.Checker) { c.Header(nil, "field", value) }); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

// The key "" stands for what is at the path.
func TestItem(t *testing.T) {
	list := limit.Parameters.Key("states")
	item := list.Index(1)
	findings := found(t, func(c *limit.Checker) { c.Integer(&item, "", 0, 1, 5) })
	if len(findings) != 1 || findings[0].Path != "states[1]" {
		t.Errorf("got %v, want one finding at states[1]", findings)
	}
}

func TestEnum(t *testing.T) {
	if got := one(t, func(c *limit.Checker) { c.Enum(nil, "field", true) }); got != "" {
		t.Errorf("a valid value: %q", got)
	}
	want := "enum: not one of the values of the contract"
	if got := one(t, func(c *limit.Checker) { c.Enum(nil, "field", false) }); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPath(t *testing.T) {
	var root *limit.Path
	payments := root.Key("post_payments")
	first := payments.Index(0)
	hundredth := payments.Index(99)
	name := first.Key("name")
	matrix := hundredth.Index(3)
	orderNo := limit.Parameters.Key("out_order_no")
	ids := limit.Parameters.Key("ids")
	second := ids.Index(1)
	inner := orderNo.Key("part")
	element := root.Index(2)
	for _, tc := range []struct {
		path *limit.Path
		want string
	}{
		{root, "$"},
		{&payments, "$.post_payments"},
		{&first, "$.post_payments[0]"},
		{&name, "$.post_payments[0].name"},
		{&matrix, "$.post_payments[99][3]"},
		{&element, "$[2]"},
		{limit.Parameters, ""},
		{&orderNo, "out_order_no"},
		{&second, "ids[1]"},
		{&inner, "out_order_no.part"},
	} {
		if got := tc.path.String(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

// Everything that is wrong is reported at once, in the order of the checks and
// with its place.
func TestCheckerReportsAll(t *testing.T) {
	got := found(t, func(c *limit.Checker) {
		c.String(limit.Parameters, "out_order_no", "A/B", 1, 32, &limit.Pattern{Source: "^[0-9A-Za-z]+$"})
		var root *limit.Path
		list := root.Key("post_payments")
		for i, amount := range []int64{5, -5} {
			item := list.Index(i)
			c.Integer(&item, "amount", amount, 0, limit.Highest)
			c.String(&item, "name", "", 1, 20, nil)
		}
		c.Items(nil, "post_discounts", 31, 0, 30)
		c.Enum(nil, "type", false)
	})
	want := limit.Findings{
		{Path: "out_order_no", Rule: "pattern", Message: "does not match ^[0-9A-Za-z]+$"},
		{Path: "$.post_payments[0].name", Rule: "minLength", Message: "empty, at least 1 character"},
		{Path: "$.post_payments[1].amount", Rule: "minimum", Message: "-5, at least 0"},
		{Path: "$.post_payments[1].name", Rule: "minLength", Message: "empty, at least 1 character"},
		{Path: "$.post_discounts", Rule: "maxItems", Message: "31 items, at most 30"},
		{Path: "$.type", Rule: "enum", Message: "not one of the values of the contract"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A text of the request may be personal, and stands in no error.
func TestFindingsHoldNoText(t *testing.T) {
	const secret = "oUpF8uMuAJO-MARKER-secret\n"
	got := found(t, func(c *limit.Checker) {
		c.String(nil, "openid", secret, 1, 5, nil)
		c.String(nil, "openid", secret, 100, 128, nil)
		c.String(nil, "openid", secret, 1, 128, &limit.Pattern{Source: "^[0-9]+$"})
		c.String(nil, "openid", secret+"\xff", 1, 128, nil)
	})
	if len(got) != 4 {
		t.Fatalf("%d findings, want 4: %v", len(got), got)
	}
	t.Log(got) // internal/leaks reads it, too
	if text := got.Error(); strings.Contains(text, "secret") || strings.Contains(text, "\n") {
		t.Errorf("the error holds the text, or is not one line: %q", text)
	}
}

func TestFindingsError(t *testing.T) {
	findings := limit.Findings{
		{Path: "$.reason", Rule: "minLength", Message: "empty, at least 1 character"},
		{Path: "$.total_amount", Rule: "total", Message: "is 50000, the lines make 39900", Warning: true},
	}
	want := "$.reason: empty, at least 1 character; $.total_amount: is 50000, the lines make 39900"
	if got := findings.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := findings[0].String(), "$.reason: empty, at least 1 character"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFindingsErr(t *testing.T) {
	grave1 := limit.Finding{Path: "$.reason", Rule: "minLength", Message: "empty"}
	grave2 := limit.Finding{Path: "$.sub_mchid", Rule: "minLength", Message: "empty"}
	warning := limit.Finding{Path: "$.total_amount", Rule: "total", Message: "off", Warning: true}
	for _, tc := range []struct {
		name string
		all  limit.Findings
		want limit.Findings
	}{
		{"nil", nil, nil},
		{"empty", limit.Findings{}, nil},
		{"a warning only", limit.Findings{warning}, nil},
		{"grave", limit.Findings{grave1}, limit.Findings{grave1}},
		{"mixed", limit.Findings{warning, grave1, warning, grave2, warning}, limit.Findings{grave1, grave2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := fmt.Sprint(tc.all)
			err := tc.all.Err()
			if (err == nil) != (tc.want == nil) {
				t.Fatalf("Err() = %#v, want %#v", err, tc.want)
			}
			var got limit.Findings
			if err != nil && !errors.As(fmt.Errorf("modify: %w", err), &got) {
				t.Fatalf("%#v is not limit.Findings once wrapped", err)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if after := fmt.Sprint(tc.all); after != before {
				t.Errorf("Err changed its receiver: %s, before %s", after, before)
			}
		})
	}
}

// Findings are a slice, so comparing them would panic; errors.Is must not.
func TestFindingsAsTarget(t *testing.T) {
	err := error(limit.Findings{{Path: "$.reason"}})
	if errors.Is(err, errors.New("other")) || errors.Is(errors.New("other"), err) {
		t.Error("findings are another error")
	}
}

func TestFindingJSON(t *testing.T) {
	b, err := json.Marshal(limit.Findings{
		{Path: "$.reason", Rule: "minLength", Message: "empty"},
		{Path: "$.total_amount", Rule: "total", Message: "off", Warning: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"path":"$.reason","rule":"minLength","message":"empty"},` +
		`{"path":"$.total_amount","rule":"total","message":"off","warning":true}]`
	if string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
}

// A pattern is shared by all requests and compiled by whichever is first.
func TestPatternConcurrently(t *testing.T) {
	pattern := &limit.Pattern{Source: "^[0-9]+$"}
	start := make(chan struct{})
	var done sync.WaitGroup
	for range 32 {
		done.Go(func() {
			<-start
			for range 20 {
				var c limit.Checker
				c.String(nil, "digits", "0123", 1, 32, pattern)
				c.String(nil, "letters", "abc", 1, 32, pattern)
				var findings limit.Findings
				if !errors.As(c.Err(), &findings) || len(findings) != 1 || findings[0].Path != "$.letters" {
					t.Errorf("got %v, want one finding at $.letters", findings)
				}
			}
		})
	}
	close(start)
	done.Wait()
}

// A request that is all right costs no memory, however deep its paths are.
func TestNoAllocationWithoutFindings(t *testing.T) {
	pattern := &limit.Pattern{Source: "^[0-9A-Za-z_|*-]{1,32}$"}
	check := func() error {
		var c limit.Checker
		c.String(limit.Parameters, "out_order_no", "A|B*C_-1", 1, 32, pattern)
		var root *limit.Path
		for i := range 3 {
			list := root.Key("post_payments")
			item := list.Index(i)
			c.String(&item, "name", "就餐费用", 1, 20, nil)
			c.Integer(&item, "amount", 40000, 0, limit.Highest)
		}
		c.Items(nil, "post_payments", 3, 1, 100)
		c.Enum(nil, "type", true)
		return c.Err()
	}
	if err := check(); err != nil { // compiles the pattern
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = check() }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// FuzzCheckerString compares the check with a count of its own, which walks
// the characters instead of asking unicode/utf8.
func FuzzCheckerString(f *testing.F) {
	f.Add("就餐费用", 1, 20, false)
	f.Add("A|B*C_-1", 1, 32, true)
	f.Add("", 0, 0, true)
	f.Add("e\u0301👨‍👩‍👧\u2028", 3, 4, false)
	f.Add("\xe5\xb0\xed\xa0\x80\ufffd", 0, 9, true)
	f.Add("a\n", -1, limit.None, true)
	letters := &limit.Pattern{Source: "^[a-z]*$"}
	f.Fuzz(func(t *testing.T, value string, shortest, longest int, withPattern bool) {
		var pattern *limit.Pattern
		if withPattern {
			pattern = letters
		}
		got := ""
		for _, finding := range found(t, func(c *limit.Checker) { c.String(nil, "field", value, shortest, longest, pattern) }) {
			got += finding.Rule
			if finding.Path != "$.field" || strings.ContainsAny(finding.Message, "\r\n") {
				t.Errorf("finding %+v", finding)
			}
		}

		characters := []rune(value)
		isLetters := true
		for _, r := range characters {
			isLetters = isLetters && 'a' <= r && r <= 'z'
		}
		want := ""
		switch {
		case string(characters) != value: // a bad byte became U+FFFD
			want = "utf8"
		case len(characters) < shortest:
			want = "minLength"
		case len(characters) > longest:
			want = "maxLength"
		case withPattern && !isLetters:
			want = "pattern"
		}
		if got != want {
			t.Errorf("String(%q, %d, %d, pattern %t): %q, want %q", value, shortest, longest, withPattern, got, want)
		}
	})
}
