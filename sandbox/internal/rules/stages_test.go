package rules

import (
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// A contract in which an operation leads nowhere, or to a stage that there is
// not, or in which a completion at 0 waits on, is an error before the first
// request.
func TestContractWithoutAStage(t *testing.T) {
	if err := Check(); err != nil {
		t.Fatal(err)
	}
	for _, to := range []struct {
		stage catalog.Stage
		ok    bool
	}{{"", false}, {"GONE", true}, {catalog.StageUserPaying, true}} {
		err := check(func(from catalog.Stage, id string, total int64) (catalog.Stage, bool) {
			if id == "completePartnerServiceOrder" && total == 0 {
				return to.stage, to.ok
			}
			return catalog.Becomes(from, id, total)
		})
		if err == nil || !strings.Contains(err.Error(), "completePartnerServiceOrder leads from USER_CONFIRM at 0 fen") {
			t.Errorf("to %q: %v", to.stage, err)
		}
	}
}
