package sandbox

import (
	"context"
	"errors"
	"net/http"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
)

func (a adminOperations) ListOtherMoves(context.Context, server.ListOtherMovesRequestObject) (server.ListOtherMovesResponseObject, error) {
	list := server.OtherMoveList{Moves: []server.OtherMoveKind{}}
	for _, m := range OtherMoves() {
		list.Moves = append(list.Moves, server.OtherMoveKind{Name: m.Name, Needs: append([]string{}, m.Needs...)})
	}
	return server.ListOtherMoves200JSONResponse(list), nil
}

func (a adminOperations) MakeOtherMove(_ context.Context, r server.MakeOtherMoveRequestObject) (server.MakeOtherMoveResponseObject, error) {
	b := r.Body
	err := a.MoveOther(b.Name, OtherMoveArgs{
		SubMchID: orDefault(b.SubMchid, ""), AuthorizationCode: orDefault(b.AuthorizationCode, ""),
		OpenID: orDefault(b.Openid, ""), SubOpenID: orDefault(b.SubOpenid, ""), OutRefundNo: orDefault(b.OutRefundNo, ""),
		OutApplyNo: orDefault(b.OutApplyNo, ""), Reason: orDefault(b.Reason, ""), UserLabel: orDefault(b.UserLabel, ""),
		UserRiskLevel: orDefault(b.UserRiskLevel, 0), RiskLevelVersion: orDefault(b.RiskLevelVersion, 0),
	})
	if err == nil {
		return server.MakeOtherMove204Response{}, nil
	}
	if errors.Is(err, ErrNoSuchSubject) {
		return nil, &problem{http.StatusNotFound, "NOT_FOUND", err.Error()}
	}
	return nil, problemOf(http.StatusConflict, "CONFLICT", err)
}
