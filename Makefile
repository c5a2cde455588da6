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

# The page of `steadywire serve`
DASHBOARD = $(TARGET)/dashboard/index.html

# Written by hand, and formatted by clang-format
CPP = $(wildcard include/*.hpp include/*/*.hpp examples/*/*.c examples/*/*.cpp tests/cpp/*.*pp tests/cpp/*.c \
	tests/conformance/drivers/*.c tests/conformance/drivers/*.cpp benches/c/*)

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

# The contestants in C and C++, all built for this machine's processor: simdjson picks its fastest way by that
BENCH_C := $(TARGET)/bench-c
BENCH_PYTHON := target/venv-bench-python/bin
BENCH_FLAGS ?= -O3 -march=native -DNDEBUG

# How the addon for Node is built that is packed
ADDON_PROFILE ?= dev
ADDON_BUILT = $(TARGET)/$(if $(filter dev,$(ADDON_PROFILE)),debug,$(ADDON_PROFILE))

PYTHON ?= python3
VENV := $(CURDIR)/target/venv/bin
CMAKE ?= $(VENV)/cmake

# In which languages `make conformance` plays the e2e vectors; E2E=PART plays those whose name holds it.
LANGUAGES ?= rust c cpp python aio node web chromium
# Those that `make test` plays, which has no browser.
PLAYED := $(filter-out chromium,$(LANGUAGES))
# What they need to be built and installed
PLAYED_PARTS = $(if $(filter c cpp,$(LANGUAGES)),stage) $(if $(filter python aio,$(LANGUAGES)),wheel) \
	$(if $(filter node web chromium,$(LANGUAGES)),pack-node)
DRIVERS := target/conformance/drivers
DRIVER_FLAGS = -Wall -Wextra -Wpedantic -Wshadow -Werror -I$(STAGE)/include
DRIVER_LIBS = -L$(STAGE)/lib -Wl,-rpath,$(STAGE)/lib -lsteadywire -pthread
driver_rust = 'rust=$(TARGET)/debug/steadywire-driver'
driver_c = 'c=$(DRIVERS)/c'
driver_cpp = 'cpp=$(DRIVERS)/cpp'
driver_python = 'python=target/venv-conformance/bin/python -B bindings-python/tests/conformance/driver.py sync'
driver_aio = 'aio=target/venv-conformance/bin/python -B bindings-python/tests/conformance/driver.py aio'
driver_node = 'node=node $(DRIVERS)/node.mjs target/npm-project'
driver_web = --web 'web=node $(DRIVERS)/web.mjs'
driver_chromium = --web 'chromium=node bindings-node/tests/conformance/chromium.mjs $(DRIVERS)/page.js'

# How long the soak test runs, and in which of the languages; tests/soak/README.md says why Node has these flags.
MINUTES ?= 10
SOAKED := $(filter rust c python node,$(LANGUAGES))
soaked_rust = $(driver_rust)
soaked_c = $(driver_c)
soaked_python = $(driver_python)
soaked_node = 'node=node --no-expose-wasm --jitless --expose-gc --max-semi-space-size=1 --import ./tests/soak/collect.mjs $(DRIVERS)/node.mjs target/npm-project'

# How the wheel is built that the tests install: `make test-python WHEEL_PROFILE=release` for the one that ships.
WHEEL_PROFILE ?= dev
WHEELS := target/wheels-$(WHEEL_PROFILE)
PYTHON_VENV := $(CURDIR)/target/venv-python/bin

# Needs the program $(1); installs the Debian package $(2) for it where that is allowed.
need = PATH="$$PATH:/usr/sbin"; command -v $(1) > /dev/null \
	|| { test "$$(id -u)" = 0 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(2); } \
	|| { echo "$(1) is missing: install the Debian package $(2)"; exit 1; }

# Needs the header $(1) for C++; installs the Debian package $(2) for it where that is allowed.
need_header = echo '\#include <$(1)>' | $(CXX) -x c++ -fsyntax-only - 2> /dev/null \
	|| { test "$$(id -u)" = 0 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(2); } \
	|| { echo "the header $(1) is missing: install the Debian package $(2)"; exit 1; }

.PHONY: help demo picture dashboard test test-all conformance play drivers soak test-node node-addon pack-node test-web react18 test-c test-cpp test-python test-autobahn test-interop test-docs test-nginx test-valgrind lib install stage \
	wheel sdist audit-wheel check check-python check-parity purity sim traces fuzz mutants node_modules venv dist test-dist same-dist bench bench-all bench-web bench-node bench-c bench-python bless bless-c bless-options fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a hub, a task and a watcher in one process; the link is cut twice (under 20 s); ARGS=--stay leaves its page up
	@if $(NPM) --version > /dev/null 2>&1; then $(MAKE) --silent dashboard; else $(CARGO) build --quiet --locked -p steadywire-cli; fi
	@$(TARGET)/debug/steadywire demo $(ARGS)

picture: ## docs/demo.svg, README.md's moving picture, of a demo that it runs
	$(CARGO) build --quiet --locked -p steadywire-cli
	$(PYTHON) tests/interop/picture.py $(TARGET)/debug/steadywire

dashboard: $(DASHBOARD) ## `steadywire` with its page for browsers (needs Node)
	STEADYWIRE_DASHBOARD=$(DASHBOARD) $(CARGO) build --locked --quiet -p steadywire-cli --features dashboard

$(DASHBOARD): bindings-node/node_modules/.package-lock.json $(wildcard bindings-node/dashboard/* bindings-node/dashboard/src/*) \
		$(wildcard bindings-node/ts/*.ts bindings-node/ts/*/*.ts bindings-node/ts/*/*/*.ts)
	cd bindings-node && node dashboard/build.mjs $@

