# Everything a person does here. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# Where the servers come from for run, demo and test: auto (Docker where an engine answers), native, docker.
INFRA ?= auto
export INFRA
VENV ?= .venv
PYTHON := $(VENV)/bin/python
RUN_ENV := $(VENV)/.pinned-run
ALL_ENV := $(VENV)/.pinned-all
# More words for pytest: make test TESTS=tests/unit
TESTS ?= tests

ARGS ?= --help
WHO ?= kestrel-admin

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(RUN_ENV): requirements/run.txt
	@deploy/local/bootstrap.sh $(VENV) requirements/run.txt
	@[[ -L $(VENV) ]] || touch $@

$(ALL_ENV): requirements/all.txt requirements/run.txt
	@deploy/local/bootstrap.sh $(VENV) requirements/all.txt
	@[[ -L $(VENV) ]] || touch $(RUN_ENV) $@

.PHONY: run
run: $(RUN_ENV) ## start everything, play the demonstration month once, stay until Ctrl-C
	@$(PYTHON) -m deploy.local run

.PHONY: demo
demo: $(RUN_ENV) ## play the month on fresh data and exit: 0 only if every fact was observed (.run/demo.json)
	@$(PYTHON) -m deploy.local demo

.PHONY: stop
stop: $(RUN_ENV) ## stop what an earlier run of this checkout left
	@$(PYTHON) -m deploy.local stop

.PHONY: test
test: $(ALL_ENV) ## run every test (INFRA=auto|native|docker, TESTS=folder)
	@$(PYTHON) -m deploy.local packages --chromium --fonts --telephony --promtool
	@tests/run $(PYTHON) 'integration or not integration' $(TESTS)

.PHONY: test-docker
test-docker: $(ALL_ENV) ## run the integration and journey tests on containers
	@INFRA=docker tests/run $(PYTHON) 'integration or journey' tests

.PHONY: demo-compose
demo-compose: $(RUN_ENV) ## build the images, start the whole compose stack, play the month against it, take it down
	@$(PYTHON) -m deploy.local demo-compose

.PHONY: differential
differential: $(ALL_ENV) ## rate a million random calls twice, by the service and by a slow implementation, and compare
	@$(PYTHON) -m tests.bench.differential --calls 1000000

.PHONY: lint
lint: $(ALL_ENV) ## check style, format and the direction of imports
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(VENV)/bin/lint-imports

.PHONY: types
types: $(ALL_ENV) ## check the types, strictly
	@$(PYTHON) -m mypy

.PHONY: bench
bench: $(ALL_ENV) ## measure, and print the table
	@$(PYTHON) -m pytest tests/bench -s

.PHONY: docs
docs: $(ALL_ENV) ## write the event schemas, the AsyncAPI document and the table of settings
	@$(PYTHON) -m deploy.docs

.PHONY: screenshots
screenshots: $(ALL_ENV) ## take the pictures of the Billing page from the running demonstration (make run)
	@$(PYTHON) -m deploy.local packages --chromium --fonts
	@$(PYTHON) -m deploy.demo.screenshots

.PHONY: client
client: $(RUN_ENV) ## the command-line client on the running demonstration: make client ARGS='tenants list' (WHO=kestrel-admin)
	@TOLLGATE_ADDRESS="$$($(PYTHON) -c 'import json; print(json.load(open(".run/endpoints.json"))["services"]["gateway"])')" \
	TOLLGATE_TOKEN="$$($(PYTHON) -c 'import json; print(json.load(open(".run/endpoints.json"))["tokens"]["$(WHO)"])')" \
	$(PYTHON) -m tollgate $(ARGS)

.PHONY: mail-samples
mail-samples: $(ALL_ENV) ## write a mail of each kind in each language, to look at (.run/mail-samples)
	@$(PYTHON) -m services.notifications mails samples .run/mail-samples

.PHONY: lock
lock: $(ALL_ENV) ## resolve pyproject.toml anew and pin the result with hashes; names no package host
	@[[ -x $(VENV)/bin/uv ]] || $(PYTHON) -m pip install --quiet --disable-pip-version-check uv
	@UV_PYTHON_DOWNLOADS=never $(VENV)/bin/uv lock --quiet --upgrade --python $(PYTHON)
	@export='$(VENV)/bin/uv export --quiet --frozen --no-emit-project --no-header --no-annotate --python $(PYTHON)'; \
	$$export --no-default-groups -o requirements/services.txt && \
	$$export --no-default-groups --group local -o requirements/run.txt && \
	$$export --all-groups -o requirements/all.txt
	@rm -f uv.lock

.PHONY: clean
clean: ## stop everything, remove data, caches and the virtual environment
	@[[ ! -x $(PYTHON) ]] || $(PYTHON) -m deploy.local clean
	@rm -rf .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache uv.lock
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@[[ -L $(VENV) ]] || rm -rf $(VENV)
