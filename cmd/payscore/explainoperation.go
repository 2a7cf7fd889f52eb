package main

import (
	"strconv"
	"strings"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// operationReport is the output of --json for an operation.
type operationReport struct {
	operationRef
	Codes   []codeRef      `json:"codes"`
	Numbers []numberRef    `json:"numbers"`
	Reentry *reentryAnswer `json:"reentry,omitempty"`
}

type codeRef struct {
	Code    string      `json:"code"`
	Meaning translation `json:"meaning"`
}

type numberRef struct {
	Number  int64  `json:"number"`
	Message string `json:"message"`
}

// reentryAnswer says what the same request comes to when it is sent again.
type reentryAnswer struct {
	Same   string      `json:"same_parameters"`
	Other  string      `json:"other_parameters,omitempty"`
	Remedy translation `json:"remedy"`
}

// operationOf finds an operation by its id, as the Go method or by its path.
func operationOf(arg string) (catalog.Operation, bool) {
	arg = strings.TrimSpace(arg)
	method, path, both := strings.Cut(arg, " ")
	for _, op := range catalog.Operations() {
		if strings.EqualFold(op.ID, arg) || op.Path == arg || both && strings.EqualFold(op.Method, method) && op.Path == strings.TrimSpace(path) {
			return op, true
		}
	}
	return catalog.Operation{}, false
}

// operation prints what the catalogue knows of an operation.
func (s *streams) operation(op catalog.Operation) error {
	r := operationReport{operationRef: operationRef(op), Codes: []codeRef{}, Numbers: []numberRef{}}
	for _, c := range catalog.Codes() {
		if documents(op, c.Code, 0) {
			r.Codes = append(r.Codes, codeRef{c.Code, translation{c.Meaning.EN, c.Meaning.ZH}})
		}
	}
	for _, n := range catalog.Numbers() {
		if documents(op, "", n.Number) {
			r.Numbers = append(r.Numbers, numberRef{n.Number, n.Message})
		}
	}
	if again, known := catalog.ReentryOf(op.ID); known {
		r.Reentry = &reentryAnswer{string(again.Same), string(again.Other), translation{again.Remedy.EN, again.Remedy.ZH}}
	}
	if s.json {
		return s.object(r)
	}
	s.section(op.ID)
	s.row("request", "%s %s", op.Method, op.Path)
	if op.Page != "" {
		s.row("page", "%s", op.Page)
	}
	if r.Reentry != nil {
		s.row("sent again", "%s", r.Reentry.Same)
		s.prose("", r.Reentry.Remedy.EN)
		s.prose("", r.Reentry.Remedy.ZH)
	}
	if len(r.Codes) > 0 {
		s.printf("\n")
		s.section("Refusals 错误码 (payscore explain CODE)")
		for _, c := range r.Codes {
			s.printf("  %s\n", c.Code)
			for _, line := range append(wrap(c.Meaning.EN, 76), wrap(c.Meaning.ZH, 76)...) {
				s.printf("    %s\n", line)
			}
		}
	}
	if len(r.Numbers) > 0 {
		s.printf("\n")
		s.section("Numbers 错误编号 (payscore explain NUMBER)")
		for _, n := range r.Numbers {
			s.row(strconv.FormatInt(n.Number, 10), "%s", n.Message)
		}
	}
	return nil
}

// documents reports whether the contract gives an operation this code or number.
func documents(op catalog.Operation, code string, number int64) bool {
	for _, documented := range catalog.OperationsOf(code, number) {
		if documented.ID == op.ID {
			return true
		}
	}
	return false
}
