package contract

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Text is one statement in both languages.
type Text struct{ ZH, EN string }

// An ErrorCode is one entry of [ErrorsKey].
type ErrorCode struct {
	Code    string
	Status  int
	Meaning Text
	Remedy  Text
	Retry   string
	// Unsigned is where it was read that the refusal comes without a signature.
	Unsigned []Source
}

// An ErrorNumber is one entry of [ErrorNumbersKey]. The code may be absent.
type ErrorNumber struct {
	Number  int64
	Name    string // like TOO_FREQUENT
	Code    string
	Message string
	Meaning Text
	Remedy  Text
	Retry   string
}

// A Stage is one entry of [StagesKey] at the root.
type Stage struct {
	Name                                     string
	Title, Description                       string
	State, StateDescription, CollectionState string
	Final                                    bool
}

// A StageTable is what an operation says about the stages of an order.
type StageTable struct {
	Creates, Allowed []string
	// Becomes is the stage after the operation, and BecomesAtZero that after one
	// of 0 fen. "" leaves the stage as it is.
	Becomes, BecomesAtZero string
	Refusals               map[string]Refusal
}

// A Refusal is the answer to a call that the stage of the order does not allow.
type Refusal struct {
	Status, Number int64
	Code, Message  string
}

// An Event is one entry of [ResourcesKey], with what the example of its name says of the envelope.
type Event struct {
	Type, Schema                          string
	Summary, OriginalType, AssociatedData string
	Key                                   *yaml.Node
}

// Events gives the types of notifications in the order of the file.
func (d *Document) Events() ([]Event, error) {
	var out []Event
	for _, op := range d.CallbackOperations() {
		var examples *yaml.Node
		for _, media := range Entries(Get(d.Resolve(Get(op.Node, "requestBody")), "content")) {
			examples = Get(media, "examples")
		}
		for key, resource := range Entries(Get(op.Node, ResourcesKey)) {
			schema, ok := strings.CutPrefix(String(resource, "$ref"), "#/components/schemas/")
			if !ok {
				return nil, d.Errorf(key, "%s.%s refers to no schema of this file", ResourcesKey, key.Value)
			}
			envelope := Get(d.Resolve(Get(examples, key.Value)), "value")
			inner := Get(envelope, "resource")
			out = append(out, Event{
				Type: key.Value, Schema: schema, Key: key,
				Summary: String(envelope, "summary"), OriginalType: String(inner, "original_type"), AssociatedData: String(inner, "associated_data"),
			})
		}
	}
	return out, nil
}

// ErrorCodes gives the error codes in the order of the file.
func (d *Document) ErrorCodes() ([]ErrorCode, error) {
	var out []ErrorCode
	err := d.each(ErrorsKey, func(key, v *yaml.Node) error {
		status, err := strconv.Atoi(String(v, "status"))
		if err != nil {
			return d.Errorf(key, "%s.%s has no status", ErrorsKey, key.Value)
		}
		retry, err := d.retry(ErrorsKey, key, v)
		out = append(out, ErrorCode{key.Value, status, meaning(v), remedy(v), retry, sources(Get(v, "unsigned"))})
		return err
	})
	return out, err
}

// ErrorNumbers gives the numbers at the end of Request-ID in the order of the file.
func (d *Document) ErrorNumbers() ([]ErrorNumber, error) {
	var out []ErrorNumber
	err := d.each(ErrorNumbersKey, func(key, v *yaml.Node) error {
		n, err := strconv.ParseInt(key.Value, 10, 64)
		if err != nil {
			return d.Errorf(key, "%s.%s is not a number", ErrorNumbersKey, key.Value)
		}
		retry, err := d.retry(ErrorNumbersKey, key, v)
		out = append(out, ErrorNumber{n, String(v, "name"), String(v, "code"), String(v, "message"), meaning(v), remedy(v), retry})
		return err
	})
	return out, err
}

// Stages gives the stages of an order in the order of the file.
func (d *Document) Stages() ([]Stage, error) {
	var out []Stage
	err := d.each(StagesKey, func(key, v *yaml.Node) error {
		s := Stage{
			Name: key.Value, Title: String(v, "title"), Description: OneLine(String(v, "description")),
			State: String(v, "state"), StateDescription: String(v, "state_description"), CollectionState: String(v, "collection_state"),
			Final: String(v, "final") == "true",
		}
		if s.State == "" {
			return d.Errorf(key, "%s.%s has no state", StagesKey, key.Value)
		}
		out = append(out, s)
		return nil
	})
	return out, err
}

