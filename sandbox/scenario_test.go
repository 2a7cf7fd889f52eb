package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

func TestScenarioOfTheExamples(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join("..", "examples", "scenario.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	scenario, err := sandbox.ReadScenario(file)
	if err != nil {
		t.Fatal(err)
	}
	// The wall clock stands still, so that time passes only where the test moves it on.
	wall := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	box := sandbox.New(t, sandbox.WithClock(func() time.Time { return wall }))
	if err := box.Play(scenario); err != nil {
		t.Fatal(err)
	}
	stage := func(sub, number, want string) {
		t.Helper()
		if v, ok := box.Order(sub, number); !ok || v.Stage != want {
			t.Errorf("%s is %s, not %s", number, v.Stage, want)
		}
	}
	const sub = "1900000109"
	stage(sub, "RENTAL1", "CREATED")
	stage(sub, "RENTAL2", "USER_PAYING")
	stage("", "DIRECT1", "USER_PAYING")

	if !box.LenientAmounts() {
		t.Error("lenient_amounts: true was not heard")
	}

	box.Advance(4 * time.Second)
	stage(sub, "RENTAL1", "CREATED")
	box.Advance(time.Second)
	stage(sub, "RENTAL1", "USER_CONFIRM")
	if on := box.ActiveFaults(); len(on) != 1 || on[0].Name != "reset-after" || on[0].Count != 1 {
		t.Errorf("faults at 5 s: %v", on)
	}
	box.Advance(26 * time.Second)
	if v, _ := box.Order(sub, "RENTAL2"); v.DeductingUntil == nil {
		t.Error("no deduction is in progress at 31 s")
	}
	if on := box.ActiveFaults(); len(on) != 2 || on[1].Delay != 2*time.Second {
		t.Errorf("faults at 31 s: %v", on)
	}
	box.Advance(5 * time.Minute)
	stage(sub, "RENTAL2", "USER_PAYING") // it failed
	if on := box.ActiveFaults(); len(on) != 1 {
		t.Errorf("faults at 5 min: %v", on)
	}
	box.Advance(5 * time.Minute)
	stage(sub, "RENTAL2", "DONE")
	if box.LenientAmounts() {
		t.Error("lenient amounts are not off after ten minutes")
	}

	// Played again, as after a restart, it leaves what is there.
	if err := box.Play(scenario); err != nil {
		t.Error(err)
	}
	stage(sub, "RENTAL2", "DONE")
}

func TestScenarioErrorsNameLineAndField(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"orders:\n  - out_order_no: A\n    total_amont: 5\n":                                        "line 3: orders[0].total_amont is not known",
		"orders:\n  - total_amount: 5\n":                                                            "line 2: orders[0].out_order_no is missing",
		"orders:\n  - out_order_no: A\n":                                                            "line 2: orders[0].total_amount is missing",
		"orders:\n  - {out_order_no: A, total_amount: 4.5}\n":                                       "line 2: orders[0].total_amount is not a whole number",
		"orders:\n  - {out_order_no: A, total_amount: [1]}\n":                                       "line 2: orders[0].total_amount is not",
		"orders:\n  - {out_order_no: A, total_amount: 5,\n     stage: PAID}\n":                      "line 3: orders[0].stage is none of CREATED",
		"orders:\n  - {out_order_no: A, total_amount: 5, moves: [{after: 5, do: confirm}]}\n":       "line 2: orders[0].moves[0].after is not a time",
		"orders:\n  - {out_order_no: A, total_amount: 5, moves: [{after: -5s, do: confirm}]}\n":     "orders[0].moves[0].after is not a time",
		"orders:\n  - {out_order_no: A, total_amount: 5, moves: [{do: vanish}]}\n":                  "orders[0].moves[0].do is none of confirm",
		"orders:\n  - {out_order_no: A, total_amount: 5, moves: [{after: 1s}]}\n":                   "orders[0].moves[0].do is missing",
		"orders:\n  - {out_order_no: A, total_amount: 5, moves: [{do: confirm, fails: perhaps}]}\n": "orders[0].moves[0].fails is neither",
		"orders:\n  - out_order_no: A\n    total_amount: 5\n    total_amount: 6\n":                  "line 4",
		"orders: {}\n":                "line 1: orders is not a list",
		"orders:\n":                   "orders is not a list",
		"orders: [5]\n":               "orders[0] does not hold",
		"faults:\n- fault: no-such\n": "line 2: faults[0].fault",
		"faults:\n- fault: latency; delay=long\n": "line 2: faults[0].fault",
		"faults:\n- {after: 1s}\n":                "faults[0].fault is missing",
		"faults:\n- latency\n":                    "faults[0] does not hold",
		"notifications: {probes: -1}\n":           "notifications.probes is not",
		"notifications: 5\n":                      "notifications does not hold",
		"lenient_amounts: perhaps\n":              "lenient_amounts is neither",
		"settings:\n- {after: 1s}\n":              "settings[0].lenient_amounts is missing",
		"settings:\n- {lenient_amounts: 5}\n":     "settings[0].lenient_amounts is neither",
		"settings:\n- {strict_times: true}\n":     "settings[0].strict_times is not known",
		"- orders\n":                              "it does not hold",
		"orders: []\n---\norders: []\n":           "more than one document",
		"a: [\n":                                  "line",
		"a: &a [*a]\n":                            "a is not known",
		"orders: &a\n- *a\n":                      "orders[0]",
		"# " + strings.Repeat("x", 1<<20) + "\n":  "over",
	} {
		_, err := sandbox.ReadScenario(strings.NewReader(text))
		if err == nil || !errors.Is(err, sandbox.ErrScenario) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"", "# nothing\n", "orders: []\n", "{}"} {
		if _, err := sandbox.ReadScenario(strings.NewReader(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestScenarioOrderThatCannotBe(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	scenario, err := sandbox.ReadScenario(strings.NewReader("orders:\n- {out_order_no: A, total_amount: 0}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Play(scenario); !errors.Is(err, sandbox.ErrScenario) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("played: %v", err)
	}
}

func FuzzReadScenario(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("..", "examples", "scenario.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("orders: &a\n- *a\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := sandbox.ReadScenario(strings.NewReader(text)); err != nil && !errors.Is(err, sandbox.ErrScenario) {
			t.Errorf("%v", err)
		}
	})
}
