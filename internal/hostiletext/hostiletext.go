// Package hostiletext has texts with which a server or a document could forge a
// log, drive a terminal or command a CI system, for the tests of whatever prints
// them.
package hostiletext

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Texts are the hostile texts.
var Texts = []string{
	"\x1b[2J\x1b[1;31mred", "\x1b]0;title\x07", // ESC and BEL
	"\u009b31mred", "\u009d0;title\u009c", // C1: CSI, OSC and ST
	"\x1b]8;;https://example.com/\x1b\\link\x1b]8;;\x1b\\", // link of a terminal
	"paid\rREFUSED", "a\x08b\x7f", "a\tb\vc\fd", "a\x00b",
	"a\n2026-01-01 INFO paid", "a\u2028b\u2029c\u0085d",
	"\u202egnp.exe", "\u202aa\u202bb\u202cc\u202dd", "\u2066a\u2067b\u2068c\u2069d", "\u200ea\u200fb\u061cc", // bidirectional
	"z\u200be\u200cr\u200do\u2060w\ufeffi\u00add\u180ee\u2064", "tag\U000e0001\U000e0041\U000e007f", // zero-width
	"::error::forged", "  ::set-env name=A::b", "\u3000::error::forged", "a\n::error file=x::forged", "\n\n::stop-commands::x",
	"##[error]forged", "a ##[command]forged", "##vso[task.setvariable variable=a]b", "###[error]forged", "::##[error]::##[",
	strings.Repeat("\u202e", 10_000), strings.Repeat("很长", 100_000), strings.Repeat("::", 1000), strings.Repeat("##[", 10_000),
	"\xff\xfe\x80", "cut \xe4\xb8", "\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80", "\x1b\xff\u202e\x9b", // no UTF-8
}

// Check reports what of output a terminal or a CI system would act upon, or a
// reader would not see. Line feeds are allowed.
func Check(output string) error {
	if !utf8.ValidString(output) {
		return fmt.Errorf("no UTF-8: %.200q", output)
	}
	for _, r := range output {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			return fmt.Errorf("has %U: %.200q", r, output)
		}
	}
	for line := range strings.SplitSeq(output, "\n") {
		line = strings.TrimSpace(line)
		for _, command := range []string{"::", "##[", "##vso["} {
			// The second form of a command counts anywhere in a line.
			if strings.HasPrefix(line, command) || command != "::" && strings.Contains(line, command) {
				return fmt.Errorf("has a line with the command %s: %.200q", command, line)
			}
		}
	}
	return nil
}

// CheckLine is Check for one line, of at most so many bytes.
func CheckLine(output string, most int) error {
	if strings.Contains(output, "\n") {
		return fmt.Errorf("has several lines: %.200q", output)
	}
	if len(output) > most {
		return fmt.Errorf("has %d bytes, not at most %d: %.200q", len(output), most, output)
	}
	return Check(output)
}
