package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// figures are what one kind of measurement gave over the rounds.
type figures []float64

func (f figures) median() float64 {
	if len(f) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(f))
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}

// spread is the lowest and the highest figure.
func (f figures) spread() (lowest, highest float64) { return slices.Min(f), slices.Max(f) }

// result is what a benchmark gave, by unit.
type result map[string]figures

// parse adds the figures of a benchmark's output to the result, and reports
// whether there were any.
func (r result) parse(out string) (found bool) {
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				break
			}
			r[fields[i+1]] = append(r[fields[i+1]], v)
			found = true
		}
	}
	return found
}

// micro formats nanoseconds as a time that is easy to read.
func micro(ns float64) string {
	switch {
	case math.IsNaN(ns):
		return "–"
	case ns >= 1e9:
		return fmt.Sprintf("%.2f s", ns/1e9)
	case ns >= 1e6:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	case ns >= 1e3:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	}
	return fmt.Sprintf("%.0f ns", ns)
}

func timeCell(f figures) string {
	if len(f) == 0 {
		return "–"
	}
	lowest, highest := f.spread()
	return fmt.Sprintf("%s (%s to %s)", micro(f.median()), micro(lowest), micro(highest))
}

func count(f figures) string {
	if len(f) == 0 {
		return "–"
	}
	return group(int64(math.Round(f.median())))
}

// group writes a number with commas.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// oneLine keeps a table in shape.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
