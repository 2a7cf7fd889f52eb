package apierror

import (
	"log/slog"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// LogValue makes slog write the error as a group: status, code, number,
// request_id, method, path, message. Detail is left out, since it may repeat
// what the request said of a user.
//
//	slog.Error("modify", "error", refused) // error.status=400 error.code=...
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("status", e.Status),
		slog.String("code", oneline.Cut(e.Code, 64)),
		slog.Int64("number", e.Number),
		slog.String("request_id", oneline.Cut(e.RequestID, 128)),
		slog.String("method", oneline.Cut(e.Method, 16)),
		slog.String("path", oneline.Cut(e.Path, 300)),
		slog.String("message", oneline.Cut(e.Message, 200)),
	)
}
