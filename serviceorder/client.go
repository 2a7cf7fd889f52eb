package serviceorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// PartnerClient has the methods of *payscore.Client that the functions for partners
// call. An error must be [apierror.ErrOutcomeUnknown] exactly when the operation
// may have been carried out.
type PartnerClient interface {
	QueryPartnerServiceOrder(ctx context.Context, params payscore.QueryPartnerServiceOrderParams, editors ...payscore.RequestEditorFn) (*payscore.ServiceOrderEntity, error)
	CancelPartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.CancelPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	CompletePartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.CompletePartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	ModifyPartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.ModifyPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	PayPartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.PayPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	SyncPartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.SyncPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
}

// DirectClient has the methods of *payscore.Client that the functions for direct
// merchants call. Its errors are like those of [PartnerClient].
type DirectClient interface {
	QueryServiceOrder(ctx context.Context, params payscore.QueryServiceOrderParams, editors ...payscore.RequestEditorFn) (*payscore.DirectServiceOrderEntity, error)
	CancelServiceOrder(ctx context.Context, outOrderNo string, body payscore.CancelServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.CancelServiceOrderResult, error)
	CompleteServiceOrder(ctx context.Context, outOrderNo string, body payscore.CompleteServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.CompleteServiceOrderResult, error)
	ModifyServiceOrder(ctx context.Context, outOrderNo string, body payscore.ModifyServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.DirectServiceOrderEntity, error)
	PayServiceOrder(ctx context.Context, outOrderNo string, body payscore.PayServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.PayServiceOrderResult, error)
	SyncServiceOrder(ctx context.Context, outOrderNo string, body payscore.SyncServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.DirectServiceOrderEntity, error)
}

var (
	_ PartnerClient = (*payscore.Client)(nil)
	_ DirectClient  = (*payscore.Client)(nil)
)

var errOtherOrder = errors.New("the query answered another order")

// confirmPartner confirms an operation of a partner. Its query has all parameters
// that are known. serviceID is the body's, nil if it has none.
func confirmPartner[B any](ctx context.Context, client PartnerClient, outOrderNo, subMchID string, serviceID *string, body B,
	send func(PartnerClient, context.Context, string, B, ...payscore.RequestEditorFn) error, k kind, o options,
) (Result[payscore.ServiceOrderEntity], error) {
	params := payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: &outOrderNo}
	if service := o.service(serviceID); service != "" {
		params.ServiceID = &service
	}
	return confirm(ctx, operation[payscore.ServiceOrderEntity]{
		kind: k, outOrderNo: outOrderNo, unqueried: validate(ctx, client, params), query: partnerQuery(ctx, client, params),
		send: func() (*payscore.ServiceOrderEntity, error) { return nil, send(client, ctx, outOrderNo, body) },
	}, o)
}

// confirmDirect is confirmPartner for a direct merchant, whose query requires the
// service and the app.
func confirmDirect[B any, A directAnswer](ctx context.Context, client DirectClient, outOrderNo, serviceID, appID string, body B,
	send func(DirectClient, context.Context, string, B, ...payscore.RequestEditorFn) (*A, error), k kind, o options,
) (Result[payscore.DirectServiceOrderEntity], error) {
	params := payscore.QueryServiceOrderParams{ServiceID: serviceID, AppID: appID, OutOrderNo: &outOrderNo}
	return confirm(ctx, operation[payscore.DirectServiceOrderEntity]{
		kind: k, outOrderNo: outOrderNo, unqueried: validate(ctx, client, params), query: directQuery(ctx, client, params),
		send: func() (*payscore.DirectServiceOrderEntity, error) {
			answer, err := send(client, ctx, outOrderNo, body)
			if err != nil {
				return nil, err
			}
			return answered(outOrderNo, cmp.Or(answer, new(A)))
		},
	}, o)
}

// validate checks the parameters of a query as the client does. A client of another
// kind is taken for one that makes no exceptions.
func validate(ctx context.Context, client any, params interface{ Validate() error }) error {
	if c, ok := client.(interface {
		Validate(context.Context, interface{ Validate() error }) error
	}); ok {
		return c.Validate(ctx, params)
	}
	return params.Validate()
}

// directAnswer is a response to an operation of a direct merchant. It has the
// number of the order.
type directAnswer interface {
	payscore.DirectServiceOrderEntity | payscore.CancelServiceOrderResult | payscore.CompleteServiceOrderResult | payscore.PayServiceOrderResult
}

// answered returns the order if the response to an operation is one. If the
// response is about another order, the outcome is unknown.
func answered(outOrderNo string, answer any) (order *payscore.DirectServiceOrderEntity, err error) {
	var about string
	switch a := answer.(type) {
	case *payscore.DirectServiceOrderEntity:
		order, about = a, a.OutOrderNo
	case *payscore.CancelServiceOrderResult:
		about = a.OutOrderNo
	case *payscore.CompleteServiceOrderResult:
		about = a.OutOrderNo
	case *payscore.PayServiceOrderResult:
		about = a.OutOrderNo
	}
	if about != outOrderNo {
		return nil, fmt.Errorf("the operation answered another order: %w", apierror.ErrOutcomeUnknown)
	}
	return order, nil
}

// partnerQuery returns a query of the order, which fails if the response is about
// another one. It returns nil without a client.
func partnerQuery(ctx context.Context, client PartnerClient, params payscore.QueryPartnerServiceOrderParams) func() (*payscore.ServiceOrderEntity, error) {
	if client == nil {
		return nil
	}
	return func() (*payscore.ServiceOrderEntity, error) {
		order, err := client.QueryPartnerServiceOrder(ctx, params)
		switch {
		case err != nil:
			return nil, hintService(params, err)
		case order == nil, order.OutOrderNo != *params.OutOrderNo, order.SubMchID != nil && *order.SubMchID != params.SubMchID,
			params.ServiceID != nil && order.ServiceID != "" && order.ServiceID != *params.ServiceID:
			return nil, errOtherOrder
		}
		return order, nil
	}
}

// hintService adds to the refusal of a query without a service, for lack of
// permission, that a service may help: two of three official texts require it.
func hintService(params payscore.QueryPartnerServiceOrderParams, err error) error {
	var refused *apierror.Error
	if params.ServiceID == nil && errors.As(err, &refused) && refused.Status == http.StatusForbidden {
		return fmt.Errorf("%w (the query named no service_id, and naming it may help)", err)
	}
	return err
}

// directQuery is partnerQuery for a direct merchant.
func directQuery(ctx context.Context, client DirectClient, params payscore.QueryServiceOrderParams) func() (*payscore.DirectServiceOrderEntity, error) {
	if client == nil {
		return nil
	}
	return func() (*payscore.DirectServiceOrderEntity, error) {
		order, err := client.QueryServiceOrder(ctx, params)
		switch {
		case err != nil:
			return nil, err
		case order == nil, order.OutOrderNo != *params.OutOrderNo, order.ServiceID != params.ServiceID, order.AppID != params.AppID:
			return nil, errOtherOrder
		}
		return order, nil
	}
}
