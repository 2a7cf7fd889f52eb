package rules

import (
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/api"
)

// A contract in which an operation leads nowhere, or to a stage that there is
// not, is an error before the first request.
func TestContractWithoutAStage(t *testing.T) {
	whole := string(api.SpecJSON)
	if _, err := load([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"becomes":         {`"becomes": "REVOKED"`, `"became": "REVOKED"`, `leads to the stage ""`},
		"another stage":   {`"becomes": "REVOKED"`, `"becomes": "GONE"`, `leads to the stage "GONE"`},
		"becomes at zero": {`"becomes_at_zero": "DONE"`, `"becomes_at_zero": "NOTHING"`, `leads to the stage "NOTHING"`},
		"no such stage":   {"\"EXPIRED\": {\n      \"title\"", "\"LOST\": {\n      \"title\"", "there is no stage EXPIRED"},
	} {
		broken := strings.ReplaceAll(whole, c.old, c.new)
		if broken == whole {
			t.Errorf("%s: the contract has no %s", name, c.old)
			continue
		}
		if _, err := load([]byte(broken)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	// An operation of one side alone needs no twin.
	if _, err := load([]byte(strings.ReplaceAll(whole, `"operationId": "modifyServiceOrder"`, `"operationId": "another"`))); err != nil {
		t.Errorf("without the twin of an operation: %v", err)
	}
}
