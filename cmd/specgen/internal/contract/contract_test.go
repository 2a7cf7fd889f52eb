package contract

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const text = `openapi: 3.0.3
x-wechatpay-order-stages:
  DOING: {title: 服务中, description: "It\n  runs.", state: DOING, final: false}
  DONE: {title: 已完成, description: Over., state: DONE, final: true}
paths:
  /a/{b}:
    parameters: []
    post: &post
      operationId: changeA
      x-wechatpay-order-stages:
        allowed: [DOING]
        becomes: DONE
        becomes_at_zero: DOING
        refusals: {DONE: {status: 400, code: ORDER_DONE, number: 7, message: 订单已完成}}
      callbacks:
        told: {$ref: '#/components/callbacks/Told'}
    get:
      operationId: getA
      callbacks:
        told: {$ref: '#/components/callbacks/Told'}
components:
  callbacks:
    Told:
      '{$request.body#/notify_url}':
        post: {operationId: notifyA}
    Loop: {$ref: '#/components/callbacks/Loop'}
    a/b~c: {x-here: yes}
`

func document(t *testing.T, text string) *Document {
	t.Helper()
	d, err := New("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOperations(t *testing.T) {
	d := document(t, text)
	var got []string
	for _, op := range d.Operations() {
		got = append(got, op.Method+" "+op.Path+" "+op.ID)
		if len(op.Callbacks) != 1 || op.Callbacks[0].Name != "told" || op.Callbacks[0].Operations[0].ID != "notifyA" {
			t.Errorf("%s has the callbacks %+v", op.ID, op.Callbacks)
		}
	}
	if want := []string{"POST /a/{b} changeA", "GET /a/{b} getA"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c := d.CallbackOperations(); len(c) != 1 || c[0].ID != "notifyA" {
		t.Errorf("a callback of two operations is told %d times", len(c))
	}
}

func TestStageTable(t *testing.T) {
	d := document(t, text)
	table, err := d.StageTable(d.Operations()[0])
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(table.Allowed, []string{"DOING"}) || table.Becomes != "DONE" || table.BecomesAtZero != "DOING" ||
		table.Refusals["DONE"] != (Refusal{400, 7, "ORDER_DONE", "订单已完成"}) {
		t.Errorf("got %+v", table)
	}
	if table, err := d.StageTable(d.Operations()[1]); table != nil || err != nil {
		t.Errorf("got %+v, %v for an operation without a table", table, err)
	}
	stages, err := d.Stages()
	if err != nil || len(stages) != 2 || stages[0].Description != "It runs." || stages[0].Final || !stages[1].Final {
		t.Errorf("got %+v, %v", stages, err)
	}
}

func TestResolve(t *testing.T) {
	d := document(t, text)
	if n := d.Find("#/components/callbacks/a~1b~0c"); String(n, "x-here") != "yes" {
		t.Error("an escaped reference finds nothing")
	}
	for _, ref := range []string{"#/components/none", "other.yaml#/a", "#/paths/0", ""} {
		if n := d.Find(ref); n != nil {
			t.Errorf("%q finds something", ref)
		}
	}
	if n := d.Resolve(d.Find("#/components/callbacks/Loop")); n != nil {
		t.Error("a circle leads somewhere")
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	d := document(t, text)
	cause := errors.New("cause")
	if err := d.Errorf(d.Operations()[1].Key, "wrong: %w", cause); err.Error() != "a.yaml:17: wrong: cause" || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	for data, want := range map[string]struct {
		err  error
		from string
	}{"": {ErrEmpty, "a.yaml: "}, "- a\n": {ErrNotMapping, "a.yaml: "}, "a: 1\n---\nb: 2\n": {ErrTwoFiles, "a.yaml:2: "}, "a: 1\nb: 2\n---\n": {ErrTwoFiles, "a.yaml:3: "}} {
		if _, err := Parse([]byte(data)); !errors.Is(err, want.err) {
			t.Errorf("%q: got %v, want %v", data, err, want.err)
		}
		if _, err := New("a.yaml", []byte(data)); !errors.Is(err, want.err) || !strings.HasPrefix(err.Error(), want.from) {
			t.Errorf("%q: got %v, want %v at %s", data, err, want.err, want.from)
		}
	}
	if _, err := New("a.yaml", []byte("a: 1\n...\n# nothing more\n")); err != nil {
		t.Errorf("one document and its end: %v", err)
	}
	file := filepath.Join(t.TempDir(), "b.yaml")
	if err := os.WriteFile(file, []byte("a: {b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(file); err == nil || !strings.HasPrefix(err.Error(), file+":") || strings.Contains(err.Error(), "yaml: line") {
		t.Errorf("got %v, want the file and the line", err)
	}
}
