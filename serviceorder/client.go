package serviceorder

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// PartnerClient is what the functions for partners need of a *payscore.Client:
// errors that are [apierror.ErrOutcomeUnknown] exactly when the operation may
// have been carried out.
type PartnerClient interface {
	QueryPartnerServiceOrder(ctx context.Context, params payscore.QueryPartnerServiceOrderParams, editors ...payscore.RequestEditorFn) (*payscore.ServiceOrderEntity, error)
	CancelPartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.CancelPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	CompletePartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.CompletePartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	ModifyPartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.ModifyPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	PayPartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.PayPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	SyncPartnerServiceOrder(ctx context.Context, outOrderNo string, body payscore.SyncPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
}

// DirectClient is what the functions for direct merchants need of a
// *payscore.Client, with errors as [PartnerClient] has them.
type DirectClient interface {
	QueryServiceOrder(ctx context.Context, params payscore.QueryServiceOrderParams, editors ...payscore.RequestEditorFn) (*payscore.DirectServiceOrderEntity, error)
	CancelServiceOrder(ctx context.Context, outOrderNo string, body payscore.CancelServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.CancelServiceOrderResponse, error)
	CompleteServiceOrder(ctx context.Context, outOrderNo string, body payscore.CompleteServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.CompleteServiceOrderResponse, error)
	ModifyServiceOrder(ctx context.Context, outOrderNo string, body payscore.ModifyServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.DirectServiceOrderEntity, error)
	PayServiceOrder(ctx context.Context, outOrderNo string, body payscore.PayServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.PayServiceOrderResponse, error)
	SyncServiceOrder(ctx context.Context, outOrderNo string, body payscore.SyncServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.DirectServiceOrderEntity, error)
}

var (
	_ PartnerClient = (*payscore.Client)(nil)
	_ DirectClient  = (*payscore.Client)(nil)
)

var errAnother = errors.New("the query answered another order")

// partnerParams is what a partner's order is queried with: all that is known
// of it. serviceID is the body's, nil where it bears none.
func partnerParams(outOrderNo, subMchID string, serviceID *string, opts []Option) payscore.QueryPartnerServiceOrderParams {
	params := payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: &outOrderNo}
	if service := knownService(serviceID, opts); service != "" {
		params.ServiceID = &service
	}
	return params
}

// directParams is partnerParams for a direct merchant, whose query takes no
// order without a service and an app.
func directParams(outOrderNo, serviceID, appID string) payscore.QueryServiceOrderParams {
	return payscore.QueryServiceOrderParams{ServiceID: serviceID, AppID: appID, OutOrderNo: &outOrderNo}
}

// knownService is the service that the body names, or else the one of
// [WithServiceID], or "".
func knownService(body *string, opts []Option) string {
	if body != nil {
		return *body
	}
	return newOptions(opts).serviceID
}

// partnerQuery answers the order, and an error when the answer is about
// another one. It is nil without a client.
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
			return nil, errAnother
		}
		return order, nil
	}
}

// hintService says of a query without a service that was refused for lack of
// permission what may help: two of three official texts require the service.
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
			return nil, errAnother
		}
		return order, nil
	}
}

// sameOrder checks that the answer to an operation is about the order that it
// was sent for. If not, nobody knows what was carried out.
func sameOrder(outOrderNo, answered string) error {
	if answered != outOrderNo {
		return fmt.Errorf("the operation answered another order: %w", apierror.ErrOutcomeUnknown)
	}
	return nil
}
