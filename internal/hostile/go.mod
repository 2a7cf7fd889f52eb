module github.com/wxpayscore/payscore/internal/hostile

go 1.26.0

require (
	github.com/wxpayscore/payscore v0.0.0
	golang.org/x/net v0.61.0
)

require golang.org/x/text v0.43.0 // indirect

replace github.com/wxpayscore/payscore => ../..
