package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/wxpayscore/payscore/api"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Stages that a rule asks for by name. What follows from which is in the
// contract.
const (
	Created     = "CREATED"
	UserConfirm = "USER_CONFIRM"
	UserPaying  = "USER_PAYING"
	Done        = "DONE"
	Revoked     = "REVOKED"
	Expired     = "EXPIRED"
)

// stage is one of x-wechatpay-order-stages: the three fields that tell it.
type stage struct {
	State            payscore.ServiceOrderState             `json:"state"`
	StateDescription *payscore.ServiceOrderStateDescription `json:"state_description"`
	CollectionState  *payscore.CollectionState              `json:"collection_state"`
	Final            bool                                   `json:"final"`
}

// stageRule is the x-wechatpay-order-stages of an operation.
type stageRule struct {
	Allowed       []string                `json:"allowed"`
	Becomes       string                  `json:"becomes"`
	BecomesAtZero string                  `json:"becomes_at_zero"`
	Refusals      map[string]stageRefusal `json:"refusals"`
}

type stageRefusal struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Number  int64  `json:"number"`
	Message string `json:"message"`
}

type tables struct {
	stages     map[string]stage
	operations map[string]stageRule // by operationId
}

// loaded reads the embedded contract once per process.
var loaded = sync.OnceValues(func() (tables, error) { return load(api.SpecJSON) })

func load(contract []byte) (tables, error) {
	var spec struct {
		Stages map[string]stage `json:"x-wechatpay-order-stages"`
		Paths  map[string]map[string]struct {
			OperationID string    `json:"operationId"`
			Rule        stageRule `json:"x-wechatpay-order-stages"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(contract, &spec); err != nil {
		return tables{}, fmt.Errorf("sandbox: contract: %w", err)
	}
	t := tables{spec.Stages, map[string]stageRule{}}
	for _, methods := range spec.Paths {
		for _, operation := range methods {
			t.operations[operation.OperationID] = operation.Rule
		}
	}
	return t, t.check()
}

// check holds the contract against the commands: each stage that one leads to
// is there.
func (t tables) check() error {
	for _, name := range []string{Created, UserConfirm, UserPaying, Done, Revoked, Expired} {
		if _, ok := t.stages[name]; !ok {
			return fmt.Errorf("sandbox: contract: there is no stage %s", name)
		}
	}
	for _, c := range []Operation{Cancel{}, Complete{}, Modify{}, Pay{}, Sync{}} {
		for _, direct := range []bool{false, true} {
			id := operationID(c, direct)
			rule, ok := t.operations[id]
			if !ok {
				continue // it is of one side alone
			}
			leadsTo := []string{rule.Becomes}
			if _, ends := c.(Complete); ends {
				leadsTo = append(leadsTo, rule.BecomesAtZero)
			}
			for _, name := range leadsTo {
				if _, ok := t.stages[name]; !ok {
					return fmt.Errorf("sandbox: contract: %s leads to the stage %q, which there is not", id, name)
				}
			}
		}
	}
	return nil
}

// Check returns what is wrong with the contract, as the sandbox reads it.
func Check() error {
	_, err := loaded()
	return err
}

// contract is what Check found to be right.
func contract() tables {
	t, err := loaded()
	if err != nil {
		panic(err) // embedded, and checked when the sandbox was opened
	}
	return t
}

// Stages are the names of all stages, sorted.
func Stages() []string {
	var names []string
	for name := range contract().stages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// IsOperation reports whether the contract has an operation of this id.
func IsOperation(id string) bool {
	_, ok := contract().operations[id]
	return ok
}

// CodeOf returns the code with which a stage of an order refuses an operation
// by a number, "" when none does.
func CodeOf(operationID string, number int64) string {
	for _, refused := range contract().operations[operationID].Refusals {
		if refused.Number == number {
			return refused.Code
		}
	}
	return ""
}
