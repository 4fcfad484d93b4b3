# `make lab` to learn, `make test` to test. The rest are shortcuts for people who work on Grantlab.
# PYTHON names the Python to use; otherwise the first on the path that is new enough.
PY = .venv/bin/python
PYTEST = $(PY) -m pytest

# Where Python keeps no bytecode, each process of a run would compile each module anew: minutes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: lab test format lint types imports check fix bench pins help

lab: ## Start the lab: the server, and JupyterLab with the lessons
	@.ci/prepare lab
	@exec .venv/bin/grantlab $(ARGS)

test: ## The whole gate: format, lint, types, imports, tests, browser tests, every lesson
	@.ci/prepare test
	@$(MAKE) --no-print-directory check
	PYTEST_ADDOPTS="$$(.ci/left-out)" $(PYTEST) -n auto $(ARGS)

check: format lint types imports ## All that needs no test run

format:
	$(PY) -m ruff format --check .

lint:
	$(PY) -m ruff check .
	.venv/bin/grantlab check

types:
	$(PY) -m mypy

imports:
	.venv/bin/lint-imports --no-logo

fix: ## Format, and mend what lint can mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	.venv/bin/grantlab check --fix

bench: ## Measure start, throughput, latency and memory; prints a table
	@.ci/prepare test
	$(PY) -m tests.bench $(ARGS)

pins: ## Make binder/requirements.txt anew from pyproject.toml
	rm -rf build/pins
	$(or $(PYTHON),$(PY)) -m venv build/pins
	build/pins/bin/pip install --quiet .
	build/pins/bin/python .ci/pins.py > build/requirements.txt
	mv build/requirements.txt binder/requirements.txt

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile
