// Package catalog makes package catalog of gen/: the error codes and numbers,
// the types of notifications and the stages of an order, as the x-wechatpay
// extensions of the contract state them, which operation documents which error,
// and what becomes of an operation that is sent again. It also writes the names of the
// event types for package notify, and for gen/payscore what each of them carries.
package catalog

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"go/format"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/output"
)

var (
	//go:embed catalog.go.tmpl
	source string
	//go:embed example_test.go.tmpl
	examples string
	//go:embed notification.go.tmpl
	notifications string
	//go:embed eventtypes.go.tmpl
	eventTypes string
)

// Files gives the files of gen/catalog, and those that depend on its events.
func Files(d *contract.Document) ([]output.File, error) {
	t, err := read(d)
	if err != nil {
		return nil, err
	}
	var out []output.File
	for _, f := range []struct{ name, text string }{
		{"gen/catalog/catalog.gen.go", source}, {"gen/catalog/example_test.go", examples},
		{"gen/payscore/notification.gen.go", notifications}, {"notify/eventtypes.gen.go", eventTypes},
	} {
		data, err := render(f.name, f.text, t)
		if err != nil {
			return nil, err
		}
		out = append(out, output.File{Name: f.name, Data: data})
	}
	return out, nil
}

// tables is what the templates show.
type tables struct {
	Codes      []contract.ErrorCode
	Numbers    []number
	Events     []event
	Stages     []stage
	Operations []operation // that the stage of an order allows or refuses
	All        []documented
	Reentries  []reentry // of the operations that change something
}

type reentry struct {
	ID string
	*contract.Reentry
}

type stage struct {
	contract.Stage
	Const string // the name of its constant
}

type number struct {
	contract.ErrorNumber
	Const string
}

type event struct {
	contract.Event
	Name string // of its constant, without the prefix Event
}

type operation struct {
	ID       string
	Moves    []move // from each stage in which it is allowed
	Refusals []refusal
}

// move has the constants of stages, and "" where the contract names none.
type move struct{ From, To, ToAtZero string }

type refusal struct {
	From string // a constant
	contract.Refusal
}

// documented is an operation with the errors that it documents.
type documented struct {
	ID, Method, Path, Page string
	Codes                  []string
	Numbers                []int64
}

func read(d *contract.Document) (*tables, error) {
	var t tables
	var err error
	if t.Codes, err = d.ErrorCodes(); err != nil {
		return nil, err
	}
	slices.SortFunc(t.Codes, func(a, b contract.ErrorCode) int { return strings.Compare(a.Code, b.Code) })
	if t.Numbers, err = numbers(d); err != nil {
		return nil, err
	}
	if t.Events, err = events(d); err != nil {
		return nil, err
	}
	stages, err := d.Stages()
	if err != nil {
		return nil, err
	}
	byName := map[string]stage{}
	for _, s := range stages {
		c := stage{s, "Stage" + camel(s.Name)}
		for _, other := range t.Stages {
			if other.Const == c.Const || other.State == c.State && other.StateDescription == c.StateDescription && other.CollectionState == c.CollectionState {
				key, _ := contract.Lookup(contract.Get(d.Root, contract.StagesKey), s.Name)
				return nil, d.Errorf(key, "%s.%s cannot be told from %s; give it another name or other fields", contract.StagesKey, s.Name, other.Name)
			}
		}
		byName[s.Name] = c
		t.Stages = append(t.Stages, c)
	}
	for _, op := range d.Operations() {
		doc := documented{ID: op.ID, Method: strings.ToUpper(op.Method), Path: op.Path, Page: contract.String(contract.Get(op.Node, "externalDocs"), "url")}
		if doc.Codes, doc.Numbers, err = d.ErrorsOf(op); err != nil {
			return nil, err
		}
		t.All = append(t.All, doc)
		again, err := d.Reentry(op)
		if err != nil {
			return nil, err
		}
		if again != nil {
			t.Reentries = append(t.Reentries, reentry{op.ID, again})
		}
		table, err := d.StageTable(op)
		if err != nil {
			return nil, err
		}
		if table == nil {
			continue
		}
		for _, name := range append([]string{table.Becomes, table.BecomesAtZero}, table.Allowed...) {
			if _, known := byName[name]; !known && name != "" {
				return nil, d.Errorf(op.Key, "%s names the stage %q, which the document does not declare", op.ID, name)
			}
		}
		o := operation{ID: op.ID}
		for _, name := range table.Allowed {
			o.Moves = append(o.Moves, move{byName[name].Const, byName[table.Becomes].Const, byName[table.BecomesAtZero].Const})
		}
		for _, s := range t.Stages {
			if r, refused := table.Refusals[s.Name]; refused {
				o.Refusals = append(o.Refusals, refusal{s.Const, r})
			}
		}
		if len(o.Moves)+len(o.Refusals) > 0 {
			t.Operations = append(t.Operations, o)
		}
	}
	slices.SortFunc(t.All, func(a, b documented) int { return strings.Compare(a.ID, b.ID) })
	return &t, nil
}

func numbers(d *contract.Document) ([]number, error) {
	all, err := d.ErrorNumbers()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b contract.ErrorNumber) int { return cmp.Compare(a.Number, b.Number) })
	var out []number
	for _, n := range all {
		c := "Number" + camel(n.Name)
		key, _ := contract.Lookup(contract.Get(d.Root, contract.ErrorNumbersKey), strconv.FormatInt(n.Number, 10))
		if n.Name == "" {
			return nil, d.Errorf(key, "%s.%d has no name", contract.ErrorNumbersKey, n.Number)
		}
		if slices.ContainsFunc(out, func(other number) bool { return other.Const == c }) {
			return nil, d.Errorf(key, "%s.%d has the name of another number: %s", contract.ErrorNumbersKey, n.Number, n.Name)
		}
		out = append(out, number{n, c})
	}
	return out, nil
}

// events names each event after its type. The product's own prefix is left out.
func events(d *contract.Document) ([]event, error) {
	all, err := d.Events()
	if err != nil {
		return nil, err
	}
	var out []event
	for _, e := range all {
		name := camel(strings.ReplaceAll(strings.TrimPrefix(e.Type, "PAYSCORE."), ".", "_"))
		if slices.ContainsFunc(out, func(other event) bool { return other.Name == name }) {
			return nil, d.Errorf(e.Key, "%s.%s has the name %s, as another event", contract.ResourcesKey, e.Type, name)
		}
		out = append(out, event{e, name})
	}
	return out, nil
}

// Resources gives the schemas that events carry, each with its events.
func (t *tables) Resources() []resource {
	var out []resource
	for _, e := range t.Events {
		i := slices.IndexFunc(out, func(r resource) bool { return r.Schema == e.Schema })
		if i < 0 {
			i, out = len(out), append(out, resource{Schema: e.Schema})
		}
		out[i].Events = append(out[i].Events, e)
	}
	return out
}

type resource struct {
	Schema string
	Events []event
}

// Allowed gives an operation that some stage allows, for the example, or nil.
func (t *tables) Allowed() *operation {
	for i, o := range t.Operations {
		if len(o.Moves) > 0 {
			return &t.Operations[i]
		}
	}
	return nil
}

// BySpecificity gives the stages with those first that more fields tell, so
// that the first match is the right one.
func (t *tables) BySpecificity() []stage {
	out := slices.Clone(t.Stages)
	slices.SortStableFunc(out, func(a, b stage) int { return b.fields() - a.fields() })
	return out
}

func (s stage) fields() int {
	n := 0
	for _, v := range []string{s.StateDescription, s.CollectionState} {
		if v != "" {
			n++
		}
	}
	return n
}

// Documented is an operation with an error, for the example: the first that
// has one. It is nil when there is none.
func (t *tables) Documented() *example {
	for _, o := range t.All {
		if len(o.Codes) > 0 {
			return &example{o, o.Codes[0]}
		}
	}
	return nil
}

type example struct {
	documented
	Code string
}

// Condition is what StageOf compares.
func (s stage) Condition() string {
	out := "state == " + strconv.Quote(s.State)
	if s.StateDescription != "" {
		out += " && stateDescription == " + strconv.Quote(s.StateDescription)
	}
	if s.CollectionState != "" {
		out += " && collectionState == " + strconv.Quote(s.CollectionState)
	}
	return out
}

// Fields says in words what tells the stage.
func (s stage) Fields() string {
	out := "state " + s.State
	if s.StateDescription != "" {
		out += ", state_description " + s.StateDescription
	}
	if s.CollectionState != "" {
		out += ", collection.state " + s.CollectionState
	}
	return out
}

// camel makes UserPaying of USER_PAYING.
func camel(name string) string {
	var out strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if word != "" {
			out.WriteString(strings.ToUpper(word[:1]) + strings.ToLower(word[1:]))
		}
	}
	return out.String()
}

var (
	sameConst  = map[string]string{"same-answer": "SameAnswer", "refused": "SameRefused", "unknown": "SameUnknown"}
	otherConst = map[string]string{"refused": "OtherRefused", "another-operation": "OtherOperation", "unknown": "OtherUnknown"}
)

var retryConst = map[string]string{
	"never": "RetryNever", "same-parameters": "RetrySameParameters", "after-query": "RetryAfterQuery", "later": "RetryLater",
}

func render(name, text string, t *tables) ([]byte, error) {
	tmpl, err := template.New(name).Funcs(template.FuncMap{
		"quote": strconv.Quote, // leaves Chinese readable
		"camel": camel,
		"title": func(id string) string { return strings.ToUpper(id[:1]) + id[1:] },
		"retry": func(r string) string { return retryConst[r] },
		"stageName": func(c string) string {
			i := slices.IndexFunc(t.Stages, func(s stage) bool { return s.Const == c })
			return t.Stages[i].Name
		},
		"same":  func(s string) string { return sameConst[s] },
		"other": func(o string) string { return otherConst[o] },
		"text": func(t contract.Text) string {
			return fmt.Sprintf("Text{ZH: %s, EN: %s}", strconv.Quote(t.ZH), strconv.Quote(t.EN))
		},
		"comment": func(s string) string { return wrap(s, 74) },
	}).Parse(text)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, t); err != nil {
		return nil, err
	}
	data, err := format.Source(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s: what was made is not Go: %w", name, err)
	}
	return data, nil
}

// wrap makes a comment of lines that are not longer than width.
func wrap(s string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return strings.Join(append(lines, line), "\n\t// ")
}
