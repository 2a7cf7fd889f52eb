package admin

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/deliver"
	"github.com/wxpayscore/payscore/sandbox/internal/fault"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// ErrScenario matches the errors of a scenario file.
var ErrScenario = errors.New("sandbox: scenario")

// maxScenario bounds a scenario file, in bytes.
const maxScenario = 1 << 20

// Scenario is what a scenario file says: orders to begin with, what the user
// and WeChat Pay do to them and when, faults, and how untidy notifications
// are. [ReadScenario] reads one, [Play] plays it.
type Scenario struct {
	orders   []scenarioOrder
	faults   []scenarioFault
	traffic  deliver.Traffic
	settings []scenarioSetting
}

type scenarioOrder struct {
	line       int
	outOrderNo string
	total      int64
	family     string
	subMchID   *string
	stage      string
	notifyURL  string
	moves      []scenarioMove
}

type scenarioMove struct {
	after time.Duration
	name  string
	args  ledger.MoveArgs
}

type scenarioFault struct {
	after, lasts time.Duration // lasts 0: until it is switched off
	fault        fault.Fault
}

type scenarioSetting struct {
	after          time.Duration
	lenientAmounts bool
}

// ReadScenario reads a scenario in YAML, such as
//
//	orders:
//	  - out_order_no: RENTAL1
//	    total_amount: 50000 # fen
//	    stage: CREATED
//	    notify_url: http://127.0.0.1:8080/notify
//	    moves:
//	      - {after: 5s, do: confirm}
//	faults:
//	  - {fault: reset-after; operation=modifyPartnerServiceOrder; count=1}
//	  - {after: 10s, for: 1m, fault: latency; delay=2s}
//	notifications: {probes: 10, duplicates: 5}
//
// An error matches [ErrScenario] and tells the line and the field.
func ReadScenario(r io.Reader) (*Scenario, error) {
	if r == nil {
		return nil, fmt.Errorf("%w: there is nothing to read", ErrScenario)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxScenario+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrScenario, err)
	}
	if len(text) > maxScenario {
		return nil, fmt.Errorf("%w: is over %d bytes", ErrScenario, maxScenario)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return &Scenario{}, nil // an empty file asks for nothing
		}
		return nil, fmt.Errorf("%w: %s", ErrScenario, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if !errors.Is(decoder.Decode(&second), io.EOF) {
		return nil, fmt.Errorf("%w: has more than one document", ErrScenario)
	}
	s := &Scenario{}
	return s, readFields(doc.Content[0], "", fields{
		"orders": readList(func(n *yaml.Node, at string) error {
			o, err := readOrder(n, at)
			s.orders = append(s.orders, o)
			return err
		}),
		"faults": readList(func(n *yaml.Node, at string) error {
			f, err := readFault(n, at)
			s.faults = append(s.faults, f)
			return err
		}),
		"notifications": func(n *yaml.Node, at string) error {
			return readFields(n, at, fields{
				"probes":     readCount(&s.traffic.Probes),
				"duplicates": readCount(&s.traffic.Duplicates),
				"late":       readCount(&s.traffic.Late),
			})
		},
		"lenient_amounts": func(n *yaml.Node, at string) error {
			var on bool
			err := readBool(&on)(n, at)
			s.settings = append(s.settings, scenarioSetting{lenientAmounts: on})
			return err
		},
		"settings": readList(func(n *yaml.Node, at string) error {
			c, err := readSetting(n, at)
			s.settings = append(s.settings, c)
			return err
		}),
	})
}

