// Package call says what a request is for. The generated client puts it into
// the context of each request, and what sends the request, logs it or traces
// it reads it there; none of it goes out on the wire.
//
//	func (t tracing) RoundTrip(req *http.Request) (*http.Response, error) {
//		info, _ := call.FromContext(req.Context())
//		span := t.start(info.Operation, info.OutOrderNo)
//		...
//	}
//
// It imports nothing but the standard library's context.
package call

import "context"

// Info is what a request is for. Its zero value is a request that no
// operation of the contract made.
type Info struct {
	// Operation is the operationId of the contract, modifyPartnerServiceOrder.
	Operation string
	// Path is the path of the contract with its parameters in braces,
	// /v3/payscore/partner/serviceorder/{out_order_no}/modify. Unlike the path
	// of the request it names no user, whose openid is a parameter of some.
	Path string
	// OutOrderNo is the merchant's number of the service order, from path, query
	// or body. It is empty where an operation has none.
	OutOrderNo string
	// Success is the one status that the contract documents as success, such as 204.
	Success int
}

type key struct{}

// carrier is a context.WithValue in one allocation.
type carrier struct {
	context.Context
	info Info
}

func (c *carrier) Value(k any) any {
	if k == (key{}) {
		return &c.info
	}
	return c.Context.Value(k)
}

// NewContext returns a context that carries info, in place of what ctx carries.
func NewContext(ctx context.Context, info Info) context.Context {
	return &carrier{Context: ctx, info: info}
}

// FromContext returns what [NewContext] put into ctx or a parent of it, and
// whether there is any.
func FromContext(ctx context.Context) (Info, bool) {
	info, ok := ctx.Value(key{}).(*Info)
	if !ok {
		return Info{}, false
	}
	return *info, true
}
