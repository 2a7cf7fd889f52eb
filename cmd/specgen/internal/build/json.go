package build

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// toJSON writes a node in the order of its keys, indented by two spaces and
// with a line feed at the end.
func toJSON(d *contract.Document, n *yaml.Node) ([]byte, error) {
	var compact bytes.Buffer
	w := jsonWriter{doc: d, out: &compact}
	if err := w.node(n, 0); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

type jsonWriter struct {
	doc   *contract.Document
	out   *bytes.Buffer
	count int
}

// maxNodes bounds aliases of aliases, which make a few lines a huge document.
const maxNodes = 1_000_000

func (w *jsonWriter) node(n *yaml.Node, depth int) error {
	n = contract.Deref(n)
	if w.count++; w.count > maxNodes || depth > 1000 {
		return w.doc.Errorf(n, "the document is too large; is an alias part of what it stands for?")
	}
	switch n.Kind {
	case yaml.MappingNode:
		w.out.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := contract.Deref(n.Content[i])
			if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
				return w.doc.Errorf(n.Content[i], "JSON has no such key; write a plain name")
			}
			if i > 0 {
				w.out.WriteByte(',')
			}
			if err := w.value(key.Value); err != nil {
				return err
			}
			w.out.WriteByte(':')
			if err := w.node(n.Content[i+1], depth+1); err != nil {
				return err
			}
		}
		w.out.WriteByte('}')
		return nil
	case yaml.SequenceNode:
		w.out.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				w.out.WriteByte(',')
			}
			if err := w.node(c, depth+1); err != nil {
				return err
			}
		}
		w.out.WriteByte(']')
		return nil
	}
	return w.scalar(n)
}

// scalar leaves times as the text they are written in, since JSON has none.
func (w *jsonWriter) scalar(n *yaml.Node) error {
	switch n.Tag {
	case "!!null", "!!bool", "!!int", "!!float":
	default:
		return w.value(n.Value)
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return w.doc.Errorf(n, "%w", err)
	}
	if f, ok := v.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return w.doc.Errorf(n, "JSON has no number %s", n.Value)
	}
	return w.value(v)
}

func (w *jsonWriter) value(v any) error {
	enc := json.NewEncoder(w.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("%s: %w", w.doc.File, err)
	}
	w.out.Truncate(w.out.Len() - 1) // Encode ends with a line feed.
	return nil
}
