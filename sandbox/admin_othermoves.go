package sandbox

import (
	"context"
	"errors"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
)

func (a adminOperations) ListOtherMoves(context.Context, server.ListOtherMovesRequestObject) (server.ListOtherMovesResponseObject, error) {
	return server.ListOtherMoves200JSONResponse{Moves: []server.OtherMoveKind{}}, nil
}

func (a adminOperations) MakeOtherMove(_ context.Context, r server.MakeOtherMoveRequestObject) (server.MakeOtherMoveResponseObject, error) {
	return nil, invalid(errors.New("no such move"))
}
