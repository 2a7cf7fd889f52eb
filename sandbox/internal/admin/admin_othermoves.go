package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

func (a adminOperations) ListOtherMoves(context.Context, server.ListOtherMovesRequestObject) (server.ListOtherMovesResponseObject, error) {
	list := server.OtherMoveList{Moves: []server.OtherMoveKind{}}
	for _, m := range ledger.OtherMoves() {
		list.Moves = append(list.Moves, server.OtherMoveKind{Name: m.Name, Needs: append([]string{}, m.Needs...)})
	}
	return server.ListOtherMoves200JSONResponse(list), nil
}

func (a adminOperations) MakeOtherMove(_ context.Context, r server.MakeOtherMoveRequestObject) (server.MakeOtherMoveResponseObject, error) {
	b := r.Body
	err := a.moveOther(b.Name, ledger.MoveArgs{
		Family: familyOf(b.Family), SubMchID: orDefault(b.SubMchid, ""), AuthorizationCode: orDefault(b.AuthorizationCode, ""),
		OpenID: orDefault(b.Openid, ""), SubOpenID: orDefault(b.SubOpenid, ""), OutRefundNo: orDefault(b.OutRefundNo, ""),
		OutApplyNo: orDefault(b.OutApplyNo, ""), Reason: orDefault(b.Reason, ""), UserLabel: orDefault(b.UserLabel, ""),
		UserRiskLevel: orDefault(b.UserRiskLevel, 0), RiskLevelVersion: orDefault(b.RiskLevelVersion, 0),
		MerchantSignPlanNo: orDefault(b.MerchantSignPlanNo, ""),
	})
	if err == nil {
		return server.MakeOtherMove204Response{}, nil
	}
	if errors.Is(err, rules.ErrNoSuchSubject) {
		return nil, &problem{http.StatusNotFound, "NOT_FOUND", err.Error()}
	}
	return nil, problemOf(http.StatusConflict, "CONFLICT", err)
}

// moveOther takes the moves that it lists.
func (a adminOperations) moveOther(name string, args ledger.MoveArgs) error {
	if !slices.ContainsFunc(ledger.OtherMoves(), func(m ledger.OtherMove) bool { return m.Name == name }) {
		return &ledger.MoveError{Move: name, Err: rules.ErrNoSuchMove}
	}
	return a.ledger.Move(name, args)
}
