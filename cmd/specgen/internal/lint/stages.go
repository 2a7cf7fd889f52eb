package lint

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

const stagesKey = contract.StagesKey

// orderStages exists because the sandbox's state machine and the catalogue are
// generated from these tables: a stage that an operation forgets would be one
// where nobody knows what happens.
func orderStages(d *document, report reporter) {
	declared := map[string]bool{}
	var order []string
	if k, v := contract.Lookup(d.root, stagesKey); k != nil {
		if !contract.IsMapping(v) {
			report(k.Line, "%s is not a mapping; declare each stage by its name", stagesKey)
		}
		for stage, about := range contract.Entries(v) {
			if !contract.IsMapping(about) {
				report(stage.Line, "%s.%s is not a mapping; describe the stage", stagesKey, stage.Value)
			}
			if !declared[stage.Value] {
				order = append(order, stage.Value)
			}
			declared[stage.Value] = true
		}
	}
	for _, op := range d.all(contract.KindOperation) {
		if op.has(stagesKey) {
			s := stageTable{at: op.at() + "." + stagesKey, op: op, declared: declared, order: order, report: report}
			s.check()
		}
	}
}

// A stageTable is what one operation says about the stages.
type stageTable struct {
	at       string
	op       *object
	declared map[string]bool
	order    []string
	report   reporter
}

func (s *stageTable) check() {
	key, table := contract.Lookup(s.op.node, stagesKey)
	if !contract.IsMapping(table) {
		s.report(key.Line, "%s is not a mapping; state allowed, becomes and refusals", s.at)
		return
	}
	covered := map[string]string{}
	var creates bool
	for k, v := range contract.Entries(table) {
		switch k.Value {
		case "allowed":
			for _, stage := range s.names(k, v) {
				s.cover(covered, stage, "allowed")
			}
		case "creates":
			// An operation that makes the order meets no stage: nothing to cover.
			creates = true
			s.names(k, v)
		case "becomes", "becomes_at_zero":
			if v != nil {
				s.name(v, k.Value)
			}
		case "refusals":
			if !contract.IsMapping(v) {
				s.report(k.Line, "%s.refusals is not a mapping from stages to answers", s.at)
			}
			for stage, answer := range contract.Entries(v) {
				s.name(stage, "refusals")
				s.cover(covered, stage, "refusals")
				s.refusal(stage, answer)
			}
		default:
			s.report(k.Line, "%s.%s is not known; use allowed, creates, becomes, becomes_at_zero or refusals", s.at, k.Value)
		}
	}
	if creates {
		if len(covered) > 0 {
			s.report(key.Line, "%s both creates an order and states what existing ones allow; keep one", s.at)
		}
		return
	}
	var missing []string
	for _, stage := range s.order {
		if covered[stage] == "" {
			missing = append(missing, stage)
		}
	}
	if len(missing) > 0 {
		s.report(key.Line, "%s says nothing about %s; add each to allowed or refusals", s.at, strings.Join(missing, ", "))
	}
}

func (s *stageTable) cover(covered map[string]string, stage *yaml.Node, where string) {
	if before := covered[stage.Value]; before != "" {
		s.report(stage.Line, "%s names %s twice, in %s and in %s; a stage is allowed or refused", s.at, stage.Value, before, where)
		return
	}
	covered[stage.Value] = where
}

func (s *stageTable) names(key, list *yaml.Node) []*yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode {
		s.report(key.Line, "%s.%s is not a list of stages", s.at, key.Value)
	}
	var out []*yaml.Node
	for _, n := range contract.Items(list) {
		if n != nil && s.name(n, key.Value) {
			out = append(out, n)
		}
	}
	return out
}

func (s *stageTable) name(n *yaml.Node, where string) bool {
	if n.Kind == yaml.ScalarNode && s.declared[n.Value] {
		return true
	}
	s.report(n.Line, "%s.%s names the stage %q; declare it in the %s of the document, which has: %s",
		s.at, where, n.Value, stagesKey, strings.Join(s.order, ", "))
	return false
}

func (s *stageTable) refusal(stage, answer *yaml.Node) {
	at := s.at + ".refusals." + stage.Value
	if !contract.IsMapping(answer) {
		s.report(stage.Line, "%s is not a mapping; state status, code, number and message", at)
		return
	}
	for _, field := range []string{"status", "code", "message"} {
		if contract.String(answer, field) == "" {
			s.report(stage.Line, "%s has no %s; a refusal states status, code, number and message", at, field)
		}
	}
	for k, v := range contract.Entries(answer) {
		switch k.Value {
		case "status":
			if v != nil && !s.answers(v.Value) {
				s.report(k.Line, "%s.status %s is not an error response of the operation; add it to responses", at, v.Value)
			}
		case "number":
			if v == nil || v.Tag != "!!int" {
				s.report(k.Line, "%s.number is not an integer; it is the number at the end of Request-ID", at)
			}
		case "code", "message":
		default:
			s.report(k.Line, "%s.%s is not known; a refusal states status, code, number and message", at, k.Value)
		}
	}
}

func (s *stageTable) answers(status string) bool {
	n, err := strconv.Atoi(status)
	responses := s.op.child("responses")
	return err == nil && n >= 400 && responses != nil &&
		slices.ContainsFunc(responses.children, func(r *object) bool { return r.field == status })
}
