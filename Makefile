# The commands of the project; `make` alone lists them. What they do stands in devtools/.
.DEFAULT_GOAL := help
.PHONY: help setup run reset check format test bench audit lock manage
PYTHON ?=
PY := .venv/bin/python
export PYTHON

help: ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## environment, locked dependencies, front-end files (instant when up to date)
	@sh devtools/setup.sh

run: setup ## the whole system with a sample hospital and the sandbox; Ctrl-C stops it
	@$(PY) -m devtools.run

reset: ## stop a running system and delete its data (.data/)
	@sh devtools/setup.sh && $(PY) -m devtools.reset

manage: setup ## a command inside the running system: make manage DO="logins"
	@$(PY) -m devtools.within $(PY) manage.py $(DO)

check: setup ## format, lint, types, layers, house rules
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo --cache-dir .cache/import_linter
	@$(PY) -m devtools.house_rules

format: setup ## bring the code into the house's format
	@$(PY) -m ruff check --quiet --fix-only .
	@$(PY) -m ruff format --quiet .

# Tests start real servers and processes; one that a busy machine starved is run again, once, and told as "rerun".
AGAIN = --reruns=1 --reruns-delay=2
# Stories kill programs in the middle of a talk: a socket of the test that is collected late is not what they claim.
KILLING = -W ignore::pytest.PytestUnraisableExceptionWarning

test: setup ## the whole suite: check, tests, stories of the running system, stories in a real browser
	@$(PY) -m devtools.browser
	@$(MAKE) --no-print-directory check
	@$(PY) -m pytest -q -n 2 --dist=loadfile $(AGAIN) --ignore=tests/story --ignore=tests/browser
	@$(PY) -m pytest -q $(AGAIN) $(KILLING) tests/story
	@$(PY) -m pytest -q $(AGAIN) tests/browser

bench: setup ## benchmarks; prints a table
	@$(PY) -m bench

audit: setup ## security checks of code and of a running server; writes the code audit report
	@$(PY) -m devtools.audit

lock: setup ## write the lock files anew after a dependency was added
	@$(PY) -m devtools.lock
