//go:build tools

// The tools that generate and check this module, pinned to the versions in
// go.mod. oapi-codegen's template overrides are not a stable interface:
// raise its version together with the golden files of internal/codegen.
package payscore

import (
	_ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
	_ "honnef.co/go/tools/cmd/staticcheck"
)
