# Two commands are enough: `make run` and `make test`. Python 3.11+ and make are all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help run demo test test-all lint bench bench-peers openapi env-example lock clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}; try: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(INSTALLED_DEV): requirements-dev.lock $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: $(INSTALLED) ## Serve the registry on 127.0.0.1:8000 with the embedded store
	$(BIN)/python -m app serve

demo: $(INSTALLED_DEV) ## Serve it from a simulated OpenRouter: make demo CATALOG=path, or a generated catalog
	$(BIN)/python -m tests.demo $(CATALOG)

test: $(INSTALLED_DEV) ## Run the tests, but for the heavy ones
	$(BIN)/python -m pytest -q -n 2 -m "not heavy" --cov --cov-report=term:skip-covered

test-all: $(INSTALLED_DEV) ## Run all tests, with heavy clients and the browser
	$(BIN)/python -m pytest -q -n 2

lint: $(INSTALLED_DEV) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED_DEV) ## Measure against yardsticks and print one table (apt-get install wrk nginx-light)
	$(BIN)/python -m tests.bench

bench-peers: $(INSTALLED_DEV) ## Measure LiteLLM in an environment of its own
	$(BIN)/python -m tests.bench.peers

openapi: $(INSTALLED_DEV) ## Write openapi/openapi.json
	$(BIN)/python -m app.web.write_openapi

env-example: $(INSTALLED) ## Write .env.example from the settings
	$(BIN)/python -m app.settings > .env.example

lock: $(INSTALLED_DEV) ## Write the lock files anew from pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-header --no-emit-index-url --no-emit-find-links \
		--output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-header --no-emit-index-url --no-emit-find-links \
		--allow-unsafe --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean: ## Remove what was built and installed
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .coverage* htmlcov
