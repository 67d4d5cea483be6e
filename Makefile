# One command each. The environment is .venv, made from the committed uv.lock.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
READY := .venv/.ready

.PHONY: help demo test second-opinion test-all check bench up docs label-odds scorecard follow-odds calibration clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): uv.lock pyproject.toml scripts/environment.py
	@$(PYTHON) scripts/environment.py

demo: $(READY) ## A simulated market, live, into ./demo-store; stop with Ctrl-C
	@$(BIN)/tideline demo --store demo-store

test: $(READY) ## The default test suite (a few minutes)
	@$(BIN)/pytest -n $(WORKERS)

second-opinion: $(READY) ## ccxt in .venv-ccxt, an environment of its own: test reads venues with it
	@$(BIN)/python scripts/second_opinion.py

test-all: $(READY) ## Everything, with the long campaigns
	@$(BIN)/pytest -m "slow or not slow"

check: $(READY) ## Lint, format, types, import contracts, documentation
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory docs

docs: $(READY) ## Build the documentation into site/, warnings are errors
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "documentation: site/index.html"

bench: $(READY) ## Every benchmark, one after the other: ratios measured in one run
	@for each in $$(grep -l __main__ benchmarks/*/*.py); do \
	  echo "== $$each"; $(BIN)/python "$$each"; done

label-odds: $(READY) ## label_p: how often names were right in simulated worlds (minutes)
	@$(BIN)/python scripts/label_odds.py

scorecard: $(READY) ## Readings against simulated truth, into docs/scorecard.md; logged (minutes)
	@$(BIN)/tideline score --write docs/scorecard.md

follow-odds: $(READY) ## Count follow_p anew from a store with the recordings: STORE=…  (minutes)
	@$(BIN)/python scripts/follow_odds.py $(STORE)

calibration: $(READY) ## Made markets beside recorded ones: docs/simulated-market/calibration.md
	@$(BIN)/python scripts/calibration.py

up: $(READY) ## Collect live into ./tideline-store; stop with Ctrl-C
	@$(BIN)/tideline up

clean: ## Remove what was built here
	rm -rf .venv .venv-uv .venv-ccxt site demo-store .pytest_cache .mypy_cache .ruff_cache