func readOrder(n *yaml.Node, at string) (o scenarioOrder, err error) {
	o.line = n.Line
	var sub string
	seen := map[string]bool{}
	err = readFields(n, at, fields{
		"out_order_no": readText(&o.outOrderNo, nil),
		"total_amount": func(n *yaml.Node, at string) (err error) {
			if o.total, err = strconv.ParseInt(n.Value, 10, 64); err != nil || n.Kind != yaml.ScalarNode {
				return wrongAt(n, at, "is not a whole number of fen")
			}
			return nil
		},
		"stage": readText(&o.stage, func(v string) string {
			if !slices.Contains(rules.Stages(), v) {
				return "is none of " + strings.Join(rules.Stages(), ", ")
			}
			return ""
		}),
		"family": readText(&o.family, func(v string) string {
			if v == "" || !slices.Contains(rules.Families(), rules.Family(v)) {
				return fmt.Sprintf("is neither %s nor %s", rules.AcquiringBank, rules.Overseas)
			}
			return ""
		}),
		"sub_mchid": readText(&sub, func(v string) string {
			o.subMchID = &v
			return ""
		}),
		"notify_url": readText(&o.notifyURL, nil),
		"moves": readList(func(n *yaml.Node, at string) error {
			m, err := readMove(n, at)
			o.moves = append(o.moves, m)
			return err
		}),
	}, seen)
	for _, name := range []string{"out_order_no", "total_amount"} {
		if err == nil && !seen[name] {
			err = wrongAt(n, at+"."+name, "is missing")
		}
	}
	return o, err
}

func readMove(n *yaml.Node, at string) (m scenarioMove, err error) {
	seen := map[string]bool{}
	err = readFields(n, at, fields{
		"after": readDuration(&m.after),
		"do": readText(&m.name, func(v string) string {
			if names := rules.OrderMoves(); !slices.Contains(names, v) {
				return "is none of " + strings.Join(names, ", ")
			}
			return ""
		}),
		"openid":   readText(&m.args.OpenID, nil),
		"duration": readDuration(&m.args.Duration),
		"fails":    readBool(&m.args.Fails),
	}, seen)
	if err == nil && !seen["do"] {
		err = wrongAt(n, at+".do", "is missing")
	}
	return m, err
}

func readSetting(n *yaml.Node, at string) (c scenarioSetting, err error) {
	seen := map[string]bool{}
	err = readFields(n, at, fields{
		"after":           readDuration(&c.after),
		"lenient_amounts": readBool(&c.lenientAmounts),
	}, seen)
	if err == nil && !seen["lenient_amounts"] {
		err = wrongAt(n, at+".lenient_amounts", "is missing")
	}
	return c, err
}

func readFault(n *yaml.Node, at string) (f scenarioFault, err error) {
	seen := map[string]bool{}
	var text string
	err = readFields(n, at, fields{
		"after": readDuration(&f.after),
		"for":   readDuration(&f.lasts),
		"fault": readText(&text, func(v string) string {
			if f.fault, err = fault.Parse(v); err != nil {
				return strings.TrimPrefix(err.Error(), fault.Err.Error()+": ")
			}
			return ""
		}),
	}, seen)
	if err == nil && !seen["fault"] {
		err = wrongAt(n, at+".fault", "is missing")
	}
	return f, err
}

// fields reads the members of a mapping by their names.
type fields map[string]func(n *yaml.Node, at string) error

func wrongAt(n *yaml.Node, at, why string) error {
	return fmt.Errorf("%w: line %d: %s %s", ErrScenario, n.Line, strings.TrimPrefix(at, "."), why)
}

// readFields refuses what it does not know and what comes twice; seen, if
// given, learns what was there.
func readFields(n *yaml.Node, at string, known fields, seen ...map[string]bool) error {
	if n.Kind != yaml.MappingNode {
		return wrongAt(n, cmp.Or(at, "it"), "does not hold names with values")
	}
	found := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		its := at + "." + name.Value
		read, ok := known[name.Value]
		switch {
		case !ok:
			return wrongAt(name, its, "is not known; known are "+strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		case found[name.Value]:
			return wrongAt(name, its, "comes twice")
		}
		found[name.Value] = true
		if err := read(value, its); err != nil {
			return err
		}
	}
	for _, s := range seen {
		maps.Copy(s, found)
	}
	return nil
}

