// Package examples holds request bodies to start from. The programs below it
// compile and run in CI against the sandbox.
package examples

import _ "embed"

// Modify is modify.json: the fields of the example on WeChat Pay's page, with
// amounts that add up.
//
//go:embed modify.json
var Modify []byte
