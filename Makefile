# The only task runner; CI calls nothing else.
.DEFAULT_GOAL := help
CARGO ?= cargo
export CARGO_TERM_COLOR ?= auto

.PHONY: help demo test test-all check purity bench bless fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a hub, a task and a watcher in one process; the link is cut twice (under 20 s)
	$(CARGO) run --quiet --locked -p steadywire-cli -- demo

test: ## every test that needs only the registries (under 15 minutes from clean)
	$(CARGO) test --locked --workspace --all-targets
	$(CARGO) test --locked --workspace --doc
	$(CARGO) test --locked -p steadywire --no-default-features --lib --tests

test-all: check test ## `check`, `test` and the tests that take long
	$(CARGO) test --locked --release -p steadywire-hub --test fanout -- --ignored --nocapture ten_thousand

check: purity ## formatting, lints, documentation and the purity of the session
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked -p steadywire --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet
	$(CARGO) test --locked --quiet -p steadywire-tests --test rules

purity: ## the session has no tokio in its tree and no clock, thread or print in its code
	@if $(CARGO) tree --locked -p steadywire --no-default-features -e normal | grep -E 'tokio|mio|socket2|rustix'; then \
		echo 'the pure core depends on I/O'; exit 1; fi
	@if grep -rnE 'std::(net|thread|time|fs|env|io)|Instant|SystemTime|println!|eprintln!' core/src/session core/src/protocol; then \
		echo 'the session uses a clock, a thread or I/O'; exit 1; fi

bench: ## measure the core against its rivals (about 3 minutes; BENCH_ARGS=--quick for one)
	$(CARGO) build --locked --release -p steadywire-benches
	target/release/steadywire-bench $(BENCH_ARGS)

bless: ## write what the vectors give into their files, to be read and judged
	BLESS=1 $(CARGO) test --locked -p steadywire-tests --test vectors

fmt: ## format everything
	$(CARGO) fmt --all

clean: ## remove what was built
	$(CARGO) clean
