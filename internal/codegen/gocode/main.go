// Command gocode makes Go code of a contract, with oapi-codegen as a library. It
// writes several files of one package, and tells the templates what the types
// alone do not show:
//
//	in PART              whether this is the file for PART of the code
//	requested SCHEMA     whether a request reaches a schema
//	pattern SOURCE       the variable that holds a pattern of a request
//	patterns             all such patterns
//	characters           the ranges of characters that a text may have, none for any
//
// Run it in the folder of its configuration:
//
//	gocode [-o FOLDER] CONFIG CONTRACT
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"unicode"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/util"
	"go.yaml.in/yaml/v3"
)

// config is oapi-codegen's, but for output: a file for each part of the code.
type config struct {
	codegen.Configuration `yaml:",inline"`
	Output                map[string]string `yaml:"output"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gocode: ")
	folder := flag.String("o", "", "write into `FOLDER` instead of where CONFIG says")
	flag.Parse()
	if flag.NArg() != 2 {
		log.Fatal("usage: gocode [-o FOLDER] CONFIG CONTRACT")
	}
	if err := run(flag.Arg(0), flag.Arg(1), *folder); err != nil {
		log.Fatal(err)
	}
}

func run(configFile, contract, folder string) error {
	text, err := os.ReadFile(configFile)
	if err != nil {
		return err
	}
	var c config
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		return fmt.Errorf("%s: %w", configFile, err)
	}
	c.Configuration = c.UpdateDefaults()
	if err := c.Validate(); err != nil {
		return fmt.Errorf("%s: %w", configFile, err)
	}
	doc, err := util.LoadSwaggerWithOverlay(contract, util.LoadSwaggerWithOverlayOpts{
		Path: c.OutputOptions.Overlay.Path, Strict: true, AllowRemoteRefsFrom: c.AllowRemoteRefsFrom,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", contract, err)
	}
	c.OutputOptions.ExcludeSchemas = append(c.OutputOptions.ExcludeSchemas, nameless(doc)...)
	r := requestsOf(doc)
	codegen.TemplateFunctions["requested"] = r.reaches
	codegen.TemplateFunctions["pattern"] = r.pattern
	codegen.TemplateFunctions["patterns"] = r.patterns
	codegen.TemplateFunctions["numbers"] = numbers
	characters, err := charactersOf(doc)
	if err != nil {
		return fmt.Errorf("%s: %w", contract, err)
	}
	codegen.TemplateFunctions["characters"] = func() []unicode.Range16 { return characters }
	for _, part := range slices.Sorted(maps.Keys(c.Output)) {
		codegen.TemplateFunctions["in"] = func(p string) bool { return p == part }
		code, err := codegen.Generate(doc, c.Configuration)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", part, contract, err)
		}
		code = withoutAliases(code)
		name := c.Output[part]
		if folder != "" {
			name = filepath.Join(folder, filepath.Base(name))
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(code), 0o666); err != nil {
			return err
		}
	}
	return nil
}

var alias = regexp.MustCompile(`(?m)^// \w+ defines body for .*\ntype (\w+RequestBody) = (\w+)\n\n?`)

// withoutAliases replaces the aliases of request bodies by the models that they
// stand for: strict handlers know the bodies by no other name.
func withoutAliases(code string) string {
	of := map[string]string{}
	for _, m := range alias.FindAllStringSubmatch(code, -1) {
		of[m[1]] = m[2]
	}
	return regexp.MustCompile(`\b\w+RequestBody\b`).ReplaceAllStringFunc(alias.ReplaceAllString(code, ""), func(name string) string {
		return cmp.Or(of[name], name)
	})
}
