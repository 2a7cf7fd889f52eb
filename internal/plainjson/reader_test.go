package plainjson_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/internal/plainjson"
)

// thing has each kind of field.
type thing struct {
	Text    string   `json:"text"`
	Number  int64    `json:"number"`
	Flag    bool     `json:"flag"`
	OptText *string  `json:"opt_text"`
	OptNum  *int64   `json:"opt_num"`
	OptFlag *bool    `json:"opt_flag"`
	Texts   []string `json:"texts"`
	Thing   *thing   `json:"thing"`
	Things  []thing  `json:"things"`
}

func (v *thing) read(r *plainjson.Reader) {
	for r.Object(); r.Field(); {
		switch string(r.Key()) {
		case "text":
			v.Text = r.String()
		case "number":
			v.Number = r.Int64()
		case "flag":
			v.Flag = r.Bool()
		case "opt_text":
			v.OptText = r.StringPointer()
		case "opt_num":
			v.OptNum = r.Int64Pointer()
		case "opt_flag":
			v.OptFlag = r.BoolPointer()
		case "texts":
			r.Once(v.Texts == nil)
			v.Texts = []string{}
			for r.Array(); r.Item(); {
				v.Texts = append(v.Texts, r.String())
			}
		case "thing":
			r.Once(v.Thing == nil)
			v.Thing = new(thing)
			v.Thing.read(r)
		case "things":
			r.Once(v.Things == nil)
			v.Things = []thing{}
			for r.Array(); r.Item(); {
				v.Things = append(v.Things, thing{})
				v.Things[len(v.Things)-1].read(r)
			}
		default:
			r.Unknown()
		}
	}
}

// read reports whether text was plain. If so, encoding/json must agree.
func read(t *testing.T, text string) bool {
	t.Helper()
	var got, want thing
	r := plainjson.NewReader([]byte(text))
	got.read(&r)
	if !r.Done() {
		return false
	}
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatalf("took %q, of which encoding/json says: %v", text, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%q became %+v, want %+v", text, got, want)
	}
	return true
}

// plain are texts that need no other reader.
var plain = []string{
	`{}`,
	` { } `,
	`{"text":""}`,
	`{"text":"嗨客餐厅用餐"}`,
	`{"text":"a","text":"b"}`,
	`{"text":"abcdefg","number":1,"flag":true}`,
	`{"text":"abcdefgh","number":-1,"flag":false}`,
	"{\r\n\t\"text\" : \"a\" ,\n\"texts\" : [ \"b\" , \"c\" ] }\n",
	`{"text":"{\"id\":\"1\",\"path\":\"\\\\\"}","opt_text":"\/\b\f\n\r\t\u4e00\ud83d\ude00\ud83d","texts":["\\"]}`,
	`{"te\u0078t":"a","new":"\u0026"}`,
	`{"number":0}`,
	`{"number":-0}`,
	`{"number":999999999999999999}`,
	`{"number":-999999999999999999}`,
	`{"opt_text":"","opt_num":0,"opt_flag":false}`,
	`{"opt_text":"a","opt_num":7,"opt_flag":true}`,
	`{"texts":[]}`,
	`{"texts":["a"]}`,
	`{"thing":{}}`,
	`{"thing":{"thing":{"text":"deep"}},"text":"after"}`,
	`{"things":[]}`,
	`{"things":[{},{"number":2},{"things":[{"flag":true}]}]}`,
	`{"new":"a","new_2":-5,"new3":true,"new4":false,"new5":{},"new6":[],"":1,"new7":null,"new8":[null]}`,
	`{"new":{"a":[{"b":["c",1]},[]],"TEXT":1},"text":"after"}`,
}

func TestPlain(t *testing.T) {
	for _, text := range plain {
		if !read(t, text) {
			t.Errorf("did not take %q", text)
		}
	}
}

