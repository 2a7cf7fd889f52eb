package lint

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

var (
	schemaName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	memberName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	enumValue  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	headerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
)

// folded is what is left of a name in every language's way to write it.
func folded(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(name))
}

// A scope is a set of names that are written into one place of generated code.
type scope map[string]string

// add gives what has the name already, or "".
func (s scope) add(name, what string) string {
	name = folded(name)
	if other, taken := s[name]; taken {
		return other
	}
	s[name] = what
	return ""
}

func scopeOf(what, names string) scope {
	s := scope{}
	for _, name := range strings.Fields(names) {
		s.add(name, what)
	}
	return s
}

// clientNames are those that the packages payscore and payscoreserver, and the
// plain output of oapi-codegen, have for themselves.
const clientNames = `Client ClientOption ClientInterface ClientWithResponses ClientWithResponsesInterface New NewClient
	NewClientWithResponses RequestEditorFn HttpRequestDoer WithHTTPClient WithBaseURL WithRequestEditorFn WithoutLimitChecks
	WithoutLimitChecksOf Unmarshal UnmarshalNotification DefaultServer BackupServer OverseasServer ServerInterface ServerInterfaceWrapper MiddlewareFunc Handler HandlerFromMux
	HandlerFromMuxWithBaseURL HandlerWithOptions ServeMux StdHTTPServerOptions StrictServerInterface StrictHandlerFunc
	StrictMiddlewareFunc StrictHTTPServerOptions NewStrictHandler NewStrictHandlerWithOptions RequiredParamError
	RequiredHeaderError InvalidParamFormatError TooManyValuesForParamError UnescapedCookieParamError UnmarshalingParamError`

// generatedNames exists because the generator makes identifiers of names, and
// two that become one do not compile.
func generatedNames(d *document, report reporter) {
	names := scopeOf("a declaration of the client", clientNames)
	for _, o := range d.all(contract.KindOperation) {
		id := o.text("operationId")
		for _, name := range []string{id + "Params", id + "Response", id + "JSONBody", id + "JSONRequestBody", "New" + id + "Request",
			"New" + id + "RequestWithBody", id + "RequestObject", id + "ResponseObject"} {
			names.add(name, "what is generated for "+id)
		}
	}
	for _, o := range d.objects {
		if o.under(contract.KindComponents, "responses") {
			for _, name := range []string{o.name + "Response", o.name + "ResponseHeaders", o.name + "JSONResponse"} {
				names.add(name, "what is generated for "+o.at())
			}
		}
	}
	for _, o := range d.objects {
		if !o.under(contract.KindComponents, "schemas") {
			continue
		}
		if !schemaName.MatchString(o.name) {
			report(o.line, "%s is no name for a type; write it like ServiceOrder", o.at())
		} else if other := names.add(o.name, o.at()); other != "" {
			report(o.line, "%s has the name of %s in generated code; rename it", o.at(), other)
		}
	}
	for _, o := range d.all(contract.KindSchema) {
		members := scopeOf("a method of the type", "Validate MarshalJSON")
		for _, p := range o.in("properties") {
			checkName(p, p.name, p.line, memberName, members, report)
		}
		checkEnumNames(o, names, report)
	}
	parameterNames(d, report)
}

func checkName(o *object, name string, line int, like *regexp.Regexp, s scope, report reporter) {
	if !like.MatchString(name) {
		report(line, "%s has the name %q, of which no identifier can be made; it is like %s", o.at(), name, like)
	} else if other := s.add(name, o.at()); other != "" {
		report(line, "%s has the name of %s in generated code; rename it", o.at(), other)
	}
}

// checkEnumNames looks at the constants, which bear the name of their type.
func checkEnumNames(o *object, names scope, report reporter) {
	values := contract.Items(contract.Get(o.node, "enum"))
	if len(values) == 0 || roleOf(o) == nil {
		return
	}
	typeName := enumType(o)
	if !o.under(contract.KindComponents, "schemas") {
		if other := names.add(typeName, o.at()); other != "" {
			report(o.line, "%s is generated as %s, which is %s; name the enum under components.schemas", o.at(), typeName, other)
		}
	}
	for i, v := range values {
		if v == nil {
			continue
		}
		at := fmt.Sprintf("%s.enum[%d]", o.at(), i)
		if !enumValue.MatchString(v.Value) {
			report(v.Line, "%s is %q, of which no identifier can be made; it is like %s", at, v.Value, enumValue)
		} else if other := names.add(typeName+v.Value, at); other != "" {
			report(v.Line, "%s has the name of %s in generated code; let more than case and marks tell them apart", at, other)
		}
	}
}

// enumType gives the name of the type that an enum becomes: its component's, or
// those of all that it stands in.
func enumType(o *object) string {
	var name string
	for ; o != nil && o.kind == contract.KindSchema; o = o.parent {
		switch o.field {
		case "items":
			name = "Item" + name
		default:
			name = o.name + name
		}
	}
	if o != nil && o.kind == contract.KindParameter {
		name = o.text("name") + name
		if o.parent != nil {
			name = o.parent.text("operationId") + "Params" + name
		}
	}
	return name
}

// variables are the names in the body of a generated method, of the client or
// of the handlers, and of the packages that it uses. A path parameter is one of
// its arguments.
const variables = `c ctx params body editors limits info target err answer list item i any bool byte error false float64 int int64
	len nil new rune string true append apierror call cmp context errors fmt http json limit parameter same strings time url
	r w siw sh request response handler middleware next ok headers found n runtime characters exceptions`

func parameterNames(d *document, report reporter) {
	for _, item := range d.all(contract.KindPathItem) {
		if item.within(contract.KindCallback) {
			continue
		}
		for _, op := range item.children {
			if op.kind != contract.KindOperation {
				continue
			}
			arguments := scopeOf("a variable or a package", variables)
			fields := scopeOf("a method of the type", "Validate")
			for _, o := range append(item.in("parameters"), op.in("parameters")...) {
				p := d.resolve(o)
				if p == nil {
					continue
				}
				switch name := p.text("name"); p.text("in") {
				case "path":
					checkName(o, name, p.lineOf("name"), memberName, arguments, report)
				case "header":
					checkName(o, name, p.lineOf("name"), headerName, fields, report)
				case "query":
					checkName(o, name, p.lineOf("name"), memberName, fields, report)
				}
			}
		}
	}
}
