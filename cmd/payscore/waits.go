package main

import (
	"github.com/wxpayscore/payscore/serviceorder"
	"github.com/wxpayscore/payscore/transport"
)

// What passes before a call is repeated, and before the query that settles an
// operation. They are variables since the tests do not wait.
var (
	retries     transport.Retry
	settlePause = serviceorder.DefaultPause
)
