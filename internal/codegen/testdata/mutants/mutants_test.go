// Package mutants_test sends what the mutants of internal/codegen declare, to a
// server that holds each request against the contract. TestMutants lays the
// generated code beside it and says by the environment what to send.
package mutants_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/internal/codegen/testdata/mutants"
	"github.com/wxpayscore/payscore/internal/codegen/testdata/mutantserver"
	"github.com/wxpayscore/payscore/limit"
)

var _ mutantserver.ServerInterface // the handlers compile, too

type row struct {
	Name, Operation, Where, Needed string
	Good, Wire, Bad, Mangled       []string
}

// judge keeps the last request and what kin-openapi says of it.
type judge struct {
	request *http.Request
	body    []byte
	verdict error
}

func (j *judge) handler(t *testing.T) http.Handler {
	doc, err := openapi3.NewLoader().LoadFromFile(os.Getenv("MUTANTS_CONTRACT"))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	mux := http.NewServeMux()
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			route := &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}
			mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) {
				j.body, _ = io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(j.body))
				j.request = r
				values := map[string]string{}
				for _, p := range op.Parameters {
					if p.Value.In == "path" {
						values[p.Value.Name] = r.PathValue(p.Value.Name)
					}
				}
				j.verdict = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
					Request: r, PathParams: values, Route: route,
					Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
				})
				w.WriteHeader(http.StatusNoContent)
			})
		}
	}
	return mux
}

// send calls the operation with the value of each name, as JSON.
func (r row) send(t *testing.T, c *mutants.Client, values map[string]string) (sent any, err error) {
	t.Helper()
	method := reflect.ValueOf(c).MethodByName(r.Operation)
	if !method.IsValid() {
		t.Fatalf("the client has no %s", r.Operation)
	}
	var members []string
	for name, value := range values {
		members = append(members, `"`+name+`":`+value)
	}
	argument := "{" + strings.Join(members, ",") + "}"
	if r.Where == "path" {
		argument = values[r.Needed]
	}
	v := reflect.New(method.Type().In(1))
	if err := json.Unmarshal([]byte(argument), v.Interface()); err != nil {
		t.Fatalf("%s: %v", argument, err)
	}
	err, _ = method.Call([]reflect.Value{reflect.ValueOf(context.Background()), v.Elem()})[0].Interface().(error)
	return v.Interface(), err
}

func TestMutants(t *testing.T) {
	table, err := os.ReadFile(os.Getenv("MUTANTS_CASES"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	if err := json.Unmarshal(table, &rows); err != nil {
		t.Fatal(err)
	}
	j := &judge{}
	server := httptest.NewServer(j.handler(t))
	defer server.Close()
	client, err := mutants.New(server.URL, mutants.WithHTTPClient(server.Client()))
	if err != nil {
		t.Fatal(err)
	}
	careless, err := mutants.New(server.URL, mutants.WithHTTPClient(server.Client()), mutants.WithoutLimitChecks())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		t.Run(r.Name, func(t *testing.T) {
			for i, good := range r.Good {
				for _, values := range r.both(good, good) {
					*j = judge{}
					if _, err := r.send(t, client, values); err != nil || j.request == nil || j.verdict != nil {
						t.Fatalf("%v: %v; the contract says %v", values, err, j.verdict)
					}
					r.arrived(t, j, i, values)
				}
			}
			for _, bad := range r.Bad {
				for _, values := range r.both(r.Good[0], bad) {
					*j = judge{}
					sent, err := r.send(t, client, values)
					refused(t, j, err)
					if v, ok := sent.(interface{ Validate() error }); ok {
						refused(t, j, errors.Join(v.Validate(), apierror.ErrNotSent))
					} else if r.Where != "path" {
						t.Errorf("%T has no Validate", sent)
					}
					if r.Where == "path" {
						continue // checked always
					}
					if _, err := r.send(t, careless, values); err != nil || j.verdict == nil {
						t.Errorf("%v: sent without checks: %v; the contract says %v", values, err, j.verdict)
					}
				}
			}
			for _, mangled := range r.Mangled {
				for _, values := range r.both(r.Good[0], mangled) {
					*j = judge{}
					_, err := r.send(t, client, values)
					refused(t, j, err)
					_, err = r.send(t, careless, values)
					refused(t, j, err)
				}
			}
		})
	}
}

// both is the value once in the optional and once in the required place.
func (r row) both(good, value string) []map[string]string {
	if r.Where == "path" {
		return []map[string]string{{r.Needed: value}}
	}
	return []map[string]string{{"value": value, r.Needed: good}, {r.Needed: value}}
}

func refused(t *testing.T, j *judge, err error) {
	t.Helper()
	var findings limit.Findings
	if !errors.As(err, &findings) || !errors.Is(err, apierror.ErrNotSent) {
		t.Errorf("got %v, want limit.Findings that are ErrNotSent", err)
	}
	if j.request != nil {
		t.Error("it was sent")
	}
}

// arrived compares what went over the wire with what the row expects.
func (r row) arrived(t *testing.T, j *judge, i int, values map[string]string) {
	t.Helper()
	_, optional := values["value"]
	switch r.Where {
	case "body":
		var got map[string]json.RawMessage
		if err := json.Unmarshal(j.body, &got); err != nil || len(got) != len(values) {
			t.Fatalf("got %s, want %v: %v", j.body, values, err)
		}
		for name, want := range values {
			if string(got[name]) != want {
				t.Errorf("%s: got %s, want %s", name, got[name], want)
			}
		}
	case "path":
		if path := j.request.URL.EscapedPath(); !strings.HasSuffix(path, "/"+r.Wire[i]) {
			t.Errorf("got %s, want %s at the end", path, r.Wire[i])
		}
	case "query":
		query := "&" + j.request.URL.RawQuery + "&"
		for name, want := range map[string]bool{"value": optional, r.Needed: true} {
			if part := "&" + strings.ReplaceAll(r.Wire[i], "NAME", name) + "&"; strings.Contains(query, part) != want {
				t.Errorf("got %s, want %s in it: %v", query, part, want)
			}
		}
	case "header":
		for name, want := range map[string]bool{"value": optional, r.Needed: true} {
			got := j.request.Header.Values(name)
			if want != (len(got) == 1) || want && got[0] != r.Wire[i] {
				t.Errorf("%s: got %q, want %q: %v", name, got, r.Wire[i], want)
			}
		}
	}
}
