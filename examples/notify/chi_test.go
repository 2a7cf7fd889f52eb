package notify_test

import "github.com/go-chi/chi/v5"

func Example_chi() {
	router := chi.NewRouter()
	router.Method("POST", "/notify", newReceiver())
	deliver(router)
	// Output:
	// PAYSCORE.USER_PAID 1234323JKHDFE1243252
	// 204
	// 401 {"code":"FAIL","message":"the signature does not verify"}
}
