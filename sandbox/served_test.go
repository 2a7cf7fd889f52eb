package sandbox_test

import (
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

// What the contract has and the sandbox does not serve yet is refused in so
// many words, and never reaches a handler that is not there.
func TestOtherOperationsAreRefused(t *testing.T) {
	b := newBox(t)
	refused := 0
	for template, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			if sandbox.Served[op.OperationID] {
				continue
			}
			body := ""
			if op.RequestBody != nil {
				body = "{}"
			}
			target := strings.NewReplacer("{", "", "}", "").Replace(template)
			got := b.send(method, target, body)
			if got.Status != 404 || got.Code != "RESOURCE_NOT_EXISTS" || !strings.Contains(string(got.Detail), op.OperationID) {
				t.Errorf("%s: %v %s", op.OperationID, &got.Error, got.Detail)
			}
			refused++
		}
	}
	if served := len(sandbox.Served); served != 42 || refused != 0 {
		t.Errorf("%d served, %d refused", served, refused)
	}
}
