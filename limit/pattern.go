package limit

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression of the contract, compiled at its first use
// so that a program does not pay for it at start.
type Pattern struct {
	Source string
	once   sync.Once
	re     *regexp.Regexp
}

func (p *Pattern) match(s string) bool {
	p.once.Do(func() { p.re = regexp.MustCompile(p.Source) })
	return p.re.MatchString(s)
}