// StageTable gives what an operation says about the stages, or nil.
func (d *Document) StageTable(op Operation) (*StageTable, error) {
	key, v := Lookup(op.Node, StagesKey)
	if key == nil {
		return nil, nil
	}
	if !IsMapping(v) {
		return nil, d.Errorf(key, "%s is not a mapping", StagesKey)
	}
	t := &StageTable{
		Creates: values(Get(v, "creates")), Allowed: values(Get(v, "allowed")),
		Becomes: String(v, "becomes"), BecomesAtZero: String(v, "becomes_at_zero"), Refusals: map[string]Refusal{},
	}
	for stage, r := range Entries(Get(v, "refusals")) {
		status, err := strconv.ParseInt(String(r, "status"), 10, 64)
		if err != nil {
			return nil, d.Errorf(stage, "%s.refusals.%s has no status", StagesKey, stage.Value)
		}
		number, _ := strconv.ParseInt(String(r, "number"), 10, 64)
		t.Refusals[stage.Value] = Refusal{status, number, String(r, "code"), String(r, "message")}
	}
	return t, nil
}

// numberInText is how a summary or description tells an error number.
var numberInText = regexp.MustCompile(`\bnumber (\d+)\b`)

// ErrorsOf gives the error codes and numbers that an operation documents, in
// its examples, its description, what its stages refuse and what its re-entry
// does, each once, sorted.
func (d *Document) ErrorsOf(op Operation) (codes []string, numbers []int64, err error) {
	tell := func(code string, texts ...string) {
		if code != "" {
			codes = append(codes, code)
		}
		for _, text := range texts {
			for _, m := range numberInText.FindAllStringSubmatch(OneLine(text), -1) {
				if n, err := strconv.ParseInt(m[1], 10, 64); err == nil {
					numbers = append(numbers, n)
				}
			}
		}
	}
	tell("", String(op.Node, "description"))
	for _, response := range Entries(Get(op.Node, "responses")) {
		for _, media := range Entries(Get(d.Resolve(response), "content")) {
			for _, example := range Entries(Get(media, "examples")) {
				e := d.Resolve(example)
				if code := String(Get(e, "value"), "code"); code != "" {
					tell(code, String(e, "summary"))
				}
			}
		}
	}
	table, err := d.StageTable(op)
	if err != nil {
		return nil, nil, err
	}
	if table != nil {
		for _, r := range table.Refusals {
			tell(r.Code)
			if r.Number != 0 {
				numbers = append(numbers, r.Number)
			}
		}
	}
	reentry, err := d.Reentry(op)
	if err != nil {
		return nil, nil, err
	}
	if reentry != nil && reentry.Refusal != nil {
		tell(reentry.Refusal.Code)
		if n := reentry.Refusal.Number; n != 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(codes)
	slices.Sort(numbers)
	return slices.Compact(codes), slices.Compact(numbers), nil
}

func (d *Document) each(extension string, do func(key, value *yaml.Node) error) error {
	key, table := Lookup(d.Root, extension)
	if key == nil {
		return nil
	}
	if !IsMapping(table) {
		return d.Errorf(key, "%s is not a mapping", extension)
	}
	for k, v := range Entries(table) {
		if !IsMapping(v) {
			return d.Errorf(k, "%s.%s is not a mapping", extension, k.Value)
		}
		if err := do(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) retry(extension string, key, v *yaml.Node) (string, error) {
	retry := String(v, "retry")
	if !slices.Contains(Retries, retry) {
		return "", d.Errorf(key, "%s.%s.retry is %q; use one of %q", extension, key.Value, retry, Retries)
	}
	return retry, nil
}

func meaning(v *yaml.Node) Text {
	return Text{String(v, "title"), OneLine(String(v, "description"))}
}

func remedy(v *yaml.Node) Text {
	r := Get(v, "remedy")
	return Text{OneLine(String(r, "zh")), OneLine(String(r, "en"))}
}

func values(list *yaml.Node) []string {
	var out []string
	for _, n := range Items(list) {
		if n != nil {
			out = append(out, n.Value)
		}
	}
	return out
}
