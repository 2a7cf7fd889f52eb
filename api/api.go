// Package api holds the contract of the WeChat Pay PayScore API: openapi.yaml,
// an OpenAPI 3.0.3 document that declares every operation, field, limit, error
// and order state once. What OpenAPI has no word for is in extensions:
// x-wechatpay-order-stages, x-wechatpay-errors, x-wechatpay-error-numbers,
// x-wechatpay-resources, the contents of notifications, and x-wechatpay-reentry,
// what becomes of a write that is sent again, with the sources. The client in gen/payscore, the handlers in
// gen/payscoreserver and the request checks of the sandbox come from it.
//
//	doc, err := openapi3.NewLoader().LoadFromData(api.SpecJSON) // github.com/getkin/kin-openapi/openapi3
//
// The package has no dependency. A program that does not import it does not
// carry the document.
package api

import _ "embed"

// Spec is the contract, openapi.yaml, as it stands in the repository. Treat
// it as read-only: it is shared by all who import the package.
//
//go:embed openapi.yaml
var Spec []byte

// SpecJSON is dist/openapi.json, the same contract in JSON, which parses in half
// the time. Treat it as read-only, too.
//
//go:embed dist/openapi.json
var SpecJSON []byte

// SandboxSpec is sandbox.yaml, which describes what drives the sandbox from
// the outside. Treat it as read-only, too.
//
//go:embed sandbox.yaml
var SandboxSpec []byte
