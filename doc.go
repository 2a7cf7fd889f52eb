// Package payscore is the root of a client for WeChat Pay PayScore (微信支付分),
// for service providers and direct merchants: the contract of the API, the
// client made from it, its signature, and a sandbox. It has no code of its own; import
//
//   - gen/payscore: the typed client and its models
//   - gen/catalog: what errors mean, and what a stage of an order allows
//   - auth: the signature, as a request editor, and its verification
//   - transport: what sends and verifies
//   - call: what a request is for, in its context
//   - apierror: what WeChat Pay answers when it refuses
//   - serviceorder: how the amounts of an order add up
//   - notify: receives notifications, each once
//   - sandbox: a PayScore of your own, for tests
//   - api: the contract, openapi.yaml
//
// See the example below for a first call.
package payscore
