// Package call describes the API call that a request belongs to. The generated
// client puts an [Info] into the context of each request. Whatever sends, logs or
// traces the request reads it there. None of it is sent.
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

// Info describes the API call that a request belongs to: the operation of the
// contract, the order and the status of success. The zero value describes a request
// that no operation made.
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

// NewContext returns a context that carries info, in place of any that ctx carries.
func NewContext(ctx context.Context, info Info) context.Context {
	return &carrier{Context: ctx, info: info}
}

// FromContext returns the Info of ctx, and reports whether there is one.
func FromContext(ctx context.Context) (Info, bool) {
	info, ok := ctx.Value(key{}).(*Info)
	if !ok {
		return Info{}, false
	}
	return *info, true
}
