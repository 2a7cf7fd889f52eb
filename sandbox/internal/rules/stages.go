package rules

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// Stages that a rule asks for by name. What follows from which is in the
// contract.
const (
	Created     = string(catalog.StageCreated)
	UserConfirm = string(catalog.StageUserConfirm)
	UserPaying  = string(catalog.StageUserPaying)
	Done        = string(catalog.StageDone)
	Revoked     = string(catalog.StageRevoked)
	Expired     = string(catalog.StageExpired)
)

// stageRule is what the contract says of an operation on an order in a stage.
type stageRule struct {
	from      catalog.Stage
	operation string
}

// becomes returns the stage of the order after the operation, which has
// changed its bill already.
func (r stageRule) becomes(o Order) string {
	noBill := int64(-1)
	to, _ := catalog.Becomes(r.from, r.operation, *cmp.Or(o.Entity.TotalAmount, &noBill))
	return string(to)
}

// Check returns what is wrong with the contract: each stage that does not
// refuse a command leads to a stage.
func Check() error { return check(catalog.Operations(), catalog.Becomes) }

func check(operations []catalog.Operation, becomes func(from catalog.Stage, operationID string, total int64) (catalog.Stage, bool)) error {
	for _, c := range []Operation{Cancel{}, Complete{}, Modify{}, Pay{}, Sync{}} {
		for _, direct := range []bool{false, true} {
			id := operationID(c, direct)
			if !slices.ContainsFunc(operations, func(o catalog.Operation) bool { return o.ID == id }) {
				continue // it is of one side alone
			}
			for _, from := range catalog.Stages() {
				if _, refused := catalog.RefusalOf(from, id); refused {
					continue
				}
				if _, ok := becomes(from, id, 1); !ok {
					return fmt.Errorf("sandbox: contract: %s in the stage %s leads to no stage", id, from)
				}
				if _, ends := c.(Complete); !ends {
					continue
				}
				if to, _ := becomes(from, id, 0); !to.Final() { // there is nothing to wait for
					return fmt.Errorf("sandbox: contract: %s at 0 in the stage %s leads to %q, which is not final", id, from, to)
				}
			}
		}
	}
	return nil
}

// Stages are the names of all stages, in the order of the contract.
func Stages() []string {
	var names []string
	for _, stage := range catalog.Stages() {
		names = append(names, string(stage))
	}
	return names
}