func readList(item func(n *yaml.Node, at string) error) func(*yaml.Node, string) error {
	return func(n *yaml.Node, at string) error {
		if n.Kind != yaml.SequenceNode {
			return wrongAt(n, at, "is not a list")
		}
		for i, entry := range n.Content {
			if err := item(entry, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		return nil
	}
}

// readText takes any scalar as it is written, so that a number of digits needs
// no quotes. check returns what is wrong, "" for nothing.
func readText(into *string, check func(string) string) func(*yaml.Node, string) error {
	return func(n *yaml.Node, at string) error {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			return wrongAt(n, at, "is not a text")
		}
		*into = n.Value
		if check == nil {
			return nil
		}
		if why := check(n.Value); why != "" {
			return wrongAt(n, at, why)
		}
		return nil
	}
}

func readDuration(into *time.Duration) func(*yaml.Node, string) error {
	return func(n *yaml.Node, at string) error {
		d, err := time.ParseDuration(n.Value)
		if err != nil || d < 0 || n.Kind != yaml.ScalarNode {
			return wrongAt(n, at, "is not a time such as 5s, 10m or 24h")
		}
		*into = d
		return nil
	}
}

func readBool(into *bool) func(*yaml.Node, string) error {
	return func(n *yaml.Node, at string) error {
		if n.Decode(into) != nil {
			return wrongAt(n, at, "is neither true nor false")
		}
		return nil
	}
}

func readCount(into *int) func(*yaml.Node, string) error {
	return func(n *yaml.Node, at string) error {
		v, err := strconv.Atoi(n.Value)
		if err != nil || v < 0 || n.Kind != yaml.ScalarNode {
			return wrongAt(n, at, "is not a whole number from 0")
		}
		*into = v
		return nil
	}
}

// Play puts the orders of a scenario into a ledger and plans the rest, by the
// time of the orders. An order that is there already, as after a restart, is
// left as it is, and its moves are not planned again. A move that turns out to
// be impossible stands in the journal. The error matches [ErrScenario] when an
// order cannot be.
func Play(scenario *Scenario, l *ledger.Ledger, faults *fault.Set) error {
	if scenario == nil {
		return fmt.Errorf("%w: there is none", ErrScenario)
	}
	start := l.Store.Clock.Now()
	for _, o := range scenario.orders {
		sub := l.Account().SubMchID
		if o.subMchID != nil {
			sub = *o.subMchID
		}
		family := rules.Family(o.family)
		if _, there := l.View(family, sub, o.outOrderNo); there {
			continue
		}
		err := l.Seed(ledger.Seed{
			Family: family, OutOrderNo: o.outOrderNo, Total: o.total, Stage: cmp.Or(o.stage, rules.UserPaying), SubMchID: sub, NotifyURL: o.notifyURL,
			RiskFund: payscore.RiskFundNameEstimateOrderCost,
		})
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrScenario, o.line, err)
		}
		for _, m := range o.moves {
			m.args.Family, m.args.SubMchID, m.args.OutOrderNo = family, sub, o.outOrderNo
			l.Store.Agenda.Plan(start.Add(m.after), func() {
				if err := l.Move(m.name, m.args); err != nil {
					l.Journal.Add(journal.Entry{Time: l.Store.Clock.Now(), Kind: journal.Move, Subject: rules.FamilyKey(family, sub, o.outOrderNo), Operation: m.name, Message: err.Error()})
				}
			})
		}
	}
	for _, f := range scenario.faults {
		l.Store.Agenda.Plan(start.Add(f.after), func() { f.strike(l, faults) })
	}
	if scenario.traffic != (deliver.Traffic{}) {
		l.Post.SetTraffic(scenario.traffic)
	}
	for _, c := range scenario.settings {
		if c.after == 0 {
			l.SetLenient(c.lenientAmounts) // before the first request
			continue
		}
		l.Store.Agenda.Plan(start.Add(c.after), func() { l.SetLenient(c.lenientAmounts) })
	}
	return nil
}

// strike switches a fault of a scenario on, and off again when its time is up.
func (f scenarioFault) strike(l *ledger.Ledger, faults *fault.Set) {
	id, err := faults.Add(f.fault)
	if err != nil {
		l.Journal.Add(journal.Entry{Time: l.Store.Clock.Now(), Kind: journal.Fault, Fault: f.fault.String(), Message: err.Error()})
		return
	}
	if f.lasts > 0 {
		l.Store.Agenda.Plan(l.Store.Clock.Now().Add(f.lasts), func() { faults.Remove(id) })
	}
}
