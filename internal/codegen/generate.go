// Package codegen makes all that is derived from the contract: go generate
// runs specgen, and gocode with the configurations and templates of this folder.
// Its tests compare what the templates make of a small contract with golden files.
package codegen

// First: what lint refuses, the templates would drop without a word.
//go:generate go run ../../cmd/specgen lint ../../api/openapi.yaml

//go:generate go run ../../cmd/specgen -C ../.. build
//go:generate go run ../../cmd/specgen -C ../.. catalog
//go:generate go run ../../cmd/specgen -C ../.. vectors
//go:generate go run ./gocode client.yaml ../../api/openapi.yaml
//go:generate go run ./gocode server.yaml ../../api/openapi.yaml
//go:generate go run ./gocode sandbox.yaml ../../api/sandbox.yaml

// Last, since it fails when the contract has an operation without a page.
//go:generate go run ../../cmd/specgen -C ../.. coverage
