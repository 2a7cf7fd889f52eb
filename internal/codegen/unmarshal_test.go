package codegen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/examplecall"
)

// decoder decodes one type of the client.
type decoder struct {
	name  string
	typ   reflect.Type
	read  func(text []byte) (any, error)
	texts [][]byte // examples of the contract
}

// decoders are the operations with an answer, called on a client that gets it,
// and Unmarshal of what notifications hold.
func decoders(tb testing.TB) []decoder {
	tb.Helper()
	doc, err := contract()
	if err != nil {
		tb.Fatal(err)
	}
	var all []decoder
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			success, _, err := examplecall.Answers(op)
			if err != nil {
				tb.Fatal(op.OperationID, err)
			}
			if success[0].Value == nil {
				continue
			}
			var answer []byte
			client, err := payscore.New(payscore.DefaultServer, payscore.WithHTTPClient(doerFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: success[0].Status, Body: io.NopCloser(bytes.NewBuffer(answer))}, nil
			})))
			if err != nil {
				tb.Fatal(err)
			}
			method, err := examplecall.Method(client, op.OperationID)
			if err != nil {
				tb.Fatal(err)
			}
			calls, err := examplecall.Calls(method, path, item, op)
			if err != nil {
				tb.Fatal(err)
			}
			d := decoder{name: op.OperationID, typ: method.Type().Out(0).Elem(), read: func(text []byte) (any, error) {
				answer = text
				return calls[0].Invoke(context.Background(), method)
			}}
			for _, a := range success {
				d.texts = append(d.texts, a.Value)
			}
			all = append(all, d)
		}
	}
	all = append(all,
		notified(tb, payscore.Unmarshal[payscore.Notification]),
		notified(tb, payscore.Unmarshal[payscore.ServiceOrderNotification]),
		notified(tb, payscore.Unmarshal[payscore.PermissionNotification]),
		notified(tb, payscore.Unmarshal[payscore.ServiceAccountNotification]),
		notified(tb, payscore.Unmarshal[payscore.RefundNotification]),
		notified(tb, payscore.Unmarshal[payscore.SecurityEchoNotification]),
	)
	slices.SortFunc(all, func(a, b decoder) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return all
}

func notified[T any](tb testing.TB, unmarshal func([]byte) (*T, error)) decoder {
	tb.Helper()
	typ := reflect.TypeFor[T]()
	doc, err := contract()
	if err != nil {
		tb.Fatal(err)
	}
	text, err := json.Marshal(sample(tb, doc.Components.Schemas[typ.Name()].Value))
	if err != nil {
		tb.Fatal(err)
	}
	return decoder{typ.Name(), typ, func(text []byte) (any, error) {
		v, err := unmarshal(text)
		if v == nil {
			return nil, err
		}
		return v, err
	}, [][]byte{text}}
}

// check compares what d makes of a text with what encoding/json makes of it, with
// integers that may be texts.
func (d decoder) check(t *testing.T, text []byte) {
	t.Helper()
	want, wantErr := decodeWithTexts(text, d.typ)
	null := string(bytes.TrimSpace(text)) == "null"
	got, err := d.read(bytes.Clone(text))
	if about := new(apierror.MismatchError); errors.As(err, &about) { // it was decoded
		got, _ = undecoded(got, err)
		err = nil
	}
	switch {
	case (err != nil) != (wantErr != nil || null):
		t.Fatalf("%s: error %v, encoding/json's is %v, of %q", d.name, err, wantErr, text)
	case err == nil && !reflect.DeepEqual(got, want.Interface()):
		t.Fatalf("%s: %q became\n%#v, with encoding/json\n%#v", d.name, text, got, want.Interface())
	}
}

// TestUnmarshal decodes the examples of the contract and texts that are a few
// steps away from them.
func TestUnmarshal(t *testing.T) {
	steps := 300
	if testing.Short() {
		steps = 20
	}
	for _, d := range decoders(t) {
		t.Run(d.name, func(t *testing.T) {
			for _, text := range d.texts {
				d.check(t, text)
				d.check(t, []byte("null"))
				random := rand.New(rand.NewPCG(1, uint64(len(text))))
				for range steps {
					d.check(t, astray(random, text))
				}
			}
		})
	}
}

// Pieces that a JSON text may have or not have, in the right place or not.
var pieces = []string{
	`null`, `""`, `"a\u4e00"`, `"\/"`, "\"\xff\"", `0`, `-0`, `-1`, `1.5`, `1e2`, `01`, `"7"`, `"-7"`, `"007"`, `"1e2"`, `" 7"`, `"7.0"`, `"+7"`, `"-"`, `"\u0037"`, `"9223372036854775807"`, `"9223372036854775808"`, `"total_amount":"7",`, `"Total_Amount":"8",`, `123456789012345678`, `9223372036854775807`, `9223372036854775808`,
	`true`, `false`, `{}`, `[]`, `[{}]`, `[null]`, `{"name":null}`, ` `, "\n", `,`, `:`, `{`, `}`, `[`, `]`, `"`, `\`, `"state":"x",`, `"new_field":{"a":[1,"b",{"c":true}]},`,
	`"New_Field":1,`, `"TOTAL_AMOUNT":7,`, `"total_amount":7,`, `"total_amount":null,`, `"ſtate":"x",`, `"post_payments":[{"name":"b"}],`, `"collection":{"details":[{"seq":9}]},`, "\x00", "\t",
}

// astray changes text in one to four places, mostly between its tokens.
func astray(random *rand.Rand, text []byte) []byte {
	text = bytes.Clone(text)
	for range 1 + random.IntN(4) {
		var borders []int
		for i, c := range text {
			if bytes.IndexByte([]byte(`{}[],:"`), c) >= 0 {
				borders = append(borders, i, i+1)
			}
		}
		if len(borders) == 0 {
			return text
		}
		from := borders[random.IntN(len(borders))]
		to := from
		switch random.IntN(4) {
		case 0: // to the next border
			if i := slices.IndexFunc(borders, func(b int) bool { return b > from }); i >= 0 {
				to = borders[i]
			}
		case 1:
			to = min(len(text), from+random.IntN(30))
		}
		text = slices.Concat(text[:from], []byte(pieces[random.IntN(len(pieces))]), text[to:])
	}
	return text
}

// integers are those of a compact text.
var integers = regexp.MustCompile(`([:\[,])(-?[0-9]+)([,}\]])`)

// FuzzUnmarshal compares Unmarshal with encoding/json that fills types whose
// integers decode themselves.
func FuzzUnmarshal(f *testing.F) {
	all := decoders(f)
	for i, d := range all {
		for _, text := range d.texts {
			f.Add(uint8(i), text)
			f.Add(uint8(i), integers.ReplaceAll(text, []byte(`$1"$2"$3`)))
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, text []byte) {
		all[int(i)%len(all)].check(t, text)
	})
}
