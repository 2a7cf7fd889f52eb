package apierror_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
)

func TestLogValue(t *testing.T) {
	body := `{"code":"PARAM_ERROR","message":"` + strings.Repeat("错", 300) + `","detail":{"value":"MARKER-secret-value"}}`
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Error("modify", "error", apierror.New(answer(400, requestID), []byte(body)))
	var entry struct{ Error map[string]any }
	if err := json.Unmarshal(log.Bytes(), &entry); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"status": 400.0, "code": "PARAM_ERROR", "number": 271316657.0, "request_id": requestID,
		"method": "POST", "path": modifyPath, "message": strings.Repeat("错", 200) + "…",
	} {
		if entry.Error[name] != want {
			t.Errorf("%s is %v, want %v", name, entry.Error[name], want)
		}
	}
	t.Log(log.String()) // internal/leaks reads it, too
	if len(entry.Error) != 7 || strings.Contains(log.String(), "secret") {
		t.Errorf("logged: %s", log.String())
	}
}
