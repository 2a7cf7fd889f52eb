package admin

import (
	"regexp"
	"slices"
	"testing"

	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// The console takes its stages from its words, which have them in both languages.
func TestConsoleHasTheStagesOfTheContract(t *testing.T) {
	words, err := consoleFiles.ReadFile("console/words.js")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile(`"stage\.(\w+)":`).FindAllSubmatch(words, -1) {
		got = append(got, string(m[1]))
	}
	if want := slices.Repeat(rules.Stages(), 2); !slices.Equal(got, want) {
		t.Errorf("words.js has stages %v, want %v", got, want)
	}
}
