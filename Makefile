# The task runner of the project. `make` prints the targets; `make demo` and `make test` do all the set-up themselves.

PYTHON_MIN := 3.11
PYTHON_MAX := 3.13
PYTHONS    := python3.13 python3.12 python3.11 python3
VENV       := .venv
BIN        := $(VENV)/bin
STAMP      := $(VENV)/.installed
WORKERS    ?= 2

PYTEST   := $(BIN)/python -m pytest -q
PARALLEL := -n $(WORKERS) --dist loadfile
HOST     := $(wildcard tests/host tests/orchestration tests/demo tests/services)
SOURCES  := qoa_platform assets sensors tests $(wildcard bench)
BENCHES  := $(filter-out peers %_peer,$(patsubst bench/%.py,%,$(shell grep -ls __main__ bench/*.py)))
DOCS     := README.md CONTRIBUTING.md docs

# Dagster's own telemetry is off in everything that make starts.
export DAGSTER_DISABLE_TELEMETRY := 1

# pytest's exit code 5 says that nothing was selected: fine for a stage that may be empty, an error anywhere else.
may_be_empty = || [ $$? -eq 5 ]

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help .venv demo dev test core host serial doctests docs check validate scale bench nightly lock clean

help: ## print this
	@sed -n 's/^\([a-z.]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

# ------------------------------------------------------------------------------------------------------------ set-up

.venv: $(STAMP) ## the virtual environment, exactly as requirements.lock says

# The newest Python of the lock's range that can make a virtual environment. A shim that stands for nothing is passed over.
$(STAMP): requirements.lock
	@set -e; found=; for python in $(PYTHON) $(PYTHONS); do \
	    if $$python -c 'import sys, venv, ensurepip; low, high = "$(PYTHON_MIN)", "$(PYTHON_MAX)"; \
	        sys.exit(not tuple(map(int, low.split("."))) <= sys.version_info[:2] <= tuple(map(int, high.split("."))))' \
	        2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "No Python $(PYTHON_MIN) to $(PYTHON_MAX) with venv and ensurepip among: $(PYTHON) $(PYTHONS)." >&2; \
	    echo "Found: $$(python3 --version 2>&1 || echo no python3). On Debian and Ubuntu: apt-get install python3 python3-venv." >&2; \
	    echo "Another one: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$($$found --version) (once; some 150 packages)"; \
	$$found -m venv $(VENV); \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	$(BIN)/python -m compileall -qq -j 0 $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || true; \
	touch $@

lock: ## make requirements.lock anew (for the maintainer: needs uv, DATE=2026-11-17, a week ago or more)
	@test -n "$(DATE)" || { echo "Say DATE=YYYY-MM-DD: nothing younger is taken. A week ago is a good choice."; exit 1; }
	$(or $(UV),uv) pip compile pyproject.toml --quiet --extra postgres --extra demo --extra dev --universal --python-version $(PYTHON_MIN) \
	    --generate-hashes --no-annotate --no-header --exclude-newer $(DATE) -o requirements.lock
	$(or $(UV),uv) pip compile pyproject.toml --quiet --extra postgres --extra demo --extra dev --extra ray --extra spark \
	    -c requirements.lock --universal --python-version $(PYTHON_MIN) \
	    --generate-hashes --no-annotate --no-header --exclude-newer $(DATE) -o requirements-scale.lock

# --------------------------------------------------------------------------------------------------------- looking at it

demo: .venv ## real grocery data, day by day, under a quality contract (3 minutes)
	$(BIN)/python -m assets.demo

dev: .venv ## Dagster on the state that the demo left
	$(BIN)/qoa dev

# --------------------------------------------------------------------------------------------------------------- the gate

check: .venv ## format, lint, floors, types, the house, definitions
	$(BIN)/ruff format --check --quiet $(SOURCES)
	$(BIN)/ruff check --quiet $(SOURCES)
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(PYTEST) tests/test_house.py tests/test_lock.py
	@$(MAKE) --no-print-directory validate

# dg looks at dagster.yaml alone to learn that telemetry is off, and at VIRTUAL_ENV to see that it is the project's own.
validate: .venv ## does Dagster load what the project defines?
	@set -e; if [ ! -f workspace.yaml ]; then echo "validate: no workspace.yaml yet, nothing to load"; exit 0; fi; \
	home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; echo "telemetry: {enabled: false}" > "$$home/dagster.yaml"; \
	export DAGSTER_HOME="$$home" QOA_HOME="$$home/qoa" VIRTUAL_ENV="$(CURDIR)/$(VENV)"; \
	$(BIN)/dagster definitions validate -w workspace.yaml; $(BIN)/dg check defs

test: core host serial doctests docs ## everything but the slow ones

core: .venv
	$(PYTEST) $(PARALLEL) -m "not serial and not slow" tests $(HOST:%=--ignore=%)

host: .venv
	$(if $(HOST),$(PYTEST) $(PARALLEL) -m "not serial and not slow" $(HOST) $(may_be_empty),@echo "host: no tests yet")

serial: .venv
	$(PYTEST) -m "serial and not slow" tests $(may_be_empty)

doctests: .venv
	$(PYTEST) --doctest-modules qoa_platform assets/retail --ignore=qoa_platform/orchestration --ignore=qoa_platform/cli

docs: .venv
	$(PYTEST) --markdown-docs $(wildcard $(DOCS)) $(may_be_empty)

# Ray and Spark are extras that weigh more than all the rest: they have a lock and a virtual environment of their own.
SCALE := .venv-scale

$(SCALE)/.installed: requirements-scale.lock $(STAMP)
	$(BIN)/python -m venv $(SCALE)
	$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-scale.lock
	$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

scale: $(SCALE)/.installed ## the same answers from Ray and Spark, for real (needs Java; installs both once)
	$(SCALE)/bin/python -m pytest -q tests/scale

bench: .venv ## ratios against peers on this machine
	$(BIN)/python -m bench.peers
	@set -e; for each in $(BENCHES); do echo "== bench.$$each"; $(BIN)/python -m bench.$$each; done

nightly: .venv ## everything, the slow ones too, with many more examples
	HYPOTHESIS_PROFILE=nightly $(PYTEST) --timeout 3600 tests
	@$(MAKE) --no-print-directory doctests docs

clean: ## caches and builds; .venv, .qoa and .dagster stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