// TestNotPlain has texts for encoding/json, which takes some and not others.
func TestNotPlain(t *testing.T) {
	for _, text := range []string{
		``, ` `, `null`, `0`, `"text"`, `[]`, `{`, `{"`, `{"text`, `{"text"`, `{"text":`, `{"text":"`, `{"text":"a`, `{"text":"a"`, `{"text":"a",`, `{"text":"a",}`,
		`{,"text":"a"}`, `{"text" "a"}`, `{"text":"a" "number":1}`, `{"text":"a"}}`, `{"text":"a"}{}`, `{"text":"a"}x`, "{}\x00", `{}]`, `{]`, `{"text":"a"]`, "{}\v",
		`{"text":null}`, `{"opt_text":null}`, `{"thing":null}`, `{"things":null}`, `{"things":[null]}`, `{"new":nul}`, `{"new":nulll}`,
		`{"text":1}`, `{"number":"1"}`, `{"flag":1}`, `{"flag":"true"}`, `{"flag":tru}`, `{"flag":truee}`, `{"flag":falsee}`, `{"thing":[]}`, `{"things":{}}`, `{"texts":[1]}`,
		`{"number":1.0}`, `{"number":1e2}`, `{"number":1E2}`, `{"number":01}`, `{"number":-}`, `{"number":--1}`, `{"number":+1}`, `{"number":}`, `{"number":1a}`,
		`{"number":1000000000000000000}`, `{"number":9223372036854775808}`, `{"new":1.5}`,
		`{"text":"\"}`, `{"text":"\`, `{"text":"\\\"}`, `{"text":"\x"}`, `{"text":"\u12"}`, "{\"text\":\"\\n\n\"}", `{"text":"a\n`, `{"te\u0058t":"a"}`, "{\"text\":\"a\nb\"}", "{\"text\":\"\x00\"}", "{\"text\":\"a\x01}", "{\"text\":\"\x1f2345678\"}", "{\"text\":\"\xff\"}", "{\"text\":\"12345678\xe4\xb8\"}",
		`{"Text":"a"}`, `{"NEW":"a"}`, `{"ſ":"a"}`, `{"new-er":1}`,
		`{"texts":["a"],"texts":["b"]}`, `{"thing":{"text":"a"},"thing":{"number":1}}`, `{"things":[{"text":"a"}],"things":[{"number":1}]}`,
		`{"texts":["a",]}`, `{"texts":[,"a"]}`, `{"texts":["a" "b"]}`, `{"texts":["a"}`, `{"texts":[`, `{"texts":["a"`,
		`{"new":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
	} {
		if read(t, text) {
			t.Errorf("took %q", text)
		}
	}
}

// TestEachByteInAString compares a string with one byte of each value at each
// place of the words that the reader looks at.
func TestEachByteInAString(t *testing.T) {
	for length := range 20 {
		for at := range length {
			for c := range 256 {
				s := []byte(strings.Repeat("x", length))
				s[at] = byte(c)
				text := `{"text":"` + string(s) + `"}`
				if valid := json.Valid([]byte(text)) && c < 0x80; read(t, text) != valid {
					t.Fatalf("byte %#x at %d of %d: plain is %v", c, at, length, !valid)
				}
			}
		}
	}
}

// TestDepth takes unknown values to some depth, and more only with encoding/json.
func TestDepth(t *testing.T) {
	for depth, want := range map[int]bool{1: true, 15: true, 17: false} {
		text := `{"new":` + strings.Repeat(`{"a":`, depth) + `1` + strings.Repeat(`}`, depth) + `}`
		if read(t, text) != want {
			t.Errorf("depth %d: plain is %v", depth, !want)
		}
	}
}

// TestManyValues has more values than any memory that is asked for at once.
func TestManyValues(t *testing.T) {
	var items []string
	for i := range 500 {
		items = append(items, fmt.Sprintf(`{"text":"t%d","opt_text":"%s","opt_num":%d,"texts":["a%[1]d","b"]}`, i, strings.Repeat("长", i%40), i))
	}
	if !read(t, `{"things":[`+strings.Join(items, ",")+`]}`) {
		t.Error("did not take it")
	}
}

// TestResultIsItsOwn changes the text after it was read.
func TestResultIsItsOwn(t *testing.T) {
	data := []byte(`{"text":"first","opt_text":"second"}`)
	var v thing
	r := plainjson.NewReader(data)
	if v.read(&r); !r.Done() {
		t.Fatal("did not take it")
	}
	clear(data)
	if v.Text != "first" || *v.OptText != "second" {
		t.Errorf("it became %q, %q", v.Text, *v.OptText)
	}
}

func FuzzReader(f *testing.F) {
	for _, text := range plain {
		f.Add(text)
	}
	f.Add(`{"text":null,"NUMBER":1e2}`)
	f.Fuzz(func(t *testing.T, text string) { read(t, text) })
}
