# `make demo` shows the program in action and `make test` runs its tests. Both
# install and start Docker if necessary and permitted.

version := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The tag brings the decoder of HEIC, which is linked statically only with it.
build   := CGO_ENABLED=0 go build -tags nodynamic -trimpath -ldflags "-s -w -X main.version=$(version)"

engine_packages := $(addprefix ./internal/,containers detect helper images run e2e)

.PHONY: build demo test test-kills test-podman test-engine29 test-debian lint bench release check-release

build:
	$(build) -o bin/facecraft ./cmd/facecraft

# Make a portrait with the built-in engine, without a download. A separate
# instance leaves your own server alone.
demo: export FACECRAFT_INSTANCE = facecraft-demo
demo: build
	@sh scripts/ensure-docker.sh
	@bin/facecraft up --lite --recreate --no-open
	@bin/facecraft process internal/e2e/testdata/photos/astronaut.png -o demo/portrait.png --force
	@echo
	@echo "The portrait is $(CURDIR)/demo/portrait.png"
	@echo "The server is still running. To stop it:"
	@echo "  FACECRAFT_INSTANCE=facecraft-demo bin/facecraft down"

# One package at a time: some start their own Docker daemons, and connections to
# other packages' containers have been seen to hang meanwhile. The stories of
# internal/e2e take about nine minutes on two cores. RUN chooses tests.
test:
	@sh scripts/ensure-docker.sh || echo "Continuing without Docker: tests that need it will be skipped." >&2
	go test -p 1 -timeout 20m $(if $(RUN),-run '$(RUN)') ./...

# Kill a pull at fifty random moments; make test kills it five times.
test-kills:
	@sh scripts/ensure-docker.sh
	FACECRAFT_KILLS=50 FACECRAFT_E2E=required go test -count 1 -v -run KilledPull ./internal/images

# Run the tests that need an engine on Podman. SKIP is a pattern of tests to skip.
# Few run in parallel: Podman's image list fails while an image is being removed.
test-podman:
	go mod download
	sh scripts/podman.sh go test -p 1 -parallel 2 -timeout 20m -skip '$(SKIP)' $(engine_packages)

# The same on Docker Engine 29, with either of its image stores. PACKAGES and
# RUN choose fewer.
test-engine29: PACKAGES = $(engine_packages)
test-engine29:
	go mod download
	sh scripts/engine29.sh overlay2 go test -p 1 -timeout 20m -run '$(RUN)' -skip '$(SKIP)' $(PACKAGES)
	sh scripts/engine29.sh containerd go test -p 1 -timeout 20m -run '$(RUN)' -skip '$(SKIP)' $(PACKAGES)

# Verify an image of Debian with its torch and its model of the landmarks.
test-debian:
	go mod download
	sh scripts/debian.sh go test -p 1 -timeout 20m -run Debian ./internal/assay ./internal/trial

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	shellcheck install.sh scripts/*.sh .ci/run
	go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
	go test -run TestLines ./internal/e2e

bench:
	go test -run '^$$' -bench . -benchtime 3x ./...

# SIGNING_KEY is the SSH key that signs it.
release:
	sh scripts/release.sh dist

# Build the last commit's release twice, compare, and install its Debian package.
check-release:
	sh scripts/check-release.sh
