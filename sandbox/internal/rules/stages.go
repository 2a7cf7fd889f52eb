package rules

import (
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

// Check returns what is wrong with the contract: an operation that changes an
// order leads nowhere from a stage that allows it.
func Check() error { return check(catalog.Becomes) }

func check(nextStage func(from catalog.Stage, operationID string, total int64) (catalog.Stage, bool)) error {
	for _, command := range []Operation{Cancel{}, Complete{}, Modify{}, Pay{}, Sync{}, Register{}} {
		for _, side := range []string{"", "Partner", string(AcquiringBank), string(Overseas)} {
			id := operationID(command, side)
			if !isOperation(id) {
				continue // not every side has it
			}
			for _, from := range catalog.Stages() {
				if _, refused := catalog.RefusalOf(from, id); refused {
					continue
				}
				for _, total := range []int64{0, 1} {
					to, ok := nextStage(from, id, total)
					if !ok || !slices.Contains(catalog.Stages(), to) {
						return fmt.Errorf("sandbox: contract: %s leads from %s at %d fen to %q, which is no stage", id, from, total, to)
					}
					// Without becomes_at_zero it would wait for a payment of nothing.
					if _, ends := command.(Complete); ends && total == 0 && !to.Final() {
						return fmt.Errorf("sandbox: contract: %s leads from %s at 0 fen to %q, which is not final", id, from, to)
					}
				}
			}
		}
	}
	return nil
}

// Stages are the names of all stages.
func Stages() []string {
	var names []string
	for _, s := range catalog.Stages() {
		names = append(names, string(s))
	}
	return names
}

// isOperation reports whether the contract has an operation of this id.
func isOperation(id string) bool {
	return slices.ContainsFunc(catalog.Operations(), func(o catalog.Operation) bool { return o.ID == id })
}
