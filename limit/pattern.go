package limit

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Pattern is a regular expression of the contract, compiled at its first use
// so that a program does not pay for it at start.
type Pattern struct {
	Source string
	once   sync.Once
	chars  *charset       // what nearly all patterns are, or nil
	re     *regexp.Regexp // for the others
}

func (p *Pattern) match(s string) bool {
	p.once.Do(func() {
		if p.chars = parseCharset(p.Source); p.chars == nil {
			p.re = regexp.MustCompile(p.Source)
		}
	})
	if p.chars != nil {
		return p.chars.match(s)
	}
	return p.re.MatchString(s)
}

// charset is a pattern such as ^[0-9A-Za-z_-]{1,32}$. To package regexp the
// bound is 32 states, which take longer to compile than a request to check.
type charset struct {
	allowed      [256]bool
	fewest, most int
}

// parseCharset returns nil unless source is ASCII and of just this form.
func parseCharset(source string) *charset {
	class, bounds, ok := strings.Cut(source, "]{")
	if !ok {
		return nil
	}
	class, ok = strings.CutPrefix(class, "^[")
	bounds, closed := strings.CutSuffix(bounds, "}$")
	if !ok || !closed || class == "" || strings.ContainsAny(class, `^[]\&`) {
		return nil
	}
	c := &charset{}
	low, high, ranged := strings.Cut(bounds, ",")
	if !ranged {
		high = low
	}
	if c.fewest, ok = bound(low); !ok {
		return nil
	}
	if c.most, ok = bound(high); !ok || c.most < c.fewest {
		return nil
	}
	for i := 0; i < len(class); i++ {
		first, last := class[i], class[i]
		if i+2 < len(class) && class[i+1] == '-' {
			last = class[i+2]
			i += 2
		}
		if first > last || last >= 0x80 {
			return nil
		}
		for ch := int(first); ch <= int(last); ch++ {
			c.allowed[ch] = true
		}
	}
	return c
}

// bound reads digits alone, and no more than package regexp repeats.
func bound(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 10)
	return int(n), err == nil && n <= 1000 && strconv.FormatUint(n, 10) == s
}

// match takes bytes for characters, which all that are allowed are.
func (c *charset) match(s string) bool {
	if len(s) < c.fewest || len(s) > c.most {
		return false
	}
	for i := range len(s) {
		if !c.allowed[s[i]] {
			return false
		}
	}
	return true
}
