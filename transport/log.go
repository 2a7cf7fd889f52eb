package transport

import (
	"context"
	"log/slog"
)

// LogAttempts returns an observer, for [WithObserver], that writes one record
// for each attempt, nil meaning slog.Default:
//
//	INFO  what was carried out, or answered
//	WARN  what is sent again, and what was refused
//	ERROR what the call returns with its outcome unknown, or without an answer
//
// A call that gives up the repeat it was waiting for has one record more,
// "payscore call given up", with the level of how the call ended. It has
// gave_up in place of duration and is no attempt. A call that ended before
// anything was sent has one record, "payscore call not sent", without attempt.
//
// A record has method, operation, out_order_no, path, host, attempt, outcome,
// status, code, number, request_id, duration, retry_in, gave_up and error,
// without those that have no value. It has no body, no header, no query, no message of
// WeChat Pay, and of the path's parameters the order number alone; of a request
// that no operation made it has the path as it was sent. The context goes to
// the handler. Safe for concurrent use.
func LogAttempts(logger *slog.Logger) func(ctx context.Context, a Attempt) {
	return func(ctx context.Context, a Attempt) {
		to := logger
		if to == nil {
			to = slog.Default()
		}
		level := levelOf(a)
		if !to.Enabled(ctx, level) {
			return
		}
		attrs := make([]slog.Attr, 0, 14)
		add := func(attr slog.Attr, has bool) {
			if has {
				attrs = append(attrs, attr)
			}
		}
		cause := a.Cause()
		add(slog.String("method", a.Method), true)
		add(slog.String("operation", a.Call.Operation), a.Call.Operation != "")
		add(slog.String("out_order_no", a.Call.OutOrderNo), a.Call.OutOrderNo != "")
		add(slog.String("path", a.Path), true)
		add(slog.String("host", a.Host), a.Host != "")
		add(slog.Int("attempt", a.N), a.N != 0)
		add(slog.String("outcome", string(a.Outcome)), true)
		add(slog.Int("status", a.Status), a.Status != 0)
		add(slog.String("code", a.Code), a.Code != "")
		add(slog.Int64("number", a.Number), a.Number != 0)
		add(slog.String("request_id", a.RequestID), a.RequestID != "")
		add(slog.Duration("duration", a.Duration), a.GaveUp == nil)
		add(slog.Duration("retry_in", a.Wait), a.Retry)
		message := "payscore attempt"
		switch {
		case a.GaveUp != nil:
			message = "payscore call given up"
			add(slog.String("gave_up", line(a.GaveUp)), true)
		case a.N == 0:
			message = "payscore call not sent"
		}
		add(slog.String("error", cause), cause != "")
		to.LogAttrs(ctx, level, message, attrs...)
	}
}

func levelOf(a Attempt) slog.Level {
	switch {
	case a.Outcome == OK:
		return slog.LevelInfo
	case a.Retry, a.Outcome == Refused:
		return slog.LevelWarn
	}
	return slog.LevelError
}

// Cause is the text of Err in one line, without the path and its parameters:
// empty when Err is nil.
func (a Attempt) Cause() string {
	switch err := a.Err.(type) {
	case nil:
		return ""
	case *SendError:
		return line(err.Err)
	case *UnverifiedError:
		return line(err.Err)
	default:
		return line(err)
	}
}
