package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Whoever reads the log of CI may get no more than its last lines.
const (
	maxLines = 200
	minLines = 8 // of each failed test
)

var (
	section  = regexp.MustCompile(`^=== (?:RUN|NAME|CONT|PAUSE) +(\S+)`)
	result   = regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP): (\S+)`)
	crash    = regexp.MustCompile(`^(panic: |fatal error: |SIG[A-Z]+: |WARNING: DATA RACE|\*\*\* Test killed)`)
	verdict  = regexp.MustCompile(`^(ok  |FAIL|\?   )\t(\S+)`)
	censored = regexp.MustCompile(`^leaks: line \d+ is not shown`)
)

// A failure is a test that failed, or what a package printed outside of tests.
type failure struct {
	pkg, test string
	lines     []string
}

// failures finds them in what go test prints, package by package.
func failures(lines []string) []failure {
	var all []failure
	for start := 0; start < len(lines); {
		n := slices.IndexFunc(lines[start:], verdict.MatchString)
		if n < 0 {
			n = len(lines) - start - 1 // killed, or no go test at all
		}
		all = append(all, failuresOf(lines[start:start+n+1])...)
		start += n + 1
	}
	return all
}

func failuresOf(lines []string) []failure {
	pkg, failed := "", false
	if m := verdict.FindStringSubmatch(lines[len(lines)-1]); m != nil {
		pkg, failed = m[2], m[1] == "FAIL"
	}
	var names []string // of failed tests, in order
	said := map[string][]string{}
	fail := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	name, crashed := "", false
	for _, line := range lines[:len(lines)-1] {
		if m := section.FindStringSubmatch(line); m != nil && !crashed {
			name = m[1]
			continue
		}
		if m := result.FindStringSubmatch(line); m != nil && !crashed {
			if name = m[2]; m[1] == "FAIL" {
				fail(name)
			}
			continue
		}
		if crash.MatchString(line) || censored.MatchString(line) {
			fail(name)
			// A panic is the last thing of a process; tests go on after a race.
			crashed = crashed || !strings.HasPrefix(line, "WARNING") && !censored.MatchString(line)
		}
		said[name] = append(said[name], line)
	}
	if failed && len(names) == 0 { // it does not compile, or its TestMain fails
		fail(name)
	}
	var all []failure
	for _, name := range names {
		all = append(all, failure{pkg, name, said[name]})
	}
	return all
}

// writeFailures writes the names of the failed tests, and the lines of each.
func writeFailures(out io.Writer, all []failure) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(out, "leaks: %d failed:\n", len(all))
	most := maxLines / minLines
	for i, f := range all {
		if i == most {
			fmt.Fprintf(out, "  and %d more\n", len(all)-most)
			break
		}
		fmt.Fprintf(out, "  %s %s\n", f.pkg, f.test)
	}
	talking := slices.DeleteFunc(slices.Clone(all), func(f failure) bool { return len(f.lines) == 0 })
	talking = talking[:min(len(talking), most)]
	for _, f := range talking {
		fmt.Fprintf(out, "=== %s %s\n", f.pkg, f.test)
		shown := min(len(f.lines), maxLines/len(talking))
		for _, line := range f.lines[:shown] {
			io.WriteString(out, line)
		}
		if shown < len(f.lines) {
			fmt.Fprintf(out, "  and %d more lines\n", len(f.lines)-shown)
		}
	}
}
