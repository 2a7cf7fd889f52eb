package sandbox

// NewLimitedHTTPServer is NewHTTPServer with another limit.
var NewLimitedHTTPServer = newHTTPServer
