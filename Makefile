# Two commands do everything: `make example` and `make test`. Neither asks for anything, and both can be run again.
# PYTHON chooses the interpreter; MODE, EPOCHS and REQUIRE (the least accuracy) are the example's options, BENCH holds
# those of the benchmarks. PART=1/2 and PART=2/2 share the tests with many parameters between two runs.

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
ENV := .envs/$(VERSION)
RUN := $(CURDIR)/$(ENV)/bin/python
WORKERS ?= 2
MATRIX ?= build/matrix-$(VERSION).json
PYTEST = $(RUN) -m pytest -n $(WORKERS) --dist worksteal --durations 10
# All functions on all backends, in workers of its own: what was compiled stays in memory. Numba may optimise less there.
SWEEP = tests/test_cases.py tests/test_measures.py

.DEFAULT_GOAL := help
.PHONY: help example test suite lint docs matrix bench clean

help:
	@echo "make example   make an environment, train a classifier of handwritten digits, draw what it learnt"
	@echo "make test      make an environment with every backend that can be installed, run linters, tests and docs"
	@echo "make suite     the tests alone"
	@echo "make lint      ruff, mypy and import contracts alone"
	@echo "make docs      the documentation, in docs/_build"
	@echo "make matrix    write what the tests found to run on each backend into README.rst and docs/backends.rst"
	@echo "make bench     times against PyTorch, JAX and a copy, in build/benchmarks: make bench BENCH=--help"
	@echo "make clean     remove environments and what was built"

$(ENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.x" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(ENV)
	@touch $@

$(ENV)/.example: $(ENV)/.made pyproject.toml
	$(RUN) tools/install.py examples
	@touch $@

$(ENV)/.tests: $(ENV)/.made pyproject.toml tools/install.py
	$(RUN) tools/install.py examples tests docs --optional pytorch jax mlx integration
	@touch $@

$(ENV)/.bench: $(ENV)/.made pyproject.toml tools/install.py
	$(RUN) tools/install.py benchmarks --optional pytorch
	@touch $@

example: $(ENV)/.example
	$(RUN) examples/digits.py $(if $(MODE),--mode $(MODE)) $(if $(EPOCHS),--epochs $(EPOCHS)) $(if $(REQUIRE),--require $(REQUIRE))

test: lint suite docs

suite: $(ENV)/.tests
	@mkdir -p build
	$(PYTEST) $(if $(PART),--part $(PART)) $(SWEEP:%=--ignore=%)
	NUMBA_OPT=1 $(PYTEST) --matrix $(MATRIX) $(SWEEP)

lint: $(ENV)/.tests
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(ENV)/bin/lint-imports

docs: $(ENV)/.tests
	$(RUN) -m sphinx -q -W -b html docs docs/_build

matrix: $(ENV)/.tests
	$(RUN) tools/matrix.py build/matrix-*.json

bench: $(ENV)/.bench
	$(RUN) -m benchmarks $(BENCH)

clean:
	rm -rf .envs build docs/_build
