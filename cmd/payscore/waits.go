package main

import (
	"github.com/wxpayscore/payscore/serviceorder"
	"github.com/wxpayscore/payscore/transport"
)

// The waits before a call is repeated, and before the query that settles an
// operation. They are variables because tests shorten them.
var (
	retries     transport.Retry
	settlePause = serviceorder.DefaultPause
)
