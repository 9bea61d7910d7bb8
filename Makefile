# Every target a person or CI needs. Nothing here installs anything: a target that lacks something
# says what, and how to get it.

GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
FOREIGN := connector/qliksense/qliktest/foreign# a module of its own: clients that we did not write
TIMEOUT ?= 20m

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Crawl a simulated Qlik Sense site into a Postgres of its own, and say where to look
	@tools/need go
	$(GO) run ./cmd/qlikcrawler demo

.PHONY: test
test: ## Run every test with the race detector
	@tools/need go cc postgres node
	$(GO) test -race -timeout $(TIMEOUT) ./...
	@if [ -f $(FOREIGN)/go.mod ]; then \
		echo "$(GO) -C $(FOREIGN) test -race ./..."; \
		$(GO) -C $(FOREIGN) test -race -timeout $(TIMEOUT) ./...; \
	fi

.PHONY: check
check: needs format vet lint layering windows packages chart vulnerabilities test ## Do what CI does: format, vet, lint, layering, packages, chart, then test

.PHONY: needs
needs: ## Say what a whole check lacks, all at once
	@tools/need go cc postgres node dpkg rpm systemd

.PHONY: check-all
check-all: export QLIKCRAWLER_LONG = 1
check-all: check cross ## Check with the long suites, and build for every system (the chart, too, whether or not it changed)

.PHONY: format
format: ## Check the formatting (make fix mends it)
	@tools/need go
	@wrong=$$($(TOOL) gofumpt -l . ) || exit 1; \
	if [ -n "$$wrong" ]; then echo "not formatted (make fix mends it):"; echo "$$wrong"; exit 1; fi

.PHONY: fix
fix: ## Format all Go files
	$(TOOL) gofumpt -w .

.PHONY: vet
vet: ## Run go vet
	$(GO) vet ./...
	$(GO) -C tools vet ./...
	@if [ -f $(FOREIGN)/go.mod ]; then $(GO) -C $(FOREIGN) vet ./...; fi

.PHONY: lint
lint: ## Run staticcheck
	$(TOOL) staticcheck ./...
	cd tools && $(GO) tool staticcheck ./...

.PHONY: layering
layering: ## Check who imports whom
	$(GO) test -run '^TestLayering$$' .

.PHONY: cross
cross: ## Build for Linux, Windows and macOS
	@for os in linux windows darwin; do for arch in amd64 arm64; do \
		echo "$(GO) build ./... for $$os/$$arch"; \
		GOOS=$$os GOARCH=$$arch CGO_ENABLED=0 $(GO) build ./... || exit 1; \
	done; done

.PHONY: windows
windows: ## Check what only Windows compiles: the service, and its neighbors
	GOOS=windows CGO_ENABLED=0 $(GO) vet ./cmd/qlikcrawler

.PHONY: release
release: ## Build what people download into dist/: binaries, archives, packages, bills of materials, checksums
	@tools/need go dpkg rpm
	$(GO) -C tools run ./release -root .. -out ../dist

.PHONY: packages
packages: ## Build the packages for Linux and look into them: contents, scripts, licenses, twice the same bytes
	@tools/need go dpkg rpm systemd
	$(GO) -C tools test -timeout $(TIMEOUT) ./...

.PHONY: licenses
licenses: ## Write docs/reference/licenses.md anew, from the modules' own license files
	$(GO) -C tools run ./release licenses

.PHONY: man
man: ## Write the manual pages into dist/man
	@mkdir -p dist/man
	$(GO) run ./cmd/qlikcrawler man dist/man

.PHONY: chart
chart: ## Check the Helm chart if it changed since it was last checked
	@tools/need go
	@tools/chart

.PHONY: vulnerabilities
vulnerabilities: ## Look for known vulnerabilities, where the database can be reached
	@tools/vulnerabilities

# What is measured how, and what came out: docs/performance.md. Bigger sizes: QLIKCRAWLER_LONG=1. Micro-benchmarks
# run for a short time each; whole crawls a few times.
CRAWLS := ./connector/qliksense/crawlbench
BENCH  := $(GO) test -run '^$$' -count 1 -timeout $(if $(QLIKCRAWLER_LONG),90m,$(TIMEOUT))

.PHONY: bench
bench: ## Run the benchmarks (ten minutes or so)
	@tools/need go postgres
	$(BENCH) -p 1 -benchtime 5x -benchmem -bench . \
		$$(grep -rl --include='*_test.go' 'func Benchmark' . | grep -v -e crawlbench -e foreign -e cmd/ -e catalog/postgres | xargs -n 1 dirname | sort -u)
	$(BENCH) -benchtime 10x -bench 'Save|Copy|Terms|Lineage$$|Link' ./catalog/postgres
	$(BENCH) -benchtime 60x -bench 'Reads|LineageOfASite' ./catalog/postgres
	$(BENCH) -benchtime 100x -bench 'BenchmarkApp$$' $(CRAWLS)
	$(BENCH) -benchtime 3x -bench 'Floor|RoundTrips|Listing|Delta' $(CRAWLS)
	$(BENCH) -benchtime 1x -bench 'WhereTimeGoes|Resume|Memory|Enigma' $(CRAWLS)
	$(BENCH) -benchtime 1x -bench . ./cmd/qlikcrawler

.PHONY: bench-enigma
bench-enigma: ## Compare a crawl with a walk by enigma.js, side by side
	@tools/need go postgres node
	$(BENCH) -benchtime 3x -bench Enigma $(CRAWLS)

.PHONY: pictures
pictures: ## Make the pictures of README.md anew, from the demo site in a headless Chromium
	@mkdir -p docs/images
	QLIKCRAWLER_PICTURES_TO=$(CURDIR)/docs/images $(GO) test -count 1 -run '^TestPicturesOfTheReadme$$' ./cmd/qlikcrawler

.PHONY: golden
golden: ## Write the expected outputs anew; read the diff before you commit it
	@tools/need go
	$(GO) test -run Golden $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n 1 dirname | sort -u) -update
