package digits_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/internal/digits"
)

type base struct {
	Deep *int64 `json:"deep,omitempty"`
}

type model struct {
	base
	Inner  base
	Total  int64              `json:"total"`
	Paid   *int64             `json:"paid,omitempty"`
	List   []int64            `json:"list,omitempty"`
	Items  []model            `json:"items,omitempty"`
	By     map[string]*int64  `json:"by,omitempty"`
	ByName map[string][]model `json:"by_name,omitempty"`
	Small  int8               `json:"small"`
	Text   *string            `json:"text,omitempty"`
	Flag   *bool              `json:"flag,omitempty"`
	When   *time.Time         `json:"when,omitempty"`
	Raw    json.RawMessage    `json:"raw,omitempty"`
	Any    any                `json:"any,omitempty"`
	Bytes  []byte             `json:"bytes,omitempty"`
	Hidden int64              `json:"-"`
}

func TestIntegersAsTexts(t *testing.T) {
	for text, bare := range map[string]string{
		`{"total":"40000"}`:                                                `{"total":40000}`,
		`{"total":"-7","paid":"0"}`:                                        `{"total":-7,"paid":0}`,
		` { "total" : "007" , "paid" : "-0" } `:                            `{"total":7,"paid":0}`,
		`{"total":"\u0034\u0030"}`:                                         `{"total":40}`,
		`{"total":"9223372036854775807"}`:                                  `{"total":9223372036854775807}`,
		`{"paid":"-9223372036854775808"}`:                                  `{"paid":-9223372036854775808}`,
		`{"TOTAL":"1","small":"127"}`:                                      `{"total":1,"small":127}`,
		`{"deep":"1","Inner":{"deep":"2"},"list":["3",4,"5"]}`:             `{"deep":1,"Inner":{"deep":2},"list":[3,4,5]}`,
		`{"items":[{"items":[{"paid":"1"}]},{"total":"2"}]}`:               `{"items":[{"items":[{"paid":1}]},{"total":2}]}`,
		`{"by":{"total":"1","b":null},"by_name":{"x":[{"total":"1"}]}}`:    `{"by":{"total":1,"b":null},"by_name":{"x":[{"total":1}]}}`,
		`{"text":"1","raw":{"total":"1"},"any":{"total":"1"},"total":"1"}`: `{"text":"1","raw":{"total":"1"},"any":{"total":"1"},"total":1}`,
		`{"unknown":{"total":"1"},"Hidden":"1","total":"1","total":"2"}`:   `{"unknown":{"total":"1"},"Hidden":"1","total":2}`,
	} {
		var want model
		if err := json.Unmarshal([]byte(bare), &want); err != nil {
			t.Fatal(bare, err)
		}
		got, err := digits.Unmarshal[model]([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s became %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestOtherTextsAreNoIntegers(t *testing.T) {
	for _, text := range []string{
		"", " ", "4e4", "40000.0", " 1", "1 ", "+1", "-", "--1", "0x1", "1_000", "١", "9223372036854775808", "-9223372036854775809", "NaN", "MARKER",
	} {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := digits.Unmarshal[model]([]byte(`{"text":"kept","total":` + string(quoted) + `,"paid":"5"}`))
		var wrong *json.UnmarshalTypeError
		if !errors.As(err, &wrong) || wrong.Field != "total" {
			t.Errorf("%q: %v", text, err)
		}
		if got.Total != 0 || got.Paid == nil || *got.Paid != 5 || got.Text == nil || *got.Text != "kept" {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if got, err := digits.Unmarshal[model]([]byte(`{"small":"128","total":1}`)); err == nil || got.Total != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// What does not fit is absent, and not a pointer to 0.
func TestMisfitsAreAbsent(t *testing.T) {
	for misfit, rest := range map[string]string{
		`"paid":"x"`:                        `"total":2`,
		`"paid":true`:                       `"list":[1]`,
		`"paid":1.5`:                        `"by":{"a":1}`,
		`"paid":1e400`:                      `"flag":true`,
		`"paid":{"total":"1"}`:              `"text":"a"`,
		`"paid":[["1"]]`:                    `"deep":3`,
		`"text":5`:                          `"raw":[1]`,
		`"text":{}`:                         `"any":[1]`,
		`"flag":"true"`:                     `"when":"2026-01-02T03:04:05+08:00"`,
		`"flag":0`:                          `"bytes":"QQ=="`,
		`"list":{"0":1}`:                    `"paid":"9"`,
		`"items":"1"`:                       `"items":[{"total":"1"}]`,
		`"by":[1]`:                          `"by_name":{"x":[{"paid":"1"}]}`,
		`"by_name":{"x":{"total":1}}`:       `"by":{"y":"1"}`,
		`"Inner":[{"deep":1},{"deep":"2"}]`: `"Inner":{"deep":"2"}`,
	} {
		want, err := digits.Unmarshal[model]([]byte(`{` + rest + `}`))
		if err != nil {
			t.Fatal(rest, err)
		}
		if strings.HasPrefix(misfit, `"by_name"`) {
			want.ByName = map[string][]model{"x": nil}
		}
		got, err := digits.Unmarshal[model]([]byte(`{` + misfit + `, ` + rest + `}`))
		if err == nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s became %+v, %v; want %+v", misfit, rest, got, err, want)
		}
	}
}

func TestOtherErrorsStay(t *testing.T) {
	for _, text := range []string{``, `{`, `{"total":"1"}x`, `{"when":"yesterday","total":1}`} {
		var want model
		wantErr := json.Unmarshal([]byte(text), &want)
		got, err := digits.Unmarshal[model]([]byte(text))
		if err == nil || err.Error() != wantErr.Error() || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v; want %+v, %v", text, got, err, want, wantErr)
		}
	}
	if _, err := digits.Unmarshal[model]([]byte(`"40000"`)); err == nil {
		t.Error("a text is no object")
	}
	if n, err := digits.Unmarshal[int64]([]byte(`"40000"`)); err != nil || n != 40000 {
		t.Error(n, err)
	}
}

// A notification of 1 MiB with one misfit took 5 s, which is all the time that
// WeChat Pay waits, since each key looked for the fields of its struct anew.
func TestKeysCostLittle(t *testing.T) {
	const keys = 1000
	data := []byte(`{"n":true` + strings.Repeat(`,"a":1`, keys) + `}`)
	type wide struct {
		N                                  int64 `json:"n"`
		F1, F2, F3, F4, F5, F6, F7, F8, F9 *string
	}
	allocs := testing.AllocsPerRun(5, func() {
		if _, err := digits.Unmarshal[wide](data); err == nil {
			t.Error("took a bool for an integer")
		}
	})
	if allocs > 40*keys {
		t.Errorf("%.0f allocations for %d keys", allocs, keys)
	}
}
