# Every target sets up what it needs: a virtual environment in .venv, with what constraints.txt pins.
# Nothing outside this folder is changed (but `make browser`, which installs a browser on Debian).

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
BIN := .venv/bin
KAFKA ?= yes
BROWSER ?= yes
JOBS ?= 2
ROWS ?=
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt

# What was compiled is kept, whatever the surroundings say: the tests start a hundred processes, and
# each would compile everything again (3.3 s of work instead of 1.2).
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo distributed test fast check format bench soak browser clean

help: ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

demo: .venv/ready ## play a year of community service, and open the board on http://127.0.0.1:8311
	@$(BIN)/jishi demo

distributed: .venv/ready-test ## the shape with Kafka, relays and workers on this machine (no Docker, no Java needed)
	@$(BIN)/python -m services.terminal.distributed

test: .venv/ready-test ## every test: pure, Postgres, Kafka, browser (KAFKA=no BROWSER=no leave those out; JOBS=2)
	@$(BIN)/python -m pytest --kafka=$(KAFKA) --browser=$(BROWSER) --numprocesses=$(JOBS) --dist=loadfile --no-loadscope-reorder

fast: .venv/ready-test ## the pure tests alone: no database, no process
	@$(BIN)/python -m pytest -q --hypothesis-profile=fast \
		-m "not postgres and not process and not slow and not kafka and not browser and not soak"

check: .venv/ready-test ## ruff, mypy strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: .venv/ready-test ## put the code into its one form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

bench: .venv/ready-bench ## measure against the goals and the peers (ROWS=append,import runs some)
	@$(BIN)/python -m bench $(if $(ROWS),--rows $(ROWS))

soak: .venv/ready-test ## long fault loops
	@$(BIN)/python -m pytest -m soak --timeout=3600

browser: ## install Chromium and a Chinese font (Debian, Ubuntu; needs root or sudo)
	@command -v apt-get >/dev/null || { echo "Install Chromium and a CJK font, then set JISHI_BROWSER to the browser."; exit 1; }
	@$$(test "$$(id -u)" = 0 || echo sudo) apt-get update --quiet
	@$$(test "$$(id -u)" = 0 || echo sudo) apt-get install --quiet --yes --no-install-recommends chromium fonts-noto-cjk

clean: ## remove what was made here (the database in JISHI_HOME stays)
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/made:
	@test -n "$(PYTHON)" || { \
		echo "jishi needs Python 3.11 or newer, and none was found. Install one, or: make PYTHON=/path/to/python3"; \
		echo "需要 Python 3.11 或更新版本。请先安装，或用 make PYTHON=/path/to/python3 指定。"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment: the module ensurepip is missing."; \
		echo "On Debian or Ubuntu: apt-get install python3-venv    (缺少 ensurepip：请先安装 python3-venv)"; exit 1; }
	@$(PYTHON) -m venv .venv
	@# The pip that comes with Python may be years old, and takes twice as long for what follows.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=26'
	@touch $@

.venv/ready: .venv/made pyproject.toml constraints.txt
	@echo "installing jishi into .venv …"
	@$(INSTALL) --editable .
	@touch $@

.venv/ready-test: .venv/made pyproject.toml constraints.txt
	@echo "installing jishi and its test tools into .venv …"
	@$(INSTALL) --editable '.[dev]'
	@touch $@ .venv/ready

.venv/ready-bench: .venv/made pyproject.toml constraints.txt
	@echo "installing jishi and what it is measured against into .venv …"
	@$(INSTALL) --editable '.[dev,bench]'
	@touch $@ .venv/ready .venv/ready-test
