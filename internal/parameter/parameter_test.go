package parameter_test

import (
	"testing"

	"github.com/wxpayscore/payscore/internal/parameter"
)

type state string

// The texts are those of the table of styles in OpenAPI 3.0.
func TestStyles(t *testing.T) {
	for got, want := range map[string]string{
		parameter.Path([]string{"blue", "a/b c", "费"}):                       "blue,a%2Fb%20c,%E8%B4%B9",
		parameter.Path([]int64{3, -4}):                                       "3,-4",
		parameter.Header([]state{"blue", "a/b c", "费"}):                      "blue,a/b c,费",
		parameter.Header([]bool{true, false}):                                "true,false",
		parameter.Query("", "color", "form", []string{"blue", "a&b", "c d"}): "color=blue,a%26b,c+d",
		parameter.Query("a=1", "color", "spaceDelimited", []int64{1, 2}):     "a=1&color=1%202",
		parameter.Query("a=1", "color", "pipeDelimited", []state{"b", "c"}):  "a=1&color=b%7Cc",
		parameter.Query("a=1", "color", "form", []state{}):                   "a=1",
		parameter.Query[state]("", "color", "form", nil):                     "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
