package diff

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var sweepAll = flag.Bool("all", false, "try every change of the sweep, as make walk does")

// Whatever is taken away from a contract or written otherwise, something has
// to be said about it.
func TestNothingChangesInSilence(t *testing.T) {
	data, err := os.ReadFile("testdata/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before := Document{"old.yaml", data}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	seen, tried, refused := 0, 0, 0
	try := func(what string) {
		every := 21
		if testing.Short() {
			every = 105
		}
		if seen++; !*sweepAll && seen%every != 0 {
			return
		}
		changed, err := yaml.Marshal(&root)
		if err != nil {
			t.Fatal(err)
		}
		tried++
		for _, pair := range [][2]Document{{before, {"new.yaml", changed}}, {{"new.yaml", changed}, before}} {
			findings, err := Contracts(pair[0], pair[1])
			if err != nil {
				refused++ // it is no contract any more
				continue
			}
			if len(findings) == 0 {
				t.Errorf("%s: nothing is said (from %s)", what, pair[0].Name)
			}
			for _, f := range findings {
				if *sweepAll {
					t.Log(what, "|", f.Class, f.Area, f.Rule, "|", f)
				}
				if f.At == "" || f.What == "" || f.Rule == "" || strings.Contains(f.String(), "/ ") {
					t.Errorf("%s: unclear: %+v", what, f)
				}
			}
		}
	}
	var visit func(at string, n *yaml.Node)
	visit = func(at string, n *yaml.Node) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i < len(n.Content); i += 2 {
				key := n.Content[i].Value
				visit(at+"/"+key, n.Content[i+1])
				all := n.Content
				n.Content = append(slices.Clone(all[:i]), all[i+2:]...)
				try("without " + at + "/" + key)
				n.Content = all
			}
		case yaml.SequenceNode:
			for i, v := range n.Content {
				visit(at+"/"+v.Value, v)
				all := n.Content
				n.Content = append(slices.Clone(all[:i]), all[i+1:]...)
				try("without " + at + "/" + v.Value)
				n.Content = all
			}
		case yaml.ScalarNode:
			was := n.Value
			switch n.Tag {
			case "!!bool":
				n.Value = map[string]string{"true": "false", "false": "true"}[was]
			case "!!int":
				n.Value = was + "1"
			default:
				n.Value = was + "x"
			}
			try("changed " + at)
			n.Value = was
		}
	}
	visit("", root.Content[0])
	t.Logf("%d changes, %d documents refused", tried, refused)
}
