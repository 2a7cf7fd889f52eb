// Package small_test tests what the templates make of small.yaml: the client
// calls the handlers. TestSmall of internal/codegen lays the code beside it.
package small_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/internal/codegen/testdata/small"
	"github.com/wxpayscore/payscore/internal/codegen/testdata/smallserver"
	"github.com/wxpayscore/payscore/limit"
)

var thing = small.Thing{ID: "7", Kind: new(small.KindBig), Parts: []small.Part{{Name: "部"}}}

// things is a server that keeps the last request.
type things struct{ got any }

func (s *things) GetStatus(_ context.Context, r smallserver.GetStatusRequestObject) (smallserver.GetStatusResponseObject, error) {
	s.got = r
	return smallserver.GetStatus200JSONResponse(thing), nil
}

func (s *things) FindThings(_ context.Context, r smallserver.FindThingsRequestObject) (smallserver.FindThingsResponseObject, error) {
	s.got = r.Params
	return smallserver.FindThings200JSONResponse{Things: []small.Thing{thing}}, nil
}

func (s *things) CreateThing(_ context.Context, r smallserver.CreateThingRequestObject) (smallserver.CreateThingResponseObject, error) {
	s.got = *r.Body
	return smallserver.CreateThing200JSONResponse(thing), nil
}

func (s *things) CountThings(_ context.Context, r smallserver.CountThingsRequestObject) (smallserver.CountThingsResponseObject, error) {
	s.got = r.Params
	return smallserver.CountThings200JSONResponse{}, nil
}

func (s *things) SweepThings(_ context.Context, r smallserver.SweepThingsRequestObject) (smallserver.SweepThingsResponseObject, error) {
	s.got = r
	return smallserver.SweepThings204Response{}, nil
}

func (s *things) GetThing(_ context.Context, r smallserver.GetThingRequestObject) (smallserver.GetThingResponseObject, error) {
	s.got = r
	return smallserver.GetThing200JSONResponse(thing), nil
}

func (s *things) ClosePart(_ context.Context, r smallserver.ClosePartRequestObject) (smallserver.ClosePartResponseObject, error) {
	s.got = r
	if r.Body.Reason == "no" {
		return smallserver.ClosePart400JSONResponse{RefusedJSONResponse: smallserver.RefusedJSONResponse{Code: "NO", Message: "m"}}, nil
	}
	return smallserver.ClosePart204Response{}, nil
}

// setup is a client, the server it calls, and the last request on the wire.
func setup(t *testing.T, opts ...small.ClientOption) (*small.Client, *things, *wire) {
	t.Helper()
	s, w := &things{}, &wire{}
	handler := smallserver.Handler(smallserver.NewStrictHandler(s, nil))
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*w = wire{r.Method + " " + r.RequestURI, r.Header.Get("Content-Type"), string(body)}
		r.Body = io.NopCloser(strings.NewReader(w.body))
		handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	client, err := small.New(server.URL, append(opts, small.WithHTTPClient(server.Client()))...)
	if err != nil {
		t.Fatal(err)
	}
	return client, s, w
}

type wire struct{ line, contentType, body string }

func paths(t *testing.T, err error) string {
	t.Helper()
	var findings limit.Findings
	if err != nil && !errors.As(err, &findings) {
		t.Errorf("%v: no findings", err)
	}
	var all []string
	for _, f := range findings {
		all = append(all, f.Path+" "+f.Rule)
	}
	return strings.Join(all, "\n")
}

func TestQuery(t *testing.T) {
	client, server, w := setup(t)
	required := small.FindThingsParams{Name: "名 a&b", Code: "ab1", Size: 1, Kind: small.KindBig}
	all := required
	all.Exact, all.Note, all.Owner, all.Strict = true, new(""), new(""), new(false)
	all.Offset, all.Floor, all.Ceiling, all.OtherKind = new(int64(0)), new(int64(0)), new(int64(-10)), new(small.KindSmall)
	for _, tc := range []struct {
		params small.FindThingsParams
		want   string
	}{
		{required, "code=ab1&exact=false&kind=BIG&name=%E5%90%8D+a%26b&size=1"},
		{all, "ceiling=-10&code=ab1&exact=true&floor=0&kind=BIG&name=%E5%90%8D+a%26b&note=&offset=0&other_kind=SMALL&owner=&size=1&strict=false"},
	} {
		got, err := client.FindThings(t.Context(), tc.params)
		if err != nil {
			t.Fatal(err)
		}
		if want := (&small.ThingList{Things: []small.Thing{thing}}); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if want := (wire{line: "GET /v1/things?" + tc.want}); *w != want {
			t.Errorf("got %+v, want %+v", *w, want)
		}
		if !reflect.DeepEqual(server.got, tc.params) {
			t.Errorf("the server got %+v, want %+v", server.got, tc.params)
		}
	}

	if _, err := client.CountThings(t.Context(), small.CountThingsParams{}); err != nil {
		t.Fatal(err)
	}
	if want := (wire{line: "GET /v1/things/count"}); *w != want {
		t.Errorf("got %+v, want %+v", *w, want)
	}
	if _, err := client.CountThings(t.Context(), small.CountThingsParams{Owner: new("a")}); err != nil {
		t.Fatal(err)
	}
	if want := (wire{line: "GET /v1/things/count?owner=a"}); *w != want {
		t.Errorf("got %+v, want %+v", *w, want)
	}
}