test: ## every test that needs only the registries (under 15 minutes from clean)
	$(CARGO) test --locked --workspace --all-targets
	$(CARGO) test --locked --workspace --doc
	$(CARGO) test --locked -p steadywire --no-default-features --lib --tests
	$(MAKE) test-node
	$(MAKE) test-cpp
	$(MAKE) test-python
	$(if $(PLAYED),$(MAKE) play LANGUAGES="$(PLAYED)")
	$(MAKE) test-autobahn
	$(MAKE) test-interop

conformance: $(PLAYED_PARTS) ## every e2e vector in every language, and whether all saw the same (LANGUAGES="rust c" E2E=part)
	$(MAKE) play

play: drivers # the same, of what is built and installed already
	$(TARGET)/debug/steadywire-conformance --out target/conformance/logs --only '$(E2E)' \
		$(foreach language,$(LANGUAGES),$(driver_$(language)))

drivers: # the programs that do what they are told, in LANGUAGES
	$(foreach language,$(LANGUAGES),$(if $(driver_$(language)),,$(error there is no driver for $(language))))
	$(CARGO) build --locked --quiet -p steadywire-conformance
	mkdir -p $(DRIVERS)
ifneq ($(filter c,$(LANGUAGES)),)
	$(CC) -std=c99 $(DRIVER_FLAGS) tests/conformance/drivers/driver.c -o $(DRIVERS)/c $(DRIVER_LIBS)
endif
ifneq ($(filter cpp,$(LANGUAGES)),)
	$(CXX) -std=c++17 $(DRIVER_FLAGS) tests/conformance/drivers/driver.cpp -o $(DRIVERS)/cpp $(DRIVER_LIBS)
