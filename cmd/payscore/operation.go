package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// operationReport is what --json prints of an operation.
type operationReport struct {
	operationRef
	Summary string          `json:"summary"`
	Again   *againReport    `json:"sent_again,omitempty"` // nil when nothing is known
	Codes   []refusalReport `json:"codes"`
	Numbers []refusalReport `json:"numbers"`
}

// againReport says what becomes of the operation when it is sent again.
type againReport struct {
	Same   catalog.Same  `json:"same_parameters"`
	Other  catalog.Other `json:"other_parameters"`
	Remedy translation   `json:"remedy"`
}

// refusalReport is an error that an operation documents.
type refusalReport struct {
	Number  int64         `json:"number,omitempty"`
	Code    string        `json:"code,omitempty"`
	Status  int           `json:"status,omitempty"`
	Message string        `json:"message,omitempty"`
	Meaning translation   `json:"meaning"`
	Retry   catalog.Retry `json:"retry"`
}

// operationsNamed returns the operations that a word names: an operationId, a
// method of the Go client, or a path, with or without the HTTP method before it.
func operationsNamed(arg string) []catalog.Operation {
	if method, target, found := strings.Cut(arg, " "); found {
		return operationsAt(strings.ToUpper(method), strings.TrimSpace(target))
	}
	if strings.Contains(arg, "/") {
		return operationsAt("", arg)
	}
	name := strings.TrimSuffix(arg[strings.LastIndexByte(arg, '.')+1:], "()") // client.ModifyServiceOrder()
	for _, op := range catalog.Operations() {
		if strings.EqualFold(op.ID, name) {
			return []catalog.Operation{op}
		}
	}
	return nil
}

// operationsAt returns those with a path. An empty method stands for any.
func operationsAt(method, target string) []catalog.Operation {
	path := target
	if u, err := url.Parse(target); err == nil {
		path = u.EscapedPath()
		if strings.Contains(target, "{") {
			path = u.Path
		}
	}
	var found []catalog.Operation
	most := 0
	for _, op := range catalog.Operations() {
		literal, matches := matchPath(op.Path, strings.TrimSuffix(path, "/"))
		if !matches || method != "" && op.Method != method || literal < most {
			continue
		}
		if literal > most { // permissions/search is not permissions/{authorization_code}
			found, most = nil, literal
		}
		found = append(found, op)
	}
	return found
}

// matchPath compares a path with that of an operation, and counts the parts that
// are no parameters.
func matchPath(template, path string) (literal int, matches bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i, part := range want {
		switch {
		case part == got[i] && !strings.HasPrefix(part, "{"):
			literal++
		case !strings.HasPrefix(part, "{") || got[i] == "":
			return 0, false
		}
	}
	return literal, true
}

// resembling lists a few operations that have a word in their names, for an error.
func resembling(word string) string {
	const few = 3
	var names []string
	for _, op := range catalog.Operations() {
		if len(word) > 2 && strings.Contains(strings.ToLower(op.ID), strings.ToLower(word)) {
			names = append(names, op.ID)
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case len(names) > few:
		return fmt.Sprintf("; %d operations have it in their names, such as %s", len(names), names[0])
	}
	return "; did you mean " + strings.Join(names, ", ") + "?"
}

// describe adds what the contract says of an operation.
func describe(op catalog.Operation) (operationReport, error) {
	doc, err := contract()
	if err != nil {
		return operationReport{}, err
	}
	r := operationReport{operationRef: operationRef(op), Codes: []refusalReport{}, Numbers: []refusalReport{}}
	if item := doc.Paths.Value(op.Path); item != nil {
		if o := item.GetOperation(op.Method); o != nil {
			r.Summary = o.Summary
		}
	}
	if again, known := catalog.ReentryOf(op.ID); known {
		r.Again = &againReport{again.Same, again.Other, translation{again.Remedy.EN, again.Remedy.ZH}}
	}
	documents := func(code string, number int64) bool {
		for _, other := range catalog.OperationsOf(code, number) {
			if other.ID == op.ID {
				return true
			}
		}
		return false
	}
	for _, c := range catalog.Codes() {
		if documents(c.Code, 0) {
			r.Codes = append(r.Codes, refusalReport{Code: c.Code, Status: c.Status, Meaning: translation{c.Meaning.EN, c.Meaning.ZH}, Retry: c.Retry})
		}
	}
	for _, n := range catalog.Numbers() {
		if documents(n.Code, n.Number) {
			r.Numbers = append(r.Numbers, refusalReport{Number: n.Number, Code: n.Code, Message: n.Message, Meaning: translation{n.Meaning.EN, n.Meaning.ZH}, Retry: n.Retry})
		}
	}
	return r, nil
}

// operations explains operations, of which a path may have several.
func (s *streams) operations(found []catalog.Operation) error {
	reports := make([]operationReport, len(found))
	for i, op := range found {
		var err error
		if reports[i], err = describe(op); err != nil {
			return err
		}
	}
	if s.json {
		return s.object(map[string]any{"operations": reports})
	}
	for i, r := range reports {
		if i > 0 {
			s.printf("\n")
		}
		s.operation(r)
	}
	return nil
}

func (s *streams) operation(r operationReport) {
	s.section(r.ID)
	s.row("summary", "%s", r.Summary)
	s.row("request", "%s %s", r.Method, r.Path)
	if r.Page != "" {
		s.row("page", "%s", r.Page)
	}
	s.row("in Go", "Client.%s", strings.ToUpper(r.ID[:1])+r.ID[1:])
	if r.Again != nil {
		s.row("sent again", "%s", r.Again.Same)
		s.prose("", r.Again.Remedy.EN)
		s.prose("", r.Again.Remedy.ZH)
	}
	s.refusals("Codes that it documents 错误码", r.Codes)
	s.refusals("Numbers that it documents 错误编号", r.Numbers)
	if len(r.Codes)+len(r.Numbers) > 0 {
		s.printf("\npayscore explain CODE or NUMBER says what to do about one.\n")
	}
}

func (s *streams) refusals(title string, list []refusalReport) {
	if len(list) == 0 {
		return
	}
	s.printf("\n")
	s.section(title)
	for _, r := range list {
		if r.Number != 0 {
			s.printf("  %d %s\n", r.Number, r.Code)
		} else {
			s.printf("  %d %s\n", r.Status, r.Code)
		}
		for _, text := range []string{r.Meaning.EN, r.Meaning.ZH} {
			for _, line := range wrap(text, 76) {
				s.printf("    %s\n", line)
			}
		}
	}
}