func TestQueryFindings(t *testing.T) {
	client, server, _ := setup(t)
	wrong := small.FindThingsParams{
		Code: "A", Size: 101, Kind: "HUGE", Note: new("\xff"), Owner: new("A"),
		Offset: new(int64(limit.Lowest)), Floor: new(int64(-1)), Ceiling: new(int64(11)), OtherKind: new(small.Kind("")),
	}
	want := "name minLength\ncode pattern\nsize maximum\nkind enum\nnote utf8\nowner pattern\nfloor minimum\nceiling maximum\nother_kind enum"
	_, err := client.FindThings(t.Context(), wrong)
	if got := paths(t, err); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := paths(t, wrong.Validate()); got != want {
		t.Errorf("Validate: got\n%s\nwant\n%s", got, want)
	}
	if server.got != nil {
		t.Error("sent")
	}
	client, server, _ = setup(t, small.WithoutLimitChecks())
	if _, err := client.CountThings(t.Context(), small.CountThingsParams{Owner: new("over eight")}); err != nil || server.got == nil {
		t.Errorf("WithoutLimitChecks: not sent: %v", err)
	}
}

// full has every field at the edge of what is allowed.
func full() small.CreateThingRequest {
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.FixedZone("", 8*3600))
	part := small.Part{Name: "部", Leaf: &small.Leaf{Flag: new(false)}}
	return small.CreateThingRequest{
		ReqText: "", ReqPattern: "a\"`\\", ReqNamed: strings.Repeat("名", 20), ReqEnum: small.KindBig,
		ReqInt: limit.Lowest, ReqMin: 0, ReqMax: -1, ReqRange: 2147483648, ReqNumber: 0.5, ReqBool: true, ReqTime: at,
		ReqObject: part, ReqOpen: small.Free{"a": "b"}, ReqStrings: []string{""}, ReqObjects: []small.Part{part},
		OptText: new(""), OptPattern: new("ab"), OptNamed: new("名"), OptEnum: new(small.KindSmall),
		OptInt: new(int64(0)), OptMin: new(int64(0)), OptMax: new(int64(-1)), OptRange: new(int64(100)), OptNumber: new(0.0),
		OptBool: new(false), OptTime: &at, OptObject: &part, OptOpen: &small.Free{}, OptStrings: []string{}, OptObjects: []small.Part{part},
	}
}

