# make prints the targets; each works as the only command on a fresh machine
# that has Go, make and git.

GO     ?= go
SPEED  ?= 10
# What the sandbox's API server says that it is; without it kubectl cannot read its version.
KUBERNETES := -X k8s.io/component-base/version.gitVersion=v1.37.2 \
	-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37
# The race detector needs cgo, and cgo a C compiler with its headers.
RACE   ?= $(shell test "$$($(GO) env CGO_ENABLED)" = 1 && $$($(GO) env CC) -E -include stdlib.h -x c /dev/null >/dev/null 2>&1 && echo -race)
GOLINT := $(GO) tool -modfile=tools/go.mod

.PHONY: help build postgres sandbox demo test unit e2e drills lint format bench golden clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/slipway
	$(GO) build -o bin/slipway .

# The first build compiles a Kubernetes control plane: about 8 minutes on two
# cores, and a few seconds from then on. No commit is stamped into it: it would
# be linked again for each.
sandbox: ## build bin/sandbox, a local control plane to try things on
	@mkdir -p bin
	@GO="$(GO)" sandbox/build.sh "$(CURDIR)/bin/sandbox" -buildvcs=false -ldflags "$(KUBERNETES)"

demo: build sandbox ## try it: a sandbox with the console on it, taken down on leaving
	bin/sandbox exec --dir .sandbox/demo -- bin/slipway --config .sandbox/demo/slipway.yaml --env production --version v2.5.0

# The tests of databases need a server. As root on Debian it is installed from the distribution's packages, and then the
# tests fail without it; elsewhere they are skipped, each by its name.
POSTGRES := $$(ls /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres 2>/dev/null | head -n 1)
postgres: ## install PostgreSQL, if it is missing: for the tests of databases and the sandbox
	@if test -n "$(POSTGRES)" || command -v postgres >/dev/null; then :; \
	elif test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		echo "installing PostgreSQL from the distribution's packages"; \
		{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql postgresql-client; } || \
			echo "PostgreSQL could not be installed: the tests that need one are skipped"; \
	else echo "no PostgreSQL: the tests that need one are skipped; install the package postgresql to run them"; fi

test: unit e2e ## everything: unit, golden, scripts, and end to end on one sandbox

unit: postgres
	@test -n "$(RACE)" || echo "no C compiler: tests run without the race detector"
	$(GO) vet ./...
	SLIPWAY_POSTGRES=$$(test -n "$(POSTGRES)" && echo required) $(GO) test $(RACE) ./...
	cd sandbox && $(GO) test $(RACE) ./behaviour ./traffic ./gateway ./faulty ./meddle ./supervise ./stages ./kubelet ./disorder ./up ./top ./outside ./crds

e2e: build sandbox
	bin/sandbox exec --dir .sandbox/test --speed $(SPEED) --deadline 20s -- \
		$(GO) test $(RACE) -count=1 -p 1 -parallel 4 -timeout 40m ./kube ./metrics ./e2e

drills: sandbox ## the sandbox's own tests: every tag, every part, its end; takes several minutes
	cd sandbox && SANDBOX_BIN="$(CURDIR)/bin/sandbox" $(GO) test -count=1 -timeout 20m ./prom ./e2e

lint: ## formatting, vet, golangci-lint
	$(GOLINT) gofumpt -l . | (! grep .)
	$(GOLINT) golangci-lint run ./...
	cd sandbox && $(GO) vet ./... && $(GO) tool -modfile=../tools/go.mod golangci-lint run ./...

format: ## rewrite the sources as gofumpt wants them
	$(GOLINT) gofumpt -w .

bench: build sandbox ## measure what ARCHITECTURE.md gives budgets for
	bin/sandbox exec --dir .sandbox/bench -- $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./e2e

golden: ## rewrite golden frames and stories; look at the difference before you keep it
	$(GO) test ./ui -update
	$(GO) test ./release -rewrite

clean: ## remove what was built and the sandboxes' data
	rm -rf bin .sandbox
