# Etalase. `make` alone prints this help.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
T ?=
B ?=

RUNTIME_STAMP := $(VENV)/.runtime
DEV_STAMP := $(VENV)/.dev

.PHONY: help setup run test check fix lint types rooms migrations lock bench campaign clean

## -- Use ------------------------------------------------------------------
help: ## show this help
	@grep -hE '^(## --|[a-z-]+:.*##)' $(MAKEFILE_LIST) | sed -E 's/^## -- (.*) -+$$/\n\1/; s/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(RUNTIME_STAMP) ## .venv with the locked packages and nothing else

$(RUNTIME_STAMP): requirements/runtime.lock requirements/assets.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/runtime.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/assets.lock
	@touch $@

$(DEV_STAMP): $(RUNTIME_STAMP) requirements/dev.lock
	@echo "Installing what the tests need ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock
	@touch $@

run: setup ## serve on http://127.0.0.1:8000, with demo data the first time
	@exec $(BIN)/python app.py --demo

## -- Work on it -----------------------------------------------------------
test: $(DEV_STAMP) ## the whole suite; T=path for a part of it
	@tools/test $(T)

check: $(DEV_STAMP) lint types rooms migrations test ## everything CI runs

lint: $(DEV_STAMP) ## format, lint and templates
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/djlint templates --lint --quiet

types: $(DEV_STAMP) ## mypy
	@$(BIN)/mypy

rooms: $(DEV_STAMP) ## import contracts between rooms
	@$(BIN)/lint-imports

migrations: $(DEV_STAMP) ## one head, and the models need no new migration
	@$(BIN)/python -m pytest -q -p no:randomly tests/test_migrations.py

fix: $(DEV_STAMP) ## format and mend what can be mended
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(DEV_STAMP) ## every benchmark, or B=name
	@$(BIN)/python bench/run.py $(B)

campaign: $(DEV_STAMP) ## the long fault and property runs
	@HYPOTHESIS_PROFILE=campaign $(BIN)/python -m pytest -n 2 -m "hypothesis or campaign" --timeout 7200 tests

lock: ## resolve the packages again (needs uv)
	@for name in runtime dev; do uv pip compile requirements/$$name.in --python-version 3.11 --universal --generate-hashes \
	  --no-header --no-config --no-annotate -o requirements/$$name.lock >/dev/null; done
	@uv pip compile requirements/assets.in --no-deps --python-version 3.11 --generate-hashes --no-header --no-config \
	  --no-annotate -o requirements/assets.lock >/dev/null

clean: ## remove what can be made again (not your data)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