func TestBody(t *testing.T) {
	client, server, w := setup(t, small.WithoutLimitChecks())
	got, err := client.CreateThing(t.Context(), small.CreateThingRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, thing) {
		t.Errorf("got %+v, want %+v", *got, thing)
	}
	want := wire{"POST /v1/things", "application/json", `{"req_bool":false,"req_enum":"","req_int":0,"req_max":0,"req_min":0,"req_named":"","req_number":0,` +
		`"req_object":{"name":""},"req_objects":[],"req_open":null,"req_pattern":"","req_range":0,"req_strings":[],"req_text":"","req_time":"0001-01-01T00:00:00Z"}`}
	if *w != want {
		t.Errorf("got  %+v\nwant %+v", *w, want)
	}

	client, server, w = setup(t)
	request := full()
	if _, err := client.CreateThing(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	sent, _ := json.Marshal(request)
	read, _ := json.Marshal(server.got)
	if string(read) != string(sent) || w.body != string(sent) {
		t.Errorf("the server read %s\nof %s\nwant %s", read, w.body, sent)
	}
	for _, part := range []string{`"opt_int":0`, `"opt_bool":false`, `"opt_text":""`, `"opt_strings":[]`, `"opt_open":{}`, `"flag":false`, `"opt_number":0`, `"opt_time":"2020-01-02T03:04:05+08:00"`} {
		if !strings.Contains(w.body, part) {
			t.Errorf("no %s in %s", part, w.body)
		}
	}
}

func TestBodyFindings(t *testing.T) {
	client, server, _ := setup(t)
	bad := small.Part{Name: ""}
	_, err := client.CreateThing(t.Context(), small.CreateThingRequest{
		ReqText: "\xff", ReqPattern: "A", ReqEnum: "HUGE", ReqMin: -1, ReqMax: 0, ReqRange: 2147483649,
		ReqObject: bad, ReqObjects: []small.Part{{Name: "a"}, bad},
		OptText: new("\xff"), OptPattern: new("a"), OptNamed: new(""), OptEnum: new(small.Kind("HUGE")),
		OptMin: new(int64(-1)), OptMax: new(int64(0)), OptRange: new(int64(0)), OptObject: &bad, OptObjects: []small.Part{},
	})
	want := `$.opt_enum enum
$.opt_max maximum
$.opt_min minimum
$.opt_named minLength
$.opt_object.name minLength
$.opt_objects minItems
$.opt_pattern minLength
$.opt_range minimum
$.opt_text utf8
$.req_enum enum
$.req_max maximum
$.req_min minimum
$.req_named minLength
$.req_object.name minLength
$.req_objects[1].name minLength
$.req_pattern pattern
$.req_range maximum
$.req_strings minItems
$.req_text utf8
$.req_time required`
	if got := paths(t, err); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if server.got != nil {
		t.Error("sent")
	}
	over := full()
	over.ReqStrings, over.ReqObjects = make([]string, 4), append(over.ReqObjects, over.ReqObjects[0], over.ReqObjects[0], bad)
	if got, want := paths(t, over.Validate()), "$.req_objects maxItems\n$.req_objects[3].name minLength\n$.req_strings maxItems"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPath(t *testing.T) {
	client, server, w := setup(t)
	if err := client.ClosePart(t.Context(), "a|B*", "x/y %部", small.CloseRequest{Reason: "r"}); err != nil {
		t.Fatal(err)
	}
	want := wire{"POST /v1/things/a%7CB%2A/parts/x%2Fy%20%25%E9%83%A8/close", "application/json", `{"reason":"r"}`}
	if *w != want {
		t.Errorf("got  %+v\nwant %+v", *w, want)
	}
	r, ok := server.got.(smallserver.ClosePartRequestObject)
	if !ok || r.ThingID != "a|B*" || r.PartNo != "x/y %部" {
		t.Errorf("the server got %+v", server.got)
	}
	if got, err := client.GetThing(t.Context(), "a|B*", small.GetThingParams{Owner: "o"}); err != nil || !reflect.DeepEqual(*got, thing) {
		t.Errorf("got %+v, %v", got, err)
	}
	if want := (wire{line: "GET /v1/things/a%7CB%2A?owner=o"}); *w != want {
		t.Errorf("got  %+v\nwant %+v", *w, want)
	}

	params := small.GetThingParams{Owner: "o", Kind: new(small.KindSmall), Parts: []string{"a b", "c,d"}, TraceID: new("abc")}
	if _, err := client.GetThing(t.Context(), "a", params); err != nil {
		t.Error(err)
	}
	if want := (wire{line: "GET /v1/things/a?kind=SMALL&owner=o&parts=a+b%7Cc%2Cd"}); *w != want {
		t.Errorf("got  %+v\nwant %+v", *w, want)
	}
	if r, ok := server.got.(smallserver.GetThingRequestObject); !ok || !reflect.DeepEqual(r.Params, params) {
		t.Errorf("the server got %+v", server.got)
	}

	err := client.ClosePart(t.Context(), "a", "xy", small.CloseRequest{Reason: "no"})
	var refused *apierror.Error
	if !errors.As(err, &refused) || refused.Code != "NO" || refused.Status != 400 {
		t.Errorf("got %v, want the refusal", err)
	}

	for _, opts := range [][]small.ClientOption{nil, {small.WithoutLimitChecks()}} {
		client, server, _ := setup(t, opts...)
		want := "thing_id pattern\npart_no minLength"
		if opts == nil {
			want += "\n$.reason maxLength"
		}
		if got := paths(t, client.ClosePart(t.Context(), "a/b", "x", small.CloseRequest{Reason: "123456"})); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if server.got != nil {
			t.Error("sent")
		}
	}
}

func TestNothingIn(t *testing.T) {
	client, _, w := setup(t)
	if err := client.SweepThings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := (wire{line: "POST /v1/things/sweep"}); *w != want {
		t.Errorf("got %+v, want %+v", *w, want)
	}
	if got, err := client.GetStatus(t.Context()); err != nil || !reflect.DeepEqual(*got, thing) {
		t.Errorf("got %+v, %v", got, err)
	}
	if want := (wire{line: "GET /v1/status"}); *w != want {
		t.Errorf("got %+v, want %+v", *w, want)
	}
}

type doer string

func (d doer) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(string(d)))}, nil
}

// null decodes into any struct and leaves it empty.
func TestNullAnswer(t *testing.T) {
	for answer, ok := range map[string]bool{"null": false, " null\n": false, "": false, "[]": false, "{": false, `{"id":"null"}`: true} {
		client, err := small.New(small.FirstServer, small.WithHTTPClient(doer(answer)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.GetStatus(t.Context())
		if ok != (err == nil) || ok != (got != nil) || errors.Is(err, apierror.ErrOutcomeUnknown) {
			t.Errorf("%q: %+v, %v", answer, got, err)
		}
	}
}

func TestNew(t *testing.T) {
	for server, ok := range map[string]bool{
		small.FirstServer: true, small.SecondServer + "/": true, "http://127.0.0.1:80/base": true,
		"": false, "one.example.com": false, "//one.example.com": false, "https://": false, "%": false,
		"https://one.example.com?": false, "https://one.example.com?a=b": false,
		"https://one.example.com#": false, "https://one.example.com#a": false,
	} {
		if _, err := small.New(server, small.WithHTTPClient(doer(""))); (err == nil) != ok {
			t.Errorf("%q: %v", server, err)
		}
	}
}
