# Two commands matter: `make run` and `make test`. README.md says more.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run manage test check fmt messages e2e browser soak bench

PYTHON := .venv/bin/python
STAMP := .venv/.synced
HTML := templates

help:  ## this list
	@grep -E '^[a-z0-9]+:.*## ' Makefile | sed 's/:.*## /\t/'

setup: $(STAMP)  ## install what the console needs

# Only a changed lock file, project file or set-up script asks for a new installation.
$(STAMP): uv.lock pyproject.toml .ci/setup .ci/uv.txt
	@.ci/setup

run: setup  ## the whole console on this machine, until Ctrl-C
	@exec $(PYTHON) -m workspace_admin.devserver run

manage: setup  ## a command against the console that runs: make manage ARGS="seed_large --members 100000"
	@exec $(PYTHON) -m workspace_admin.devserver manage $(ARGS)

check: setup  ## everything that reads the code without running it
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@.venv/bin/lint-imports
	@.venv/bin/djlint --check --quiet $(HTML)
	@.venv/bin/djlint --lint --quiet $(HTML)
	@env DEBUG=on DATABASE_URL=postgres:///none $(PYTHON) -m mypy .  # its plugin reads the settings

fmt: setup  ## mend what the tools can mend
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .
	@.venv/bin/djlint --reformat --quiet $(HTML) || true

messages: setup  ## compile the translations after a change to a .po file
	@env DEBUG=on DATABASE_URL=postgres:///none $(PYTHON) manage.py compile_translations

browser: setup
	@.ci/browser

test: check browser  ## everything: format, lint, types, imports, migrations, tests, browser
	@exec env DATA_DIR=$${DATA_DIR:-var/test} $(PYTHON) -m workspace_admin.devserver exec -- .ci/tests

e2e: setup browser  ## the browser tests alone
	@exec env DATA_DIR=$${DATA_DIR:-var/test} $(PYTHON) -m workspace_admin.devserver exec -- .ci/tests tests/browser

soak: setup  ## the long runs: many at once, kills at every point, thousands of acts in random order
	@exec env DATA_DIR=$${DATA_DIR:-var/soak} SOAK_SECONDS=$${SOAK_SECONDS:-60} SOAK_ROUNDS=$${SOAK_ROUNDS:-100} FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-200} $(PYTHON) -m workspace_admin.devserver exec -- .ci/tests -n 0 -m soak

bench: setup  ## what each kind of request costs, as a multiple of the floor on this machine
	@exec env DATA_DIR=$${DATA_DIR:-var/bench} $(PYTHON) -m workspace_admin.devserver exec -- $(PYTHON) -m tests.performance.bench
