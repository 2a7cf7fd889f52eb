// Lets a function without a body compile: see gopay_sign.go.
