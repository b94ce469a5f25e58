# make serve | test | fix | bench | docs | servers | stack | stack-down       Needs Python 3.11 or newer (PYTHON=...) and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Used by the browser tests; without one they are deselected and reported as not run.
export MAILOPS_TEST_CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

# Mail is moved by daemons that root starts; without them those tests are deselected too.
DAEMONS := /usr/lib/postfix/sbin/master /usr/sbin/dovecot /usr/lib/dovecot/modules/auth/libauthdb_lua.so /usr/bin/rspamd
MAIL_READY := $(if $(filter 0,$(shell id -u)),$(if $(filter $(words $(DAEMONS)),$(words $(wildcard $(DAEMONS)))),yes))

NOT_RUN := $(if $(MAILOPS_TEST_CHROMIUM),,browser) \
	$(if $(and $(MAILOPS_TEST_MARIADB),$(MAILOPS_TEST_REDIS)),,stack) $(if $(MAIL_READY),,mail)
empty :=
space := $(empty) $(empty)
DESELECT := $(subst $(space), and ,$(addprefix not_,$(strip $(NOT_RUN))))

# Tests that drive servers or a browser run one by one, the others on all cores.
SLOW := browser or stack or mail

.PHONY: help serve test lint types layers pytest fix bench docs venv servers stack stack-down
help:
	@head -n 1 Makefile

serve: .venv/.runtime
	$(BIN)/mailops serve

# All parts run even when one fails; the tests come last.
test: .venv/.dev
	@$(MAKE) --no-print-directory --keep-going lint types layers pytest

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.dev
	$(BIN)/mypy

layers: .venv/.dev
	$(BIN)/lint-imports

pytest: .venv/.dev
	@for kind in $(NOT_RUN); do echo "not run here: $$kind tests (see CONTRIBUTING.md)"; done
	@status=0; \
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "not ($(SLOW))" $(ARGS) || [ $$? -eq 5 ] || status=1; \
	$(BIN)/python -m pytest -m "$(strip ($(SLOW)) $(if $(DESELECT),and $(subst not_,not ,$(DESELECT))))" $(ARGS) \
		|| [ $$? -eq 5 ] || status=1; \
	exit $$status

fix: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.dev
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.benchmarks.imports
	$(BIN)/python -m tests.benchmarks.sessions

docs: .venv/.dev
	$(BIN)/python -m opslib.docs

servers:
	@tests/stack/servers.sh start

stack: venv
	@$(BIN)/python -m tests.stack up

stack-down: venv
	@$(BIN)/python -m tests.stack down

venv: .venv/.dev

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mailops needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv .venv

.venv/.runtime: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable .
	touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[dev]'
	touch $@ .venv/.runtime
