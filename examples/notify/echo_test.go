package notify_test

import "github.com/labstack/echo/v4"

func Example_echo() {
	router := echo.New()
	router.POST("/notify", echo.WrapHandler(newReceiver()))
	deliver(router)
	// Output:
	// PAYSCORE.USER_PAID 1234323JKHDFE1243252
	// 204
	// 401 {"code":"FAIL","message":"the signature does not verify"}
}
