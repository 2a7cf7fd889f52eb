package notify_test

import (
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"
)

func Example_gin() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.POST("/notify", gin.WrapH(newReceiver()))
	deliver(router)
	// Output:
	// PAYSCORE.USER_PAID 1234323JKHDFE1243252
	// 204
	// 401 {"code":"FAIL","message":"the signature does not verify"}
}

// A middleware that bound the body keeps the raw one under gin.BodyBytesKey.
func Example_ginAfterBinding() {
	gin.SetMode(gin.ReleaseMode)
	receiver, router := newReceiver(), gin.New()
	router.Use(func(c *gin.Context) {
		var decoded map[string]any
		if err := c.ShouldBindBodyWith(&decoded, binding.JSON); err != nil {
			c.AbortWithStatus(http.StatusBadRequest)
		}
	})
	router.POST("/notify", func(c *gin.Context) {
		if rest, _ := io.ReadAll(c.Request.Body); len(rest) > 0 {
			panic("the middleware left the body")
		}
		body, _ := c.MustGet(gin.BodyBytesKey).([]byte)
		status, answer := receiver.Receive(c.Request.Context(), c.Request.Header, body)
		c.Data(status, "application/json", answer)
	})
	deliver(router)
	// Output:
	// PAYSCORE.USER_PAID 1234323JKHDFE1243252
	// 204
	// 401 {"code":"FAIL","message":"the signature does not verify"}
}
