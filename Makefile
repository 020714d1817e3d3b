# The commands of this project. `make demo` shows the program at work, `make
# test` passes its tests; both bring Docker up themselves where they may.

version := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
build   := CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(version)"

.PHONY: build demo test test-podman lint bench release

build:
	$(build) -o bin/facecraft ./cmd/facecraft

# A server on the built-in engine, a photo, a portrait: nothing is downloaded.
# An instance of its own leaves another server of yours alone.
demo: export FACECRAFT_INSTANCE = facecraft-demo
demo: build
	@sh scripts/ensure-docker.sh
	@bin/facecraft up --lite --recreate --no-open
	@bin/facecraft process internal/e2e/testdata/photos/astronaut.png -o demo/portrait.png --force
	@echo
	@echo "The portrait is $(CURDIR)/demo/portrait.png"
	@echo "The server runs on. To stop it:"
	@echo "  FACECRAFT_INSTANCE=facecraft-demo bin/facecraft down"

# One package at a time: some start Docker daemons of their own, beside which
# a connection to another package's container has been seen to hang.
test:
	@sh scripts/ensure-docker.sh || echo "Going on without Docker: the tests that need it are skipped." >&2
	go test -p 1 ./...

# Those that need an engine, on Podman, where it is installed. SKIP leaves tests
# out. A few at a time: Podman's list of images fails while one is removed.
test-podman:
	go mod download
	sh scripts/podman.sh go test -p 1 -parallel 2 -timeout 20m -skip '$(SKIP)' ./internal/containers ./internal/detect ./internal/helper ./internal/images ./internal/run ./internal/e2e

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	shellcheck install.sh scripts/*.sh .ci/run

bench:
	go test -run '^$$' -bench . -benchtime 3x ./...

release:
	sh scripts/release.sh dist
