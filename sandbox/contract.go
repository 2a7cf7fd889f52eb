package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/api"
	"github.com/wxpayscore/payscore/gen/catalog"
)

// contract is an OpenAPI document: what a request must look like. routes has
// the pattern of net/http ("POST /v3/...") as its key. Whoever calls it first has all
// schemas parsed.
type contract struct {
	routes func() map[string]*routers.Route
}

// wechatpay is the embedded api/openapi.yaml, parsed once per process.
var wechatpay = &contract{routes: parseRoutes(api.SpecJSON)}

// stageRule is what the contract says of an operation on an order in a stage.
type stageRule struct {
	from      catalog.Stage
	operation string
}

// becomes returns the stage of the order after the operation, which has
// changed its bill already.
func (r stageRule) becomes(o *order) string {
	noBill := int64(-1)
	to, _ := catalog.Becomes(r.from, r.operation, *cmp.Or(o.Entity.TotalAmount, &noBill))
	return string(to)
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

// check holds a request against the contract. r.Pattern tells the operation.
func (c *contract) check(r *http.Request) *refusal {
	route := c.routes()[r.Pattern]
	var members map[string]json.RawMessage
	if route.Operation.RequestBody != nil {
		body, err := io.ReadAll(r.Body)
		// The decoder below stops at the end of the first JSON value.
		if err != nil || len(body) > 0 && !json.Valid(body) {
			return paramError("body", "", "请求体不是合法的JSON", "is not one JSON value")
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
				return paramError("body", field, "参数超出取值范围", "is no int64")
			}
		}
		return nil
	}
	var wrong *openapi3filter.RequestError
	if !errors.As(err, &wrong) {
		return paramError("body", "", "参数错误", "does not fit the contract")
	}
	location, field, issue := "body", "", wrong.Reason
	if wrong.Parameter != nil {
		location, field = wrong.Parameter.In, wrong.Parameter.Name
	}
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		issue = schema.Reason
		if wrong.Parameter == nil {
			field = "/" + strings.Join(schema.JSONPointer(), "/")
		}
	}
	return paramError(location, field, "参数超出取值范围", issue)
}

// mappedTwice refuses a parameter of the path that the body or the query bears
// once more, whatever its value. The message is WeChat Pay's, as merchants
// reported it of a completion of PayScore (JeffreySu/WeiXinMPSDK#2989, body) and
// of a batch of transfers (yansongda/pay#688, query).
func mappedTwice(p *openapi3.Parameter, body map[string]json.RawMessage, query url.Values) *refusal {
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
	return paramError(location, field, message, "is given in the path already")
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