endif
ifneq ($(filter python aio,$(LANGUAGES)),)
	$(PYTHON) -m venv --clear target/venv-conformance
	target/venv-conformance/bin/pip install --quiet --disable-pip-version-check --no-index $(WHEELS)/*.whl
endif
ifneq ($(filter node web chromium,$(LANGUAGES)),)
	cd bindings-node && node tests/conformance/build.mjs ../target/npm-project ../$(DRIVERS)
endif
ifneq ($(filter chromium,$(LANGUAGES)),)
	@$(call need,chromium,chromium)
endif

soak: venv stage wheel pack-node ## workers and followers over links that break: MINUTES=10 SEED=1 RESTART=1 LANGUAGES="rust c python node"
	$(CARGO) build --locked --quiet -p steadywire-cli
	$(MAKE) drivers LANGUAGES="$(SOAKED)"
	$(VENV)/python -B tests/soak/soak.py --minutes $(MINUTES) --seed $(or $(SEED),1) $(if $(RESTART),--restart) --steadywire $(TARGET)/debug/steadywire \
		$(foreach language,$(SOAKED),$(soaked_$(language)))

test-c: ## the C library: its header, what it exports, programs in C (part of `test`)
	$(CARGO) test --locked -p steadywire-c

test-cpp: stage venv ## the C library as it is installed: the header for C++, examples, docs/c.md, packages
	$(CARGO) build --locked -p steadywire-cli
	PATH="$$PATH:$(VENV)" LIB_PROFILE=$(STAGE_PROFILE) CMAKE="$(CMAKE)" tests/cpp/run.sh $(STAGE) $(TARGET)/debug

test-valgrind: stage venv ## the programs in C and C++ under AddressSanitizer and under valgrind
	@$(call need,valgrind,valgrind)
	STEADYWIRE_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all" \
		$(CARGO) test --locked -p steadywire-c --test programs
	STEADYWIRE_RUN_UNDER="valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect \
		--errors-for-leak-kinds=definite,indirect --child-silent-after-fork=yes" \
		$(CARGO) test --locked -p steadywire-c --test programs -- --test-threads=2
	$(CARGO) build --locked -p steadywire-cli
	PATH="$$PATH:$(VENV)" CXX=g++ STEP=programs CXXFLAGS=-fsanitize=address,undefined tests/cpp/run.sh $(STAGE) $(TARGET)/debug
	PATH="$$PATH:$(VENV)" CXX=g++ STEP=programs RUNNER="valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite \
		--errors-for-leak-kinds=definite" \
		tests/cpp/run.sh $(STAGE) $(TARGET)/debug

test-node: node_modules react18 traces pack-node ## TypeScript: vectors, traces, the web, the hooks on both Reacts; and Node, as the package is installed
	$(CARGO) build --locked -p steadywire-cli
	$(NPM) test
	$(NPM) run test:node
	$(NPM) run test:package

node-addon: ## the addon for Node, in target/debug or, with ADDON_PROFILE=release, target/release
	$(CARGO) build --locked --profile $(ADDON_PROFILE) -p steadywire-node

pack-node: node_modules node-addon ## the npm packages as tarballs in target/npm, installed into target/npm-project
	$(NPM) run build -- --log-level warn
	node bindings-node/npm/pack.mjs $(ADDON_BUILT) target/npm
	node bindings-node/npm/install.mjs target/npm target/npm-project

test-web: dashboard ## the dashboard, the hooks and a worker in Chromium, which Debian has; pictures in target/screenshots
	@$(call need,chromium,chromium)
	$(NPM) run test:browser

test-python: wheel ## the Python package, as its wheel in a venv made for it (2 minutes)
	$(CARGO) build --locked -p steadywire-cli -p steadywire-faults
	$(PYTHON) -m venv --clear target/venv-python
	$(PYTHON_VENV)/pip install --quiet --disable-pip-version-check -r bindings-python/tests/requirements.txt
	$(PYTHON_VENV)/pip install --quiet --disable-pip-version-check --no-index $(WHEELS)/*.whl
	cd bindings-python && $(PYTHON_VENV)/python -B -m pytest $(PYTEST_ARGS)

wheel: venv ## the Python package as a wheel, in target/wheels-dev
	rm -rf $(WHEELS)
	$(VENV)/maturin build --quiet --locked --profile $(WHEEL_PROFILE) -m bindings-python/Cargo.toml -o $(WHEELS) --interpreter $(PYTHON)

sdist: venv ## the Python package as source, and the wheel that a fresh venv builds of it with pip alone
	rm -rf target/sdist target/wheels-sdist target/venv-sdist
	$(VENV)/maturin sdist -m bindings-python/Cargo.toml -o target/sdist
	$(PYTHON) -m venv target/venv-sdist
	CARGO_TARGET_DIR=$(TARGET)/sdist-build $(CURDIR)/target/venv-sdist/bin/pip wheel --quiet --disable-pip-version-check --no-deps \
		-C build-args="--profile $(WHEEL_PROFILE)" -w target/wheels-sdist target/sdist/*.tar.gz
	target/venv-sdist/bin/pip install --quiet --disable-pip-version-check --no-index target/wheels-sdist/*.whl
	cd / && $(CURDIR)/target/venv-sdist/bin/python -m steadywire --version
	$(VENV)/python bindings-python/tests/audit.py target/sdist/*.tar.gz

audit-wheel: wheel ## what the wheel's tags promise: old enough symbols of the system, and of Python the stable ones only
	$(VENV)/python bindings-python/tests/audit.py $(WHEELS)/*.whl

test-autobahn: venv ## the Autobahn cases, all but compression (15 s)
	CARGO="$(CARGO)" $(VENV)/python tests/interop/autobahn.py

test-interop: venv target/interop/node_modules/.package-lock.json ## servers for Node and Python that nobody here wrote; the judge of `soak`
	$(CARGO) build --locked -p steadywire-cli
	$(VENV)/python tests/interop/test_servers.py
	$(VENV)/python -B tests/soak/test_soak.py
	$(MAKE) test-docs

test-docs: venv ## the documents: links, servers that they show, shell blocks, the demo (part of `test-interop`; the languages' tests run the rest)
	$(CARGO) build --locked -p steadywire-cli
	$(VENV)/python tests/interop/test_docs.py

test-nginx: venv ## nginx as a reverse proxy, which Debian has
	@$(call need,nginx,nginx)
	@$(call need,openssl,openssl)
	$(CARGO) build --locked -p steadywire-cli
	$(VENV)/python tests/interop/test_nginx.py

# In the end, of releases.
test-all: PLAYED :=
test-all: check test ## `check`, `test` and the tests that take long
	$(MAKE) test-node TRACED=600 ADDON_PROFILE=release
	$(MAKE) test-nginx
	$(MAKE) test-web
	@$(call need,cmake,cmake)
	@$(call need,clang++,clang)
	$(MAKE) test-cpp STAGE_PROFILE=release CMAKE=cmake
	$(MAKE) test-valgrind
	$(MAKE) sdist WHEEL_PROFILE=dev
	EXITS=50 $(MAKE) test-python audit-wheel WHEEL_PROFILE=release
	$(MAKE) conformance STAGE_PROFILE=release ADDON_PROFILE=release WHEEL_PROFILE=release
	$(MAKE) soak MINUTES=1 STAGE_PROFILE=release ADDON_PROFILE=release WHEEL_PROFILE=release
	$(CARGO) test --locked -p steadywire --features aws-lc-rs --test net_driver tls
	$(CARGO) test --locked --release -p steadywire-hub --test fanout -- --ignored --nocapture ten_thousand

check: purity node_modules venv ## formatting, lints, documentation and the purity of the session
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked -p steadywire --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet
	$(CARGO) test --locked --quiet -p steadywire-tests --test rules
	$(NPM) run check
	$(VENV)/clang-format --dry-run --Werror $(CPP)
	cd tests/interop && $(VENV)/ruff format --check . ../parity ../soak && $(VENV)/ruff check . ../parity ../soak && $(VENV)/mypy .
	cd tests/soak && $(VENV)/mypy .
	$(MAKE) check-python check-parity

check-python: wheel ## the Python package: format, lints, types, and the stubs against what is built
	cd bindings-python && $(VENV)/ruff format --check . ../examples/python ../examples/servers ../benches/python && $(VENV)/ruff check . ../examples/python ../examples/servers ../benches/python
	$(VENV)/pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall $(WHEELS)/*.whl
	cd bindings-python && $(VENV)/mypy python/steadywire tests/typed.py && $(VENV)/mypy ../examples/python && $(VENV)/mypy ../examples/servers/fastapi
	cd bindings-python && $(VENV)/python -m mypy.stubtest --mypy-config-file pyproject.toml steadywire._native
	$(VENV)/python bindings-python/tests/audit.py $(WHEELS)/*.whl

check-parity: wheel pack-node ## every language has what spec/api.json lists, and README.md's table is made of it
	$(VENV)/pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall $(WHEELS)/*.whl
	cd tests/parity && $(VENV)/mypy . # where the package is installed
	$(VENV)/python tests/parity/check.py

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

react18: bindings-node/tests/react18/node_modules/.package-lock.json

bindings-node/tests/react18/node_modules/.package-lock.json: bindings-node/tests/react18/package-lock.json
	npm --prefix bindings-node/tests/react18 ci
	@touch $@

bindings-node/node_modules/.package-lock.json: bindings-node/package-lock.json
	$(NPM) install --no-fund --no-audit # `ci` refuses a lock file whose packages for other systems the registry lacks
	@touch $@

target/interop/node_modules/.package-lock.json: tests/interop/package.json tests/interop/package-lock.json tests/interop/.npmrc
	mkdir -p target/interop
	cp $^ target/interop
	npm --prefix target/interop ci
	@touch $@

venv: target/venv/.stamp

target/venv/.stamp: tests/interop/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is missing; PYTHON=... names one'; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null \
		|| { echo 'this Python has no ensurepip: install the Debian package python3-venv'; exit 1; }
	$(PYTHON) -m venv --clear target/venv
	$(VENV)/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

dist: venv node_modules ## everything that is published, with checksums, in target/dist (ten minutes)
	OUT=$(CURDIR)/target/dist WORK=$(CURDIR)/target/dist-build CARGO="$(CARGO)" VENV=$(VENV) tests/release/dist.sh

test-dist: venv ## what `make dist` has left, installed as its users would
	OUT=$(CURDIR)/target/dist WORK=$(CURDIR)/target/dist-build CARGO="$(CARGO)" CMAKE="$(CMAKE)" \
		PKG_CONFIG=$(or $(shell command -v pkg-config),$(VENV)/pkgconf) tests/release/smoke.sh

same-dist: ## whether a clone of this commit, in another place, gives the bytes that `make dist` has left (ten minutes more)
	rm -rf target/dist-clone
	git clone --quiet . target/dist-clone/elsewhere
	$(MAKE) -C target/dist-clone/elsewhere dist CARGO="$(CARGO)" > target/dist-clone/log 2>&1 || { tail -n 40 target/dist-clone/log; exit 1; }
	diff target/dist/SHA256SUMS target/dist-clone/elsewhere/target/dist/SHA256SUMS
	@echo 'the same, byte by byte'

bench: ## measure the core against its rivals (about 3 minutes; BENCH_ARGS=--quick for one)
	$(CARGO) build --locked --release -p steadywire-benches
	target/release/steadywire-bench $(BENCH_ARGS)

bench-web: ## the client and the hooks of browsers against theirs, in Node and in Chromium (2 minutes)
	@$(call need,chromium,chromium)
	npm --prefix benches/web ci
	npm --prefix benches/web run bench

bench-all: bench-c ## `bench`, and the C library against Boost.Beast and libwebsockets (5 minutes)
	$(CARGO) build --locked --release -p steadywire-benches
	$(TARGET)/release/steadywire-bench --c-programs $(BENCH_C) $(BENCH_ARGS)

bench-node: node_modules ## measure the npm package against ws, partysocket and undici (5 minutes)
	$(CARGO) build --locked --release -p steadywire-benches
	$(MAKE) pack-node ADDON_PROFILE=release
	mkdir -p target/bench-node && cp benches/node/* benches/node/.npmrc target/bench-node/
	npm --prefix target/bench-node ci --silent
	node target/bench-node/run.mjs $(TARGET)/release/steadywire-bench $(CURDIR)/target/npm-project $(BENCH_ARGS)

bench-python: venv ## the Python package against picows, aiohttp and websockets (10 minutes; BENCH_ARGS="--rounds 3")
	$(CARGO) build --locked --release -p steadywire-benches
	$(MAKE) wheel WHEEL_PROFILE=release
	$(PYTHON) -m venv --clear target/venv-bench-python
	$(BENCH_PYTHON)/pip install --quiet --disable-pip-version-check -r benches/python/requirements.txt
	$(BENCH_PYTHON)/pip install --quiet --disable-pip-version-check --no-index target/wheels-release/*.whl
	$(BENCH_PYTHON)/python benches/python/bench.py $(TARGET)/release/steadywire-bench $(BENCH_ARGS)

bench-c: # against the library as it is installed
	@$(call need_header,boost/beast/version.hpp,libboost-dev)
	@$(call need_header,libwebsockets.h,libwebsockets-dev)
	@$(call need_header,simdjson.h,libsimdjson-dev)
	$(MAKE) install LIB_PROFILE=release PREFIX=$(BENCH_C)/stage DESTDIR= LIBDIR=lib
	$(CC) -std=gnu99 $(BENCH_FLAGS) benches/c/ours.c -o $(BENCH_C)/ours -I$(BENCH_C)/stage/include -L$(BENCH_C)/stage/lib \
		-Wl,-rpath,$(BENCH_C)/stage/lib -lsteadywire -pthread
	$(CXX) -std=c++17 $(BENCH_FLAGS) benches/c/beast.cpp -o $(BENCH_C)/beast -lsimdjson -pthread
	$(CXX) -std=c++17 $(BENCH_FLAGS) benches/c/lws.cpp -o $(BENCH_C)/lws -lwebsockets -lsimdjson

bless: ## write what the vectors give into their files, to be read and judged
	BLESS=1 $(CARGO) test --locked -p steadywire-tests --test vectors

bless-options: venv ## write README.md's table of options anew
	$(VENV)/python tests/parity/check.py --write

bless-c: ## write the C header and the list of symbols anew
	BLESS=1 $(CARGO) test --locked -p steadywire-c --test header --test symbols

fmt: node_modules venv ## format everything
	$(CARGO) fmt --all
	$(NPM) run fmt
	cd tests/interop && $(VENV)/ruff format . ../parity ../soak
	$(VENV)/clang-format -i $(CPP)
	cd bindings-python && $(VENV)/ruff format . ../examples/python ../examples/servers ../benches/python

clean: ## remove what was built
	$(CARGO) clean
	rm -rf bindings-node/node_modules
