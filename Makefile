# The only task runner; CI calls nothing else.
.DEFAULT_GOAL := help
CARGO ?= cargo
export CARGO_TERM_COLOR ?= auto

# What the simulator plays: make sim SEED=7, make sim SEEDS=100000 FROM=1
SEEDS ?= 20000
FROM ?= 1
# Of how many seeds the session in TypeScript plays all lives again
TRACED ?= 20

# How long each fuzz target runs, and with which version of its tool
SECONDS ?= 600
CARGO_FUZZ := 0.13.2

NPM := npm --prefix bindings-node

# Where `make install` puts the C library; LIBDIR is below PREFIX (lib64, lib/x86_64-linux-gnu)
PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= lib
# The Cargo profile of what is installed
LIB_PROFILE ?= release
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
BUILT = $(TARGET)/$(if $(filter dev,$(LIB_PROFILE)),debug,$(LIB_PROFILE))
# A development build checks itself more; `make test-all` tests a release
STAGE := $(TARGET)/stage
STAGE_PROFILE ?= dev

.PHONY: help demo test test-all test-node test-cpp lib install stage check purity sim traces fuzz mutants node_modules bench bless fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a hub, a task and a watcher in one process; the link is cut twice (under 20 s)
	$(CARGO) run --quiet --locked -p steadywire-cli -- demo

test: ## every test that needs only the registries (under 15 minutes from clean)
	$(CARGO) test --locked --workspace --all-targets
	$(CARGO) test --locked --workspace --doc
	$(CARGO) test --locked -p steadywire --no-default-features --lib --tests
	$(MAKE) test-node
	$(MAKE) test-cpp

test-cpp: stage ## the C library as it is installed: header for C++, examples, docs, packages (development build)
	$(CARGO) build --locked -p steadywire-cli -p steadywire-faults
	LIB_PROFILE=$(STAGE_PROFILE) tests/cpp/run.sh $(STAGE) $(TARGET)/debug

test-node: node_modules traces ## the session in TypeScript: every vector, and what the simulator wrote
	$(NPM) test

test-all: check test ## `check`, `test` and the tests that take long
	$(MAKE) test-node TRACED=600
	$(CARGO) test --locked --release -p steadywire-hub --test fanout -- --ignored --nocapture ten_thousand

check: purity node_modules ## formatting, lints, documentation and the purity of the session
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked -p steadywire --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet
	$(CARGO) test --locked --quiet -p steadywire-tests --test rules
	$(NPM) run check

purity: ## the session has no tokio in its tree and no clock, thread or print in its code
	@if $(CARGO) tree --locked -p steadywire --no-default-features -e normal | grep -E 'tokio|mio|socket2|rustix'; then \
		echo 'the pure core depends on I/O'; exit 1; fi
	@if grep -rnE 'std::(net|thread|time|fs|env|io)|Instant|SystemTime|println!|eprintln!' core/src/session core/src/protocol; then \
		echo 'the session uses a clock, a thread or I/O'; exit 1; fi

sim: ## lives of sessions on bad links, by seed; SEED=n plays one and tells its steps
ifdef SEED
	$(CARGO) run --quiet --locked --release -p steadywire-sim -- --seed $(SEED)
else
	$(CARGO) run --quiet --locked --release -p steadywire-sim -- --from $(FROM) --seeds $(SEEDS) --jobs 2
endif

traces: ## what the sessions of some seeds did, for the session in TypeScript
	$(CARGO) run --quiet --locked -p steadywire-sim -- --seeds $(TRACED) --jobs 2 --traces target/traces.jsonl

fuzz: ## ten minutes of the parser and ten of the session; SECONDS=60 for less
	$(CARGO) install --locked --quiet --root target/tools --version $(CARGO_FUZZ) cargo-fuzz
	for target in protocol session; do mkdir -p target/fuzz-corpus/$$target; \
		RUSTC_BOOTSTRAP=1 target/tools/bin/cargo-fuzz fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz -s none $$target \
			target/fuzz-corpus/$$target tests/fuzz/corpus/$$target -- \
			-max_total_time=$(SECONDS) -max_len=4096 -timeout=20 -dict=tests/fuzz/protocol.dict || exit 1; \
	done

mutants: ## faults in the session, each of which the vectors must catch (6 minutes)
	$(CARGO) test --locked -p steadywire-tests --test mutants -- --ignored --nocapture

# Without the rlib, so that the link-time optimisation happens.
lib: ## the C library, shared and static
	$(CARGO) rustc --locked --profile $(LIB_PROFILE) -p steadywire-c --lib --crate-type cdylib,staticlib -- \
		--print native-static-libs=$(BUILT)/native-static-libs

install: lib ## the C library and its headers into PREFIX (/usr/local); DESTDIR for packages
	BUILT=$(BUILT) NATIVE_LIBS=$(BUILT)/native-static-libs PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) LIBDIR=$(LIBDIR) \
		ffi-c/install/install.sh

stage: # what the tests link against
	rm -rf $(STAGE)
	$(MAKE) install LIB_PROFILE=$(STAGE_PROFILE) PREFIX=$(STAGE) DESTDIR= LIBDIR=lib

node_modules: bindings-node/node_modules/.package-lock.json

bindings-node/node_modules/.package-lock.json: bindings-node/package-lock.json
	$(NPM) install --no-fund --no-audit # `ci` refuses a lock file whose packages for other systems the registry lacks
	@touch $@

bench: ## measure the core against its rivals (about 3 minutes; BENCH_ARGS=--quick for one)
	$(CARGO) build --locked --release -p steadywire-benches
	target/release/steadywire-bench $(BENCH_ARGS)

bless: ## write what the vectors give into their files, to be read and judged
	BLESS=1 $(CARGO) test --locked -p steadywire-tests --test vectors

fmt: node_modules ## format everything
	$(CARGO) fmt --all
	$(NPM) run fmt

clean: ## remove what was built
	$(CARGO) clean
	rm -rf bindings-node/node_modules
