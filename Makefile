# The room's commands. `make` alone lists them. Written for GNU make 3.81 (macOS) and newer.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check --no-input -q
FAILED := room: the installation failed: is this machine online (once is enough)? What pip said stands above
# the first Python of 3.11 or newer; PYTHON=/path/to/python3 chooses another
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

run: .venv/runs     ## the whole room on this machine; Ctrl-C stops it (ARGS="--speed 10")
	@$(PY) app.py $(ARGS)

test: .venv/ready   ## everything CI checks (ONLY=tests/feeds for a part)
	@$(PY) -m pytest -m "not long" $(ONLY)

test-long: .venv/ready ## kills and soaks, minutes to hours (ONLY=… for a part)
	@$(PY) -m pytest -m long $(ONLY)

check: .venv/ready  ## format, lint, types, import rules; changes nothing
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

format: .venv/ready ## put the code into its form
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: .venv/ready  ## measure ingest, live path and fan-out (ONLY=ingest for one)
	@$(PY) -m bench $(ONLY)

screenshots: .venv/ready ## take the docs' pictures anew from a running room
	@$(PY) docs/screenshot.py

doctor: .venv/runs  ## look for what is missing or wrong, and say what to do
	@$(PY) app.py doctor

clean:              ## remove caches and .venv; keeps var/, the room's data
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:               ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/runs: requirements.txt
	@test -n "$(PYTHON)" || { echo "room: Python 3.11 or newer is needed and was not found: install it" \
		"(Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)," \
		"or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "room: $(PYTHON) cannot make virtual" \
		"environments: install python3-venv (Debian, Ubuntu: apt install python3-venv)" >&2; exit 2; }
	@test -x $(PY) && $(PY) -c '' 2>/dev/null || { echo "Creating .venv with $(PYTHON) …"; \
		rm -rf .venv && "$(PYTHON)" -m venv .venv; }
	@echo "Installing what the room needs (about half a minute, once) …"
	@$(PIP) -r requirements.txt || { echo "$(FAILED)" >&2; exit 2; }
	@touch $@

.venv/ready: requirements.txt requirements-dev.txt .venv/runs
	@echo "Installing what tests and checks need (once) …"
	@$(PIP) -r requirements-dev.txt || { echo "$(FAILED)" >&2; exit 2; }
	@touch $@

.PHONY: screenshots run test test-long check format bench doctor clean help
