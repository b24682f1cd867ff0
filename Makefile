# Two targets do everything: `make submission` and `make test`. Each makes .venv by itself.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
DEVELOPED := .venv/.developed
SETUP := --disable-pip-version-check --quiet --no-cache-dir

# Nothing is written outside this folder.
export PYTHONNOUSERSITE = 1
export STUDENT_ID
unexport PYTHONPATH

.PHONY: .venv submission preview test lint coverage clean distclean help
.DEFAULT_GOAL := help

help:
	@echo "make submission [STUDENT_ID=101234567]   the PDF, the notebook and the zip, in _output/"
	@echo "make test                                all tests, on trainings that take seconds"
	@echo "make preview                             the pages in a browser, kept up to date while you write"
	@echo "make lint                                style, types, and which package imports which"
	@echo "make coverage                            which branches the tests reach"
	@echo "make clean                               removes what can be made again, but keeps trained results"
	@echo "make distclean                           removes trained results and .venv too"

.venv: $(READY)

submission: $(READY)
	@$(BIN)/coursework bundle

preview: $(READY)
	@$(BIN)/coursework preview

test: $(DEVELOPED)
	@COURSEWORK_PROFILE=tiny STUDENT_ID= $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

lint: $(DEVELOPED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@$(BIN)/panache --no-cache lint report
	@$(BIN)/python scripts/lint_cells.py

coverage: $(DEVELOPED)
	@COURSEWORK_PROFILE=tiny STUDENT_ID= $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --cov --cov-branch --cov-report=term:skip-covered

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python is needed: apt-get install python3-venv" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed: make submission PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 2; }
	@echo "· Installing the packages into .venv (about three minutes, once)" >&2
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install $(SETUP) --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install $(SETUP) --no-deps -e .
	@$(BIN)/python -m press.environment
	@touch $(READY)

$(DEVELOPED): $(READY) requirements-dev.lock
	@echo "· Installing what only tests need into .venv (once)" >&2
	@$(BIN)/python -m pip install $(SETUP) --require-hashes -r requirements-dev.lock
	@touch $(DEVELOPED)

clean:
	@if command -v flock >/dev/null && [ -e .cache/lock ] && ! flock --nonblock .cache/lock true; \
	  then echo "A build or a training is running in this folder: end it first." >&2; exit 1; fi
	@find .cache -mindepth 1 -maxdepth 1 ! -name runs ! -name lock -exec rm -rf {} + 2>/dev/null || true
	@rm -rf _output report/_generated report/*_files _variables.yml .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage .quarto
	@for each in report/*.qmd; do rm -f "$${each%.qmd}.html" "$${each%.qmd}.typ" "$${each%.qmd}.ipynb"; done
	@find code tests scripts benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	@echo "Removed what can be made again. $$(ls .cache/runs 2>/dev/null | grep -cE 'seed[0-9]+-[0-9a-f]+\.json$$' || true) trained results are kept; 'make distclean' removes them."

distclean: clean
	@echo "Removing $$(ls .cache/runs 2>/dev/null | grep -cE 'seed[0-9]+-[0-9a-f]+\.json$$' || true) trained results and .venv."
	@rm -rf .cache .venv _environment.local code/*.egg-info
