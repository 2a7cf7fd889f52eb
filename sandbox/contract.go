package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/api"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// contract is the parsed openapi.yaml: what a request must look like and
// which stage of an order allows which operation.
type contract struct {
	doc *openapi3.T
	// routes has the pattern of net/http ("POST /v3/...") as its key.
	routes map[string]*routers.Route
	stages map[string]stage
	rules  map[string]stageRule // by operationId
}

// stage is one of x-wechatpay-order-stages: the three fields that tell it.
type stage struct {
	State            payscore.ServiceOrderState             `json:"state"`
	StateDescription *payscore.ServiceOrderStateDescription `json:"state_description"`
	CollectionState  *payscore.CollectionState              `json:"collection_state"`
}

// stageRule is the x-wechatpay-order-stages of an operation.
type stageRule struct {
	Allowed       []string                `json:"allowed"`
	Becomes       string                  `json:"becomes"`
	BecomesAtZero string                  `json:"becomes_at_zero"`
	Refusals      map[string]stageRefusal `json:"refusals"`
}

type stageRefusal struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Number  int64  `json:"number"`
	Message string `json:"message"`
}

const stagesExtension = "x-wechatpay-order-stages"

// loadContract parses the embedded contract once for all sandboxes of a process.
var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(api.Spec)
	if err != nil {
		return nil, fmt.Errorf("sandbox: contract: %w", err)
	}
	doc.Servers = nil // requests come to whatever host the sandbox listens on
	c := &contract{doc: doc, routes: map[string]*routers.Route{}, rules: map[string]stageRule{}}
	if err := decode(doc.Extensions[stagesExtension], &c.stages); err != nil {
		return nil, err
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			c.routes[method+" "+path] = &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}
			var rule stageRule
			if err := decode(op.Extensions[stagesExtension], &rule); err != nil {
				return nil, err
			}
			c.rules[op.OperationID] = rule
		}
	}
	return c, nil
})

func decode(extension, into any) error {
	b, err := json.Marshal(extension)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		return fmt.Errorf("sandbox: contract: %s: %w", stagesExtension, err)
	}
	return nil
}

// check holds a request against the contract. r.Pattern tells the operation.
func (c *contract) check(r *http.Request) *refusal {
	route := c.routes[r.Pattern]
	pathParams := map[string]string{}
	for _, p := range route.Operation.Parameters {
		if p.Value.In == openapi3.ParameterInPath {
			pathParams[p.Value.Name] = r.PathValue(p.Value.Name)
		}
	}
	err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: pathParams, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, // the signature was checked before
			// Defaults would be written into the body, and what was signed must stay as it is.
			SkipSettingDefaults: true,
		},
	})
	if err == nil {
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
