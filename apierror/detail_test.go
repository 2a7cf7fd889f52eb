package apierror_test

import (
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
)

func TestDetailFields(t *testing.T) {
	for _, tc := range []struct {
		name, detail string
		want         apierror.DetailFields
	}{
		{"documented", `{"field":"/reason","value":"x","issue":"minLength","location":"body"}`,
			apierror.DetailFields{Field: "/reason", Issue: "minLength", Location: "body", Value: "x"}},
		{"nested", `{"detail":{"issue":"sign not match"},"field":"signature","location":"authorization"}`,
			apierror.DetailFields{Field: "signature", Issue: "sign not match", Location: "authorization"}},
		{"the outer one wins", `{"issue":"a","detail":{"issue":"b","field":"f"}}`, apierror.DetailFields{Issue: "a", Field: "f"}},
		{"list", `[{"field":"/a","issue":"i"},{"field":"/b"}]`, apierror.DetailFields{Field: "/a", Issue: "i"}},
		{"text", `"see the page"`, apierror.DetailFields{Issue: "see the page"}},
		{"value of another type", `{"field":"/total_amount","value":-5}`, apierror.DetailFields{Field: "/total_amount", Value: "-5"}},
		{"value is an object", `{"value":{"a":[1]}}`, apierror.DetailFields{Value: `{"a":[1]}`}},
		{"nulls", `{"field":null,"value":null,"detail":null}`, apierror.DetailFields{}},
		{"none", ``, apierror.DetailFields{}},
		{"number", `7`, apierror.DetailFields{}},
		{"empty list", `[]`, apierror.DetailFields{}},
		{"list of lists", `[[{"field":"a"}]]`, apierror.DetailFields{}},
		{"no JSON", `{"field":`, apierror.DetailFields{}},
		{"deep", strings.Repeat(`{"detail":`, 5000) + `{"issue":"x"}` + strings.Repeat("}", 5000), apierror.DetailFields{}},
	} {
		e := &apierror.Error{Detail: []byte(tc.detail)}
		if got := e.DetailFields(); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
		if s, ok := e.SignInformation(); ok || s != (apierror.SignInformation{}) {
			t.Errorf("%s: sign information %+v", tc.name, s)
		}
	}
}

func TestSignInformation(t *testing.T) {
	const inner = `{"method":"POST","url":"/v3/a","truncated_sign_message":"POST\n/v3/a\n","sign_message_length":LENGTH}`
	want := apierror.SignInformation{Method: "POST", URL: "/v3/a", TruncatedMessage: "POST\n/v3/a\n", MessageLength: 120}
	for name, tc := range map[string]struct {
		shape, length string
		want          int
	}{
		"as seen":           {`{"detail":{"issue":"sign not match"},"field":"signature","sign_information":INNER}`, "120", 120},
		"one level deeper":  {`{"detail":{"sign_information":INNER}}`, "120", 120},
		"in a list":         {`[{"sign_information":INNER}]`, "120", 120},
		"length as text":    {`{"sign_information":INNER}`, `"120"`, 120},
		"negative length":   {`{"sign_information":INNER}`, "-1", 0},
		"length with a dot": {`{"sign_information":INNER}`, "1e2", 0},
		"huge length":       {`{"sign_information":INNER}`, "99999999999999999999", 0},
		"length is null":    {`{"sign_information":INNER}`, "null", 0},
	} {
		e := &apierror.Error{Detail: []byte(strings.ReplaceAll(tc.shape, "INNER", strings.ReplaceAll(inner, "LENGTH", tc.length)))}
		want := want
		want.MessageLength = tc.want
		if got, ok := e.SignInformation(); !ok || got != want {
			t.Errorf("%s: %+v, %t", name, got, ok)
		}
	}
	for _, detail := range []string{"", `{}`, `{"sign_information":null}`, `{"sign_information":{}}`, `{"sign_information":"x"}`, `{"sign_information":[1]}`} {
		if got, ok := (&apierror.Error{Detail: []byte(detail)}).SignInformation(); ok {
			t.Errorf("%s: %+v", detail, got)
		}
	}
}
