package serviceorder

import (
	"context"
	"errors"
	"fmt"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// PartnerClient is what the functions for partners need of a *payscore.Client:
// errors that are [apierror.ErrOutcomeUnknown] exactly when the operation may
// have been carried out.
type PartnerClient interface {
	QueryPartnerServiceOrder(ctx context.Context, params payscore.QueryPartnerServiceOrderParams, editors ...payscore.RequestEditorFn) (*payscore.ServiceOrderEntity, error)
	CancelPartnerServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.CancelPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	CompletePartnerServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.CompletePartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	ModifyPartnerServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.ModifyPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	PayPartnerServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.PayPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	SyncPartnerServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.SyncPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
}

// DirectClient is what the functions for direct merchants need of a
// *payscore.Client, with errors as [PartnerClient] has them.
type DirectClient interface {
	QueryServiceOrder(ctx context.Context, params payscore.QueryServiceOrderParams, editors ...payscore.RequestEditorFn) (*payscore.DirectServiceOrderEntity, error)
	CancelServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.CancelServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.CancelServiceOrderResponse, error)
	CompleteServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.CompleteServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.CompleteServiceOrderResponse, error)
	ModifyServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.ModifyServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.DirectServiceOrderEntity, error)
	PayServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.PayServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.PayServiceOrderResponse, error)
	SyncServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.SyncServiceOrderRequest, editors ...payscore.RequestEditorFn) (*payscore.DirectServiceOrderEntity, error)
}

var (
	_ PartnerClient = (*payscore.Client)(nil)
	_ DirectClient  = (*payscore.Client)(nil)
)

var errAnother = errors.New("the query answered another order")

// partnerQuery answers the order, and an error when the answer is about
// another one.
func partnerQuery(ctx context.Context, client PartnerClient, outOrderNo, subMchID string) func() (*payscore.ServiceOrderEntity, error) {
	return func() (*payscore.ServiceOrderEntity, error) {
		order, err := client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: &outOrderNo})
		switch {
		case err != nil:
			return nil, err
		case order == nil, order.OutOrderNo != outOrderNo, order.SubMchID != nil && *order.SubMchID != subMchID:
			return nil, errAnother
		}
		return order, nil
	}
}

// directQuery is partnerQuery for a direct merchant.
func directQuery(ctx context.Context, client DirectClient, outOrderNo, serviceID, appID string) func() (*payscore.DirectServiceOrderEntity, error) {
	return func() (*payscore.DirectServiceOrderEntity, error) {
		order, err := client.QueryServiceOrder(ctx, payscore.QueryServiceOrderParams{ServiceID: serviceID, AppID: appID, OutOrderNo: &outOrderNo})
		switch {
		case err != nil:
			return nil, err
		case order == nil, order.OutOrderNo != outOrderNo, order.ServiceID != serviceID, order.AppID != appID:
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
