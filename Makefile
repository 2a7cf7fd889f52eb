# Every target but interop runs from a fresh clone with Go, make and git. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run test generate lint race secrets faults hostile walk idle soak redis drift examples otel interop matrix console viewer peers bench ci

# All that is derived, and nothing else.
DERIVED := gen notify/eventtypes.gen.go api/dist docs/coverage.md $(addprefix api/vectors/,signature.json notification.json launch.json certificates.json sensitive.json)

# They have requirements of their own, and so a go.mod: those that users import, and the others.
IMPORTED := otel notify/redisdedup
PROGRAMS := bench examples/notify internal/hostile
MODULES := $(IMPORTED) $(PROGRAMS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## modify an order end to end, on a sandbox in the same process
	go run ./cmd/payscore modify --sandbox

test: ## run all tests
	go test ./...

generate: ## derive all from the contracts in api/ and show what changed
	go generate ./...
	@git --no-pager diff --stat -- $(DERIVED)
	@git ls-files --others --exclude-standard -- $(DERIVED) | sed 's/$$/ (new)/'

lint: ## check formatting, code and contract
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck ./...
	@bin=$$(mktemp -d) && trap 'rm -rf "$$bin"' EXIT && go build -o "$$bin" honnef.co/go/tools/cmd/staticcheck && \
	for module in $(MODULES); do (cd $$module && go vet ./... && "$$bin/staticcheck" ./...) || exit 1; done
	go run ./cmd/specgen lint api/openapi.yaml

race: ## run all tests with the race detector (needs a C compiler)
	go test -race ./...

secrets: ## run the tests of all modules, with the race detector, and look for secrets in what they print
	@for module in . $(IMPORTED); do echo "$$module:"; go run ./internal/leaks go -C $$module test -race -v ./... || exit 1; done
	@for module in $(PROGRAMS); do echo "$$module:"; go run ./internal/leaks go -C $$module test -v ./... || exit 1; done

faults: ## change 4,000 orders on networks, HTTP/1.1 and HTTP/2, that do all kinds of things wrong, and one order under all pairs of faults (needs a C compiler)
	PAYSCORE_FAULT_ORDERS=2000 go test ./sandbox -run 'TestModifyUnderFaults|TestConfirmUnderFaults' -v
	PAYSCORE_FAULT_PAIRS=all go run ./internal/leaks go test -race ./transport -run TestFaultsInARow -v

hostile: ## 16,000 attacks by servers of HTTP/1.1 and HTTP/2, and the verdict on each write (needs a C compiler); hostile texts on a terminal
	cd internal/hostile && PAYSCORE_HOSTILE=all go test -race -run TestHostile -v .
	PAYSCORE_HOSTILE=all go test ./cmd/payscore -run TestHostile -v

walk: ## walk through CONTRIBUTING.md, add to the contract on copies of the repository, and generate a client as other teams do
	PAYSCORE_WALK=1 go test ./internal/codegen -run 'TestAddAField|TestAddParameters|TestAdditionsTakeEffect|TestPlainClient|TestEachScalarMayHaveAnotherType' -v
	go test ./cmd/specgen/internal/diff -run TestNothingChangesInSilence -all

idle: ## call for a minute a server that closes idle connections after 8 seconds
	PAYSCORE_IDLE_FOR=60s go test ./transport -run TestNoEOF -v

redis: ## test the deduper that several processes share (needs redis-server)
	cd notify/redisdedup && go vet ./... && go test -v ./...

soak: ## 5,000 writes to a data file under kill -9, 100,000 steps of the sandbox against a model, and its tests in full
	PAYSCORE_KILL_WRITES=5000 go test ./cmd/payscore -run TestKillLosesNothing -v -timeout 30m
	PAYSCORE_MODEL_STEPS=100000 go test ./sandbox -run TestModel -v -timeout 30m
	PAYSCORE_SANDBOX=all go test -count=1 ./sandbox

drift: ## prove that what is derived, and go.mod, are what the sources make of them
	rm -rf $(DERIVED)
	go generate ./...
	go mod tidy
	@test -z "$$(git status --porcelain)" || { echo "generated files are out of date:"; git status --porcelain; exit 1; }

examples: ## run the example programs against a sandbox
	@for main in examples/*/main.go; do dir=$${main%/main.go}; echo "go run ./$$dir"; go run "./$$dir" || exit 1; done
	cd examples/notify && go vet ./... && go test ./...

otel: ## check the OpenTelemetry module, which has requirements of its own
	cd otel && go vet ./... && go test ./...

interop: ## prove that the contract works outside of Go (needs Node 20, npm, a JDK and Chromium)
	interop/run

matrix: ## run four clients of others on the sandbox and compare the table in docs/interop.md; UPDATE=1 writes it (needs Node 20 and npm)
	interop/run matrix

console: ## drive the sandbox's console in a browser (needs Node 20, npm and Chromium)
	interop/run console

viewer: ## fetch the pinned viewer of the reference page again (needs npm)
	cmd/specgen/internal/build/viewer/refresh

peers: ## check allocations beside the other Go clients, and run all of make bench once, in short
	cd bench && go vet ./... && go test ./... && go run ./report --short -o -

bench: ## measure this client beside its peers, the sandbox and the tools, with both versions of Go, into docs/performance*.md
	cd bench && go run ./report
	cd bench && GOTOOLCHAIN=go1.27.1 go run ./report -o ../docs/performance-go1.27.md

ci: ## what gates a change, .ci/run
	.ci/run
