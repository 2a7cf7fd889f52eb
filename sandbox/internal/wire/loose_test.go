package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzLoose holds that the untidy text means what the tidy one does. What decodes
// and is encoded has no name twice, as no notification has.
func FuzzLoose(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, `[[], [{}, {"": ""}]]`, `{"a": {}, "b": [1, 2.50, 1e400, 12345678901234567890123], "c": null, "d": true}`,
		`"\\u0026 \\\\u003c \u2028 😀 \u0001\b \/ // 中文中文 \ud83d"`, `{"\"x\\": "\u007f\u0080"}`,
	} {
		f.Add([]byte(text))
	}
	decode := func(text []byte) (v any, err error) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		err = d.Decode(&v)
		return v, err
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		v, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		tidy, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := decode(tidy)
		untidy := loose(tidy)
		if got, err := decode(untidy); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q became %q: %v", tidy, untidy, err)
		}
	})
}
