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
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
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
	for _, part := range slices.Sorted(maps.Keys(c.Output)) {
		code, err := generate(c, contract, part)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", part, contract, err)
		}
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

func generate(c config, contract, part string) (string, error) {
	doc, err := util.LoadSwaggerWithOverlay(contract, util.LoadSwaggerWithOverlayOpts{
		Path: c.OutputOptions.Overlay.Path, Strict: true, AllowRemoteRefsFrom: c.AllowRemoteRefsFrom,
	})
	if err != nil {
		return "", err
	}
	c.OutputOptions.ExcludeSchemas = append(c.OutputOptions.ExcludeSchemas, nameless(doc)...)
	r := requestsOf(doc)
	codegen.TemplateFunctions["in"] = func(p string) bool { return p == part }
	codegen.TemplateFunctions["requested"] = r.reaches
	codegen.TemplateFunctions["pattern"] = r.pattern
	codegen.TemplateFunctions["patterns"] = r.patterns
	characters, err := charactersOf(doc)
	if err != nil {
		return "", err
	}
	codegen.TemplateFunctions["characters"] = func() []unicode.Range16 { return characters }
	return codegen.Generate(doc, c.Configuration)
}
