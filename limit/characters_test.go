package limit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/wxpayscore/payscore/limit"
)

func TestCharacters(t *testing.T) {
	letters := &unicode.RangeTable{R16: []unicode.Range16{{Lo: '\n', Hi: '\n', Stride: 1}, {Lo: ' ', Hi: 0xD7FF, Stride: 1}}}
	lower := &limit.Pattern{Source: "^[a-z]*$"}
	for _, tc := range []struct {
		value   string
		longest int
		want    []string
	}{
		{"", 20, nil},
		{"就餐\n费用", 20, nil},
		{"就餐🍜🍜", 20, []string{"text: character 3 takes 4 bytes in UTF-8, at most 3"}},
		{"a\x00", 20, []string{"text: character 2 is U+0000, which no text has"}},
		{"\ufffd", 20, []string{"text: character 1 is U+FFFD, which no text has"}},
		{"🍜🍜🍜", 2, []string{"text: character 1 takes 4 bytes in UTF-8, at most 3", "maxLength: 3 characters, at most 2"}},
		{"\xff", 20, []string{"utf8: not valid UTF-8"}},
	} {
		c := limit.Checker{Characters: letters}
		c.String(nil, "field", tc.value, 0, tc.longest, nil)
		var got []string
		findings, _ := c.Err().(limit.Findings)
		for _, f := range findings {
			got = append(got, f.Rule+": "+f.Message)
		}
		if fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("%q: got %q, want %q", tc.value, got, tc.want)
		}
	}
	c := limit.Checker{Characters: letters}
	if c.String(nil, "field", "🍜", 0, 20, lower); strings.Count(c.Err().Error(), "$.field") != 1 {
		t.Errorf("told by the pattern, too: %v", c.Err())
	}
	if n := testing.AllocsPerRun(100, func() { c := limit.Checker{Characters: letters}; c.String(nil, "field", "就餐费用", 1, 20, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestExcept(t *testing.T) {
	var root *limit.Path
	list := root.Key("post_payments")
	item := list.Index(12)
	for _, tc := range []struct {
		except []string
		left   int
	}{
		{nil, 4},
		{[]string{"$.reason"}, 3},
		{[]string{"$.post_payments[12].name"}, 3},
		{[]string{"$.post_payments[*].name"}, 3},
		{[]string{"$.post_payments[1].name"}, 4},
		{[]string{"$.post_payments[*]"}, 4},
		{[]string{"$.post_payments"}, 4},
		{[]string{"reason", "$", "", "$.", "*", ".*", "$.rea.on", "[", "$.reason "}, 4},
		{[]string{"sub_mchid", "$.reason"}, 2},
		{[]string{"$.bad"}, 4},
	} {
		var all, c limit.Checker
		c.Except(tc.except...)
		for _, c := range []*limit.Checker{&all, &c} {
			c.String(root, "reason", "", 1, 50, nil)
			c.String(&item, "name", "", 1, 20, nil)
			c.String(limit.Parameters, "sub_mchid", "", 1, 20, nil)
			c.String(root, "bad", "\xff", 1, 20, nil)
		}
		findings, _ := c.Err().(limit.Findings)
		if len(findings) != tc.left {
			t.Errorf("%q: %d findings, want %d: %v", tc.except, len(findings), tc.left, findings)
		}
		every, _ := all.Err().(limit.Findings)
		if later := every.Except(tc.except...); !slices.Equal(later, findings) || len(every) != 4 {
			t.Errorf("%q: %v of %v, want %v", tc.except, later, every, findings)
		}
	}
	var c limit.Checker
	c.String(root, "reason", "", 1, 50, nil)
	if c.Except("$.reason"); c.Err() == nil {
		t.Error("what was found before is gone")
	}
}
