# Everything here works on a machine with python3 (3.11 or newer), pip and make.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# The environment's bin on PATH: nbgrader calls `alembic`. One thread: more are slower on shared machines.
export PATH := $(abspath $(BIN)):$(PATH)
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install demo test build check lint format bench accuracy clean

help:  ## Show this list.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "This is Python %d.%d: install 3.11 or newer, and name it with PYTHON=..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

install: $(BIN)/.installed  ## Make .venv with everything, versions pinned.

demo: install  ## Grade a simulated class on synthetic data and show the result.
	autograder demo

test: install lint  ## Lint and test; real MovieLens is used where MOVIELENS_DIR names it.
	python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

build: install format  ## Rebuild source/, release/ and solutions/ from lessons/.
	autograder build

check: install  ## Rebuild elsewhere and compare with what is committed.
	autograder check

lint: install
	ruff check .
	ruff format --check .

format: install  ## Format and mend what ruff can.
	ruff check --fix --quiet .
	ruff format .

bench: install  ## Time the solutions against the plain loops that they replace.
	python benchmarks/solutions.py

accuracy: install  ## The long measurements: 20 grading sets, every submission of the tables (some hours).
	python -m pytest -m accuracy -s

clean:  ## Remove the environment and what grading left behind.
	rm -rf $(VENV) demo .pytest_cache .ruff_cache *.egg-info
