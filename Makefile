# Everything a person does with this checkout. `make run` and `make test` each do all set-up by themselves.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
PIP := $(PY) -m pip --disable-pip-version-check --quiet
RUN := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
WEB := web/dist/manifest.json
TEST_PROCESSES ?= 2

.PHONY: help run test test-long check format bench screenshots sell-out on-sale web lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN) $(WEB) ## start everything on this machine, seeded, with a crowd (Ctrl-C stops it)
	@exec $(PY) -m server.supervisor.foreground $(PY) -m server.command run $(ARGS)

test: $(DEV) $(WEB) check ## run every check and test (the long modes apart)
	$(PY) -m pytest -n $(TEST_PROCESSES) --dist loadscope $(ARGS)

test-long: $(DEV) $(WEB) ## run the long modes of the model and fault tests
	$(PY) -m pytest --long -m "long or longer" $(ARGS)

check: $(DEV) $(WEB) ## format, lint, types, import layers and the browser side's own tests
	@test ! -e queue/__init__.py || { echo "queue/__init__.py shadows Python's own queue module: remove it"; exit 1; }
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	cd web && ../scripts/with-node npm run --silent check

format: $(DEV) ## format the Python code
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: $(DEV) $(WEB) ## measure, print the table and write var/bench/latest.json
	$(PY) -m loadtests.bench $(ARGS)

sell-out: $(DEV) $(WEB) ## start an installation, sell PLAN=file to the last seat by a crowd, audit the books
	@test -n "$(PLAN)" || { echo "say which plan: make sell-out PLAN=file"; exit 2; }
	$(PY) -m loadtests.sell_out "$(PLAN)" $(ARGS)

screenshots: $(DEV) $(WEB) ## take every page on phone and desktop, dark and light, into var/screenshots
	$(PY) -m tests.browser.screenshots $(ARGS)

web: $(WEB) ## build the browser side

lock: $(DEV) ## resolve the dependencies anew and write the lock files
	$(PIP) install uv
	$(PY) -m uv pip compile pyproject.toml --group build $(LOCK) -o requirements.lock
	$(PY) -m uv pip compile pyproject.toml --group build --group dev $(LOCK) -o requirements-dev.lock
	$(PY) -m uv pip compile --group node $(LOCK) -o requirements-node.lock
LOCK := --quiet --no-header --generate-hashes --no-emit-index-url --python-version 3.11 --universal

clean: ## forget the build, the virtual environment and everything the installation wrote
	rm -rf $(VENV) web/node_modules web/dist var

# --- set-up -----------------------------------------------------------------------------------------------------------

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Frontrow needs Python 3.11 or later"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN): requirements.lock pyproject.toml | $(PY)
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.lock $(RUN) | $(PY)
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# Node builds the browser side; a machine without a recent one gets it from a wheel.
web/node_modules/.ready: web/package.json web/package-lock.json | $(RUN)
	cd web && ../scripts/with-node npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB): web/node_modules/.ready $(shell find web/src web/messages web/vite.config.ts web/tsconfig.json -type f 2>/dev/null)
	cd web && ../scripts/with-node npm run --silent build
	@touch $@
