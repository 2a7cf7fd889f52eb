package contract

import "go.yaml.in/yaml/v3"

// A Source is where a statement was read.
type Source struct{ URL, Date, Title, Says string }

func sources(list *yaml.Node) (out []Source) {
	for _, s := range Items(list) {
		out = append(out, Source{String(s, "url"), String(s, "date"), String(s, "title"), OneLine(String(s, "says"))})
	}
	return out
}
