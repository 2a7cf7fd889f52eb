package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// A contract in which an operation leads nowhere is an error before the first
// request. One that names a stage that there is not does not generate.
func TestContractWithoutAStage(t *testing.T) {
	if err := Check(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		operation string
		atZero    bool
		to        catalog.Stage
		want      string
	}{
		"becomes":          {"cancelServiceOrder", false, "", "cancelServiceOrder in the stage CREATED leads to no stage"},
		"becomes at zero":  {"completeServiceOrder", true, "", `at 0 in the stage USER_CONFIRM leads to ""`},
		"waits for 0":      {"completePartnerServiceOrder", true, catalog.StageUserPaying, `leads to "USER_PAYING", which is not final`},
		"of no other side": {"payPartnerServiceOrder", false, "", "payPartnerServiceOrder in the stage USER_PAYING leads to no stage"},
	} {
		becomes := func(from catalog.Stage, operationID string, total int64) (catalog.Stage, bool) {
			if operationID == c.operation && (total == 0) == c.atZero {
				return c.to, c.to != ""
			}
			return catalog.Becomes(from, operationID, total)
		}
		if err := check(catalog.Operations(), becomes); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		// An operation of one side alone needs no twin.
		others := slices.DeleteFunc(catalog.Operations(), func(o catalog.Operation) bool { return o.ID == c.operation })
		if err := check(others, becomes); err != nil {
			t.Errorf("%s: without the operation: %v", name, err)
		}
	}
}
