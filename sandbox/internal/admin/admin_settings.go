package admin

import (
	"context"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
)

func (a adminOperations) settings() server.Settings {
	return server.Settings{KeyMode: a.ledger.Keys.Mode.String(), LenientAmounts: a.ledger.Lenient(), HTTPSProxy: a.proxy}
}

// GetSettings is GET /_sandbox/api/settings.
func (a adminOperations) GetSettings(context.Context, server.GetSettingsRequestObject) (server.GetSettingsResponseObject, error) {
	return server.GetSettings200JSONResponse(a.settings()), nil
}

// ChangeSettings is POST /_sandbox/api/settings.
func (a adminOperations) ChangeSettings(_ context.Context, r server.ChangeSettingsRequestObject) (server.ChangeSettingsResponseObject, error) {
	if on := r.Body.LenientAmounts; on != nil {
		a.ledger.SetLenient(*on)
	}
	return server.ChangeSettings200JSONResponse(a.settings()), nil
}
