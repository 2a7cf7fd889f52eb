package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/api"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// Contract is an OpenAPI document that requests are held against.
type Contract struct {
	// Routes has the pattern of net/http ("POST /v3/...") as its key. Whoever
	// calls it first has all schemas parsed.
	Routes func() map[string]*routers.Route

	text func() *regexp.Regexp // nil: any
}

// PayScore is api/openapi.yaml, parsed once per process.
var PayScore = NewContract(api.SpecJSON)

// NewContract reads a document when it is first needed.
func NewContract(spec []byte) *Contract {
	routes := parseRoutes(spec)
	return &Contract{routes, sync.OnceValue(func() *regexp.Regexp { return textPattern(routes()) })}
}

// parseRoutes has a document parsed at the first call of what it returns.
func parseRoutes(spec []byte) func() map[string]*routers.Route {
	return sync.OnceValue(func() map[string]*routers.Route {
		doc, err := openapi3.NewLoader().LoadFromData(spec)
		if err != nil {
			panic(err) // embedded, so it parses
		}
		doc.Servers = nil // requests come to whatever host the sandbox listens on
		routes := map[string]*routers.Route{}
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				routes[method+" "+path] = &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}
			}
		}
		return routes
	})
}

// Templates returns the paths of PayScore for a method that have placeholders.
func Templates(method string) (all []string) {
	for _, route := range PayScore.Routes() {
		if route.Method == method && strings.Contains(route.Path, "{") {
			all = append(all, route.Path)
		}
	}
	return all
}

// Check holds a request against the contract. r.Pattern tells the operation.
func (c *Contract) Check(r *http.Request) *rules.Refusal {
	route := c.Routes()[r.Pattern]
	var members map[string]json.RawMessage
	if route.Operation.RequestBody != nil {
		body, err := io.ReadAll(r.Body)
		if refused := checkEncoding(body); refused != nil {
			return refused
		}
		// The decoder below stops at the end of the first JSON value.
		if err != nil || len(body) > 0 && !json.Valid(body) {
			return rules.ParamError("body", "", "请求体不是合法的JSON", "is not one JSON value")
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		_ = json.Unmarshal(body, &members) // what is no object has none
	}
	pathParams := map[string]string{}
	for _, p := range slices.Concat(route.PathItem.Parameters, route.Operation.Parameters) {
		if p.Value.In == openapi3.ParameterInPath {
			pathParams[p.Value.Name] = r.PathValue(p.Value.Name)
			if refused := mappedTwice(p.Value, members, r.URL.Query()); refused != nil {
				return refused
			}
		}
	}
	if pattern := c.text(); pattern != nil {
		if refused := checkTextsOutside(pattern, pathParams, r.URL.Query()); refused != nil {
			return refused
		}
	}
	err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: pathParams, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, // the signature was checked before
			// Defaults would be written into the body, and what was signed must stay as it is.
			SkipSettingDefaults: true,
			// The operation gets the value that was checked. To decode the body once
			// more would take Total_Amount for total_amount, and nobody checked that.
			KeepValidatedValue: true,
		},
	})
	if err == nil {
		// The body is there as the value that was checked.
		if checked, ok := r.Body.(interface{ ValidatedValue() any }); ok {
			if field := notInt64(route.Operation.RequestBody.Value.Content.Get("application/json").Schema.Value, checked.ValidatedValue(), ""); field != "" {
				return rules.ParamError("body", field, "参数超出取值范围", "is no int64")
			}
			if pattern := c.text(); pattern != nil {
				return checkText(pattern, "body", "", checked.ValidatedValue())
			}
		}
		return nil
	}
	var wrong *openapi3filter.RequestError
	if !errors.As(err, &wrong) {
		return rules.ParamError("body", "", "参数错误", "does not fit the contract")
	}
	location, field, issue := "body", "", wrong.Reason
	switch missing := errors.Is(err, openapi3filter.ErrInvalidRequired); {
	case wrong.Parameter != nil:
		location, field = wrong.Parameter.In, wrong.Parameter.Name
	case missing:
		return rules.ParamError("body", "", "缺少请求体", "is empty, and has to be JSON")
	}
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		issue = schema.Reason
		if wrong.Parameter == nil {
			field = "/" + strings.Join(schema.JSONPointer(), "/")
		}
	}
	return rules.ParamError(location, field, "参数超出取值范围", issue)
}

// mappedTwice refuses a parameter of the path that the body or the query bears
// once more, whatever its value. The message is WeChat Pay's, as merchants
// reported it of a completion of PayScore (JeffreySu/WeiXinMPSDK#2989, body) and
// of a batch of transfers (yansongda/pay#688, query).
func mappedTwice(p *openapi3.Parameter, body map[string]json.RawMessage, query url.Values) *rules.Refusal {
	_, inBody := body[p.Name]
	location, source, field := "body", "/body/"+p.Name, "/"+p.Name
	switch {
	case inBody:
	case query.Has(p.Name):
		location, source, field = "query", "/query/"+p.Name, p.Name
	default:
		return nil
	}
	message := fmt.Sprintf("无法将输入源“%s”映射到目标字段“%s”中，此字段并非多重字段但被输入源“/uri_template/%s”映射过了。", source, p.Schema.Value.Title, p.Name)
	return rules.ParamError(location, field, message, "is given in the path already")
}

// notInt64 returns the place of an integer that an int64 does not hold or that
// is written with a fraction or an exponent, "" when there is none. The
// validator takes 2.0 and 2^63, since it compares as float64.
func notInt64(s *openapi3.Schema, value any, at string) string {
	switch v := value.(type) {
	case json.Number:
		if _, err := v.Int64(); err != nil && s.Type.Is(openapi3.TypeInteger) {
			return at
		}
	case []any:
		for i, item := range v {
			if field := notInt64(s.Items.Value, item, fmt.Sprintf("%s/%d", at, i)); field != "" {
				return field
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if member, ok := v[name]; ok {
				if field := notInt64(s.Properties[name].Value, member, at+"/"+name); field != "" {
					return field
				}
			}
		}
	}
	return ""
}

// Find returns the operation that a request asks for, or nil.
func (c *Contract) Find(mux *http.ServeMux, r *http.Request) *routers.Route {
	// The mux would redirect to a cleaned path, which nobody signed, and take HEAD for GET.
	_, pattern := mux.Handler(r)
	if !strings.HasPrefix(pattern, r.Method+" ") || path.Clean(r.URL.Path) != r.URL.Path {
		return nil
	}
	return c.Routes()[pattern]
}
