# The index of everything one can run. `make` alone lists it.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# The lock file is part of the project: building never changes it.
CARGO := cargo
LOCKED := --locked
EVERYTHING := --workspace --all-targets
PROGRAMS := -p manless -p gate-agent -p broker -p ws-gateway
BROWSER := e2e/browser
TYPESCRIPT := schemas/typescript
DASHBOARD := dashboard
CLIENT := $(DASHBOARD)/src/client
# What the dashboard is made of, tests and what is made of it left out.
DASHBOARD_SOURCES := $(shell find $(DASHBOARD) \( -name node_modules -o -name dist \) -prune -o -type f ! -name '*.test.*' ! -name '*.md' -print)
TARGET := front
SECONDS := 60
HOURS := 24
WINDOWS := x86_64-pc-windows-gnu
WINDOWS_LINTS := -A clippy::pedantic -A clippy::result_large_err
FUZZING = -max_total_time=$(SECONDS) -max_len=1000 -timeout=60 -rss_limit_mb=4096

.PHONY: help run test check bench bench-dashboard bench-dashboard-day bench-peers soak fuzz cuts contract contract-test published firmware fmt clippy doc deny audit unit browser test-hardware test-home-assistant windows \
	dashboard dashboard-check dashboard-test

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## The whole site on this machine; stop it with Ctrl-C
	@scripts/install-missing run
	@$(MAKE) --no-print-directory dashboard
	@$(CARGO) run --release $(LOCKED) -- up

test: ## Everything that must pass: what CI runs
	@scripts/install-missing test
	@$(MAKE) --no-print-directory dashboard
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory dashboard-test
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory contract-test
	@$(MAKE) --no-print-directory browser
	@echo "All tests passed."

check: fmt clippy doc deny published dashboard-check ## What a reviewer should not have to look for

# For example: make bench ARGS="--quick one-to-one"
bench: ## The benchmarks, with the peers that are installed (bench/README.md)
	$(CARGO) build --release $(LOCKED) -p broker -p ws-gateway -p gate-agent -p bench
	@$${CARGO_TARGET_DIR:-target}/release/bench $(ARGS)

bench-peers: ## Peers of the benchmarks that are no packages of the system: FastAPI, a bridge in Node.js
	@bench/peers/install $${CARGO_TARGET_DIR:-target}/bench-peers

bench-dashboard: dashboard $(BROWSER)/node_modules/.package-lock.json ## Frames of the dashboard while a thousand messages a second come in
	$(CARGO) build $(LOCKED)
	node bench/dashboard/frames.mjs

bench-dashboard-day: dashboard $(BROWSER)/node_modules/.package-lock.json ## How large the dashboard is after a day that takes minutes
	$(CARGO) build $(LOCKED)
	node bench/dashboard/day.mjs

# For example: make soak HOURS=1 ARGS="--seed 7"
soak: ## A day of traffic in fast time, with all that goes wrong (soak/README.md)
	$(CARGO) build --release $(LOCKED) -p broker -p gate-agent -p soak
	@$${CARGO_TARGET_DIR:-target}/release/soak --hours $(HOURS) $(ARGS)

# For example: make fuzz TARGET=front_store SECONDS=3600
fuzz: ## The fuzz targets, one at a time (fuzz/README.md)
	@cargo-fuzz --version >/dev/null 2>&1 || { echo "cargo install --locked cargo-fuzz" >&2; exit 1; }
	$(CARGO) fuzz run --sanitizer none $(TARGET) -- $(FUZZING)

cuts: ## kill -9 to a process that writes a journal, 200 times; `unit` has a dozen
	$(CARGO) test $(LOCKED) -p journal --test power_cut -- --ignored two_hundred

firmware: ## The barrier controller's firmware and its simulator, in target/firmware (firmware/Makefile)
	@scripts/install-missing firmware
	@$(MAKE) --no-print-directory -C firmware

fmt: ## Formatting
	$(CARGO) fmt --all -- --check

clippy: ## Lints
	$(CARGO) clippy $(LOCKED) $(EVERYTHING) -- -D warnings
	$(CARGO) clippy $(LOCKED) -p broker -p ws-gateway --features broker/fuzzing,ws-gateway/fuzzing -- -D warnings

doc: ## Documentation
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(LOCKED) --workspace --no-deps

