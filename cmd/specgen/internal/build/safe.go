package build

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// A contract may have parts that a stranger wrote, and whoever opens the page
// would run their scripts. So the page shows HTML of a description as text, and
// links to http, https, mailto and places of its own alone. The viewer has a
// filter too, for what it makes of the rest.

var (
	tagStart  = regexp.MustCompile(`<([A-Za-z/!?])`)
	linkStart = regexp.MustCompile(`\]([(:])\s*`)
	// goodTarget has no room for an escape or an entity before the scheme is known.
	goodTarget = regexp.MustCompile(`^(?i:https?://|mailto:|[\w./#?=-]*(?:[\s)]|$))`)
	bareFTP    = regexp.MustCompile(`(?i)\bftp(:)//`)
)

// safe makes Markdown of the contract harmless. What it changes looks the same
// outside of code, except that it is no HTML and no link.
func safe(markdown string) string {
	markdown = tagStart.ReplaceAllString(markdown, "&lt;$1")
	markdown = bareFTP.ReplaceAllStringFunc(markdown, func(s string) string { return s[:3] + "&#58;//" })
	var b strings.Builder
	from := 0
	for _, at := range linkStart.FindAllStringSubmatchIndex(markdown, -1) {
		if goodTarget.MatchString(markdown[at[1]:]) {
			continue
		}
		entity := "&#40;"
		if markdown[at[2]] == ':' {
			entity = "&#58;"
		}
		b.WriteString(markdown[from:at[2]] + entity)
		from = at[3]
	}
	return b.String() + markdown[from:]
}

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// links reports whether a browser may be sent to a URL of the contract.
func links(url string) bool {
	url = strings.Map(func(r rune) rune {
		if r <= ' ' { // browsers drop it
			return -1
		}
		return r
	}, url)
	return slices.Contains([]string{"", "http:", "https:", "mailto:"}, strings.ToLower(scheme.FindString(url)))
}

// harmless makes the descriptions of an object safe. It refuses URLs that the
// page would link to, since nobody would miss a link that is gone. It follows
// the grammar: what an example sends is shown as it is.
func harmless(d *contract.Document, kind contract.Kind, n *yaml.Node) error {
	for key, value := range contract.Entries(n) {
		name := key.Value
		field, known := contract.Grammar[kind][name]
		if !known && !contract.IsExtension(name) {
			field = contract.Grammar[kind][contract.AnyKey]
		}
		var below []*yaml.Node
		switch {
		case field.Shape == contract.One:
			below = []*yaml.Node{value}
		case field.Shape == contract.List:
			below = contract.Items(value)
		case field.Shape == contract.Named:
			for _, object := range contract.Entries(value) {
				below = append(below, object)
			}
		case value.Kind == yaml.ScalarNode && name == "description":
			value.Value = safe(value.Value)
		case value.Kind == yaml.ScalarNode && (name == "url" || name == "termsOfService" || strings.HasSuffix(name, "Url")):
			if !links(value.Value) {
				return d.Errorf(value, "the page would link to %.60q; http, https and mailto are allowed", value.Value)
			}
		case contract.IsExtension(name):
			// The viewer knows some that the standard does not.
			if err := harmlessExtension(d, name, value); err != nil {
				return err
			}
		}
		for _, object := range below {
			if err := harmless(d, field.Of, object); err != nil {
				return err
			}
		}
	}
	return nil
}

func harmlessExtension(d *contract.Document, name string, n *yaml.Node) error {
	switch name {
	case "x-logo":
		for _, url := range contract.Entries(n) {
			if url.Kind == yaml.ScalarNode && !links(url.Value) {
				return d.Errorf(url, "the page would link to %.60q; http, https and mailto are allowed", url.Value)
			}
		}
	case "x-enumDescriptions":
		for _, about := range contract.Entries(n) {
			about.Value = safe(about.Value)
		}
	}
	return nil
}
