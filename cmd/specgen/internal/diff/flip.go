package diff

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/flatten/commonparams"
)

// Paths of the copy that oasdiff compares. No URL path has a blank.
const (
	notificationPath    = "/ notification/"
	resourcePath        = "/ resource/"
	acknowledgementPath = "/ acknowledgement/"
)

const resourcesKey = "x-wechatpay-resources"

// flip takes the notifications out of a contract and puts them back the other
// way round. OpenAPI describes a callback as a request, and oasdiff judges it
// as one to the server. But WeChat Pay sends it: a new enum value harms those
// who receive it, and a newly required field harms nobody. So a notification
// becomes the answer of an operation, the resource that is encrypted in it
// becomes another one, and the acknowledgement becomes a request.
//
// The schemas stay the same objects, so that their lines are still known.
func flip(c *contract) {
	spec := c.spec
	commonparams.Move(spec)
	add := func(callbacks openapi3.Callbacks) {
		for name, ref := range callbacks {
			if ref == nil || ref.Value == nil {
				continue
			}
			for _, item := range ref.Value.Map() {
				for _, op := range item.Operations() {
					id := op.OperationID
					if id == "" {
						id = name
					}
					addNotification(spec, id, op, slices.Concat(op.Parameters, item.Parameters))
				}
			}
		}
	}
	var sources []openapi3.Callbacks
	sources = append(sources, spec.Components.Callbacks)
	for _, item := range spec.Paths.Map() {
		for _, op := range item.Operations() {
			sources = append(sources, op.Callbacks)
			op.Callbacks = nil
		}
	}
	spec.Components.Callbacks = nil
	for _, s := range sources {
		add(s)
	}
	// A schema that only an extension refers to.
	for _, n := range c.notifications() {
		for event, schema := range entries(get(n.node, resourcesKey)) {
			ref := spec.Components.Schemas[schemaName(text(schema, "$ref"))]
			if ref == nil {
				continue
			}
			spec.Paths.Set(resourcePath+n.id+" "+event.Value, &openapi3.PathItem{Get: &openapi3.Operation{
				OperationID: n.id + " " + event.Value,
				Origin:      ref.Value.Origin, Security: noSecurity(),
				Responses: openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: &openapi3.Response{
					Content: openapi3.Content{"application/json": {Schema: &openapi3.SchemaRef{Ref: text(schema, "$ref"), Value: ref.Value}}},
				}})),
			}})
		}
	}
	forgetLifecycle(spec)
}

func addNotification(spec *openapi3.T, id string, op *openapi3.Operation, parameters openapi3.Parameters) {
	payload := &openapi3.Response{Headers: openapi3.Headers{}}
	if op.RequestBody != nil && op.RequestBody.Value != nil {
		payload.Content = op.RequestBody.Value.Content
	}
	for _, p := range parameters {
		if p.Value != nil {
			payload.Headers[p.Value.Name] = &openapi3.HeaderRef{Value: &openapi3.Header{Parameter: *p.Value}}
		}
	}
	spec.Paths.Set(notificationPath+id, &openapi3.PathItem{Get: &openapi3.Operation{
		OperationID: id, Origin: op.Origin, Security: noSecurity(),
		Responses: openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: payload})),
	}})
	for status, answer := range op.Responses.Map() {
		if answer == nil || answer.Value == nil {
			continue
		}
		ack := &openapi3.Operation{OperationID: id, Origin: op.Origin, Responses: openapi3.NewResponses(), Security: noSecurity()}
		if len(answer.Value.Content) > 0 {
			ack.RequestBody = &openapi3.RequestBodyRef{Value: &openapi3.RequestBody{
				Required: true, Content: answer.Value.Content, Origin: answer.Value.Origin,
			}}
		}
		for name, h := range answer.Value.Headers {
			if h.Value == nil {
				continue
			}
			p := h.Value.Parameter
			p.Name, p.In = name, openapi3.ParameterInHeader
			ack.Parameters = append(ack.Parameters, &openapi3.ParameterRef{Value: &p})
		}
		spec.Paths.Set(acknowledgementPath+id+" "+status, &openapi3.PathItem{Post: ack})
	}
}

// noSecurity keeps the scheme of the calls away from the notifications.
func noSecurity() *openapi3.SecurityRequirements { return openapi3.NewSecurityRequirements() }

// forgetLifecycle keeps oasdiff from forgiving the removal of what was
// deprecated or marked as unstable: its users break all the same.
func forgetLifecycle(spec *openapi3.T) {
	forget := func(extensions map[string]any) {
		delete(extensions, "x-sunset")
		delete(extensions, "x-stability-level")
	}
	_ = spec.WalkSchemas(func(_ string, s *openapi3.SchemaRef) error {
		if s.Value != nil {
			s.Value.Deprecated = false
			forget(s.Value.Extensions)
		}
		return nil
	})
	for _, item := range spec.Paths.Map() {
		forget(item.Extensions)
		for _, op := range item.Operations() {
			op.Deprecated = false
			forget(op.Extensions)
			for _, p := range op.Parameters {
				if p.Value != nil {
					p.Value.Deprecated = false
					forget(p.Value.Extensions)
				}
			}
		}
	}
}

// A traffic says who sends what oasdiff found a change in.
type traffic struct {
	kind string // "", "notification", "resource" or "acknowledgement"
	name string // of the operation
}

func trafficOf(path, method, id string) traffic {
	for kind, prefix := range map[string]string{
		"notification": notificationPath, "resource": resourcePath, "acknowledgement": acknowledgementPath,
	} {
		if name, ok := strings.CutPrefix(path, prefix); ok {
			return traffic{kind, name}
		}
	}
	if id == "" {
		id = method + " " + path
	}
	return traffic{"", id}
}