deny: ## Licences, sources and arrows of the dependencies (deny.toml)
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --offline check --hide-inclusion-graph bans licenses sources; \
	else \
		echo "deny: skipped; cargo install --locked cargo-deny"; \
	fi

audit: ## Known vulnerabilities of the dependencies; needs the network
	$(CARGO) deny check advisories

# The programs are built with everything else: the tests of e2e look for them next to themselves.
unit: ## All tests in Rust: crates, documentation, the whole system
	$(CARGO) build $(LOCKED) $(EVERYTHING)
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run $(LOCKED) --workspace; \
	else \
		set -x; $(CARGO) test $(LOCKED) $(EVERYTHING) --no-fail-fast; \
	fi
	$(CARGO) test $(LOCKED) --workspace --doc

contract: $(TYPESCRIPT)/node_modules/.package-lock.json ## The published contract from the types: schemas/json, AsyncAPI, /docs, TypeScript
	$(CARGO) run --quiet $(LOCKED) -p contract
	cd $(TYPESCRIPT) && npm run --silent generate

published: ## Whether the published contract is what the types say; else: make contract
	$(CARGO) run --quiet $(LOCKED) -p contract -- --check

contract-test: $(TYPESCRIPT)/node_modules/.package-lock.json ## Whether other languages can read it, and its TypeScript types are up to date
	cd $(TYPESCRIPT) && npm run --silent check && npm test

# The gateway embeds it when it is compiled: build it first. Without it, cargo builds a gateway that says so.
dashboard: $(DASHBOARD)/dist/index.html ## The dashboard, which the gateway embeds

$(DASHBOARD)/dist/index.html: $(DASHBOARD)/node_modules/.package-lock.json $(DASHBOARD_SOURCES)
	cd $(DASHBOARD) && npm run --silent build

# As programs get it: in JavaScript, with types.
$(CLIENT)/dist/index.js: $(DASHBOARD)/node_modules/.package-lock.json $(wildcard $(CLIENT)/*.ts $(CLIENT)/*.json)
	@rm -rf $(CLIENT)/dist
	cd $(DASHBOARD) && npm run --silent client

dashboard-check: $(DASHBOARD)/node_modules/.package-lock.json ## Types and lints of the dashboard
	cd $(DASHBOARD) && npm run --silent check

dashboard-test: $(DASHBOARD)/node_modules/.package-lock.json ## The tests of the dashboard and of its client library
	cd $(DASHBOARD) && npm test --silent

test-hardware: ## Cameras and readers that type behind the kernel's own drivers, in a virtual machine (needs qemu)
	@test-hardware/run

# Built and linted only: nothing here runs it. What is pedantry is left out, as it is about what only the other systems need
# (a function that cannot fail here), and a path is 8 bytes longer, which makes some errors `large`.
windows: ## The programs for Windows, and their lints, where Rust and a linker for it are installed
	@set -e; \
	if ! rustc --print target-libdir --target $(WINDOWS) | xargs test -d || ! command -v x86_64-w64-mingw32-gcc >/dev/null; then \
		echo "windows: skipped; rustup target add $(WINDOWS), and on Debian: apt-get install gcc-mingw-w64-x86-64"; \
	else \
		set -x; \
		$(CARGO) clippy $(LOCKED) --target $(WINDOWS) $(PROGRAMS) --all-targets -- -D warnings $(WINDOWS_LINTS); \
		$(CARGO) build $(LOCKED) --target $(WINDOWS) $(PROGRAMS); \
	fi

test-home-assistant: ## What Home Assistant makes of a site (needs Python 3.13 and the network once)
	$(CARGO) build $(LOCKED)
	@e2e/home-assistant/run

browser: $(BROWSER)/node_modules/.package-lock.json $(BROWSER)/.python/installed $(CLIENT)/dist/index.js ## The page in a browser, and the client library against a site
	$(CARGO) build $(LOCKED) $(EVERYTHING)
	cd $(BROWSER) && npm test

$(BROWSER)/.python/installed: $(BROWSER)/requirements.txt
	@python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $< || { \
		echo "Cannot install what $< names: pip needs its registry once." >&2; \
		exit 1; \
	}
	@touch $@

# The modules of a package, exactly as its lock file says. None of them gets to run anything here.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@cd $* && npm ci --ignore-scripts --no-audit --no-fund || { \
		echo "Cannot install the modules of $*: npm needs its registry once." >&2; \
		exit 1; \
	}
	@touch $@
