package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// contract is api/openapi.yaml as JSON.
func contract() (map[string]any, error) {
	b, err := os.ReadFile("../api/dist/openapi.json")
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	return doc, json.Unmarshal(b, &doc)
}

func writeJSON(file string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o644)
}

// grown is the contract with each operation n times, under paths and ids of
// its own.
func grown(n int) (map[string]any, error) {
	doc, err := contract()
	if err != nil {
		return nil, err
	}
	paths := doc["paths"].(map[string]any)
	all := maps.Clone(paths)
	for i := 2; i <= n; i++ {
		copied, err := contract()
		if err != nil {
			return nil, err
		}
		for path, item := range copied["paths"].(map[string]any) {
			for _, operation := range item.(map[string]any) {
				if fields, ok := operation.(map[string]any); ok && fields["operationId"] != nil {
					fields["operationId"] = fmt.Sprintf("%sCopy%d", fields["operationId"], i)
					delete(fields, "callbacks") // whose ids are unique too
				}
			}
			all[strings.Replace(path, "/v3/", fmt.Sprintf("/v3/copy%d/", i), 1)] = item
		}
	}
	doc["paths"] = all
	return doc, nil
}

// tools measures the contract's tool as the contract grows.
func (r *report) tools(ctx context.Context) error {
	specgen := filepath.Join(r.dir, "specgen")
	if err := command(ctx, "go", "build", "-C", "..", "-o", specgen, "./cmd/specgen"); err != nil {
		return err
	}
	rounds := min(r.rounds, 3)
	r.printf("## The contract's tool\n\nEach command as a process, the median of %d runs, on the contract with each of its operations once, 4 and 16 times.\n\n", rounds)
	r.printf("| operations | lint | build | diff with itself |\n|---|---|---|---|\n")
	sizes := []int{1, 4, 16}
	if r.short {
		sizes = sizes[:2]
	}
	for _, n := range sizes {
		doc, err := grown(n)
		if err != nil {
			return err
		}
		repository := filepath.Join(r.dir, fmt.Sprintf("grown%d", n))
		file := filepath.Join(repository, "api", "openapi.yaml")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := writeJSON(file, doc); err != nil { // JSON is YAML
			return err
		}
		operations := 0
		for _, item := range doc["paths"].(map[string]any) {
			for _, operation := range item.(map[string]any) {
				if fields, ok := operation.(map[string]any); ok && fields["operationId"] != nil {
					operations++
				}
			}
		}
		r.printf("| %d |", operations)
		for _, args := range [][]string{{"lint", file}, {"build", "-C", repository}, {"diff", file, file}} {
			var took figures
			for range rounds {
				start := time.Now()
				if err := command(ctx, specgen, args...); err != nil {
					return err
				}
				took = append(took, float64(time.Since(start)))
			}
			r.printf(" %s |", micro(took.median()))
		}
		r.printf("\n")
	}
	start := time.Now()
	if err := command(ctx, "go", "generate", "-C", "..", "./..."); err != nil {
		return err
	}
	r.printf("\n`go generate ./...` takes %s.\n\n", micro(float64(time.Since(start))))
	return nil
}
