package apierror

import "log/slog"

// LogValue makes slog write the error as a group: status, code, number,
// request_id, method, path, message. Detail is left out, since it may repeat
// what the request said of a user.
//
//	slog.Error("modify", "error", refused) // error.status=400 error.code=...
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("status", e.Status),
		slog.String("code", line(e.Code, 64)),
		slog.Int64("number", e.Number),
		slog.String("request_id", line(e.RequestID, 128)),
		slog.String("method", line(e.Method, 16)),
		slog.String("path", line(e.Path, 300)),
		slog.String("message", line(e.Message, 200)),
	)
}
