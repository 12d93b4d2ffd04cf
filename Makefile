# `make example` and `make test` do everything that a newcomer needs. Neither asks for anything, and both can be run again.
# PYTHON chooses the interpreter; MODE, EPOCHS and REQUIRE (the least accuracy) are the example's options, BENCH holds
# those of the benchmarks, MUTANTS those of tools/mutants.py, FUZZ those of tools/fuzz.py.

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
ENV := .envs/$(VERSION)
RUN := $(CURDIR)/$(ENV)/bin/python
WORKERS ?= 2
PYTEST = $(RUN) -m pytest -n $(WORKERS) --dist worksteal --durations 10
MATRIX = --matrix build/matrix-$(VERSION)

# What tests compile is called once: Numba need neither optimize it, which takes several times as long, nor keep it on disk.
# `make optimized` compiles rewrites and kernels as users do.
ONCE = NUMBA_OPT=0 PYTENSOR_FLAGS="numba__cache=False,$(FLAGS),$$PYTENSOR_FLAGS"
# The sweeps run in workers of their own, since what was compiled stays in memory.
SWEEPS = tests/test_cases.py tests/test_measures.py
BACKENDS = tests/test_cases.py::test_case tests/test_measures.py::test_backend tests/test_measures.py::test_states_in_float32
SWEEP = $(ONCE) $(PYTEST)
FIRST_TIER = -m "not needs and not backends and not exhaustive"
SECOND_TIER = -m "(needs or backends) and not exhaustive"

.DEFAULT_GOAL := help
.PHONY: help example test suite test-backends kernels float64 float32 optimized versions integration test-all everything references mutants fuzz lint docs docs-check matrix bench clean

help:
	@echo "make example        make an environment, train a classifier of handwritten digits, draw what it learned"
	@echo "make test           make an environment, run linters, docs, and the tests that need no other backend"
	@echo "make test-backends  every function on every backend that can be installed, in float64 and float32"
	@echo "make test-all       all tests, every row on every backend, with this Python and the newest one"
	@echo "make suite          the tests of make test alone"
	@echo "make fuzz           random rows, dtypes and memory layouts on every backend: make fuzz FUZZ='--minutes 60 --seed 1'"
	@echo "make lint           ruff, mypy and import contracts alone"
	@echo "make docs           the documentation, in docs/_build"
	@echo "make docs-check     look at every page in a headless Chromium: CHECK='--screenshots build/screenshots' keeps pictures"
	@echo "make references     compute with JAX and optax what the tests compare with: after a row has changed"
	@echo "make mutants        break the package here and there, and see whether the tests of make test notice"
	@echo "make matrix         write the tables of backends and the list of functions into README.rst and docs"
	@echo "make bench          times against PyTorch, JAX and a copy, in build/benchmarks: make bench BENCH=--help"
	@echo "make clean          remove environments and what was built"

$(ENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.x" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(ENV)
	@touch $@

$(ENV)/.example: $(ENV)/.made pyproject.toml
	$(RUN) tools/install.py examples
	@touch $@

$(ENV)/.tests: $(ENV)/.made pyproject.toml tools/install.py
	$(RUN) tools/install.py tests docs
	@touch $@

$(ENV)/.backends: $(ENV)/.tests
	$(RUN) tools/install.py examples references dask --optional pytorch mlx integration
	@touch $@

$(ENV)/.bench: $(ENV)/.made pyproject.toml tools/install.py
	$(RUN) tools/install.py benchmarks --optional pytorch
	@touch $@

example: $(ENV)/.example
	$(RUN) examples/digits.py $(if $(MODE),--mode $(MODE)) $(if $(EPOCHS),--epochs $(EPOCHS)) $(if $(REQUIRE),--require $(REQUIRE))

test: lint docs suite

suite: $(ENV)/.tests
	$(ONCE) $(PYTEST) $(FIRST_TIER) $(SWEEPS:%=--ignore=%)
	$(SWEEP) $(MATRIX)-test.json $(FIRST_TIER) $(SWEPT) $(SWEEPS)

test-backends: kernels float64 float32

kernels: $(ENV)/.backends
	$(PYTEST) $(SECOND_TIER) $(SWEEPS:%=--ignore=%)

# The sweeps: of one backend with SWEPT="-k JAX".
float64: $(ENV)/.backends
	$(SWEEP) $(MATRIX)-float64.json $(SECOND_TIER) $(SWEPT) $(SWEEPS)

# Once more, where all floats are of this dtype, PyTensor's floatX too.
float32: FLAGS = floatX=float32
float32: TIER ?= $(SECOND_TIER)
float32: $(ENV)/.backends
	$(SWEEP) $(MATRIX)-float32.json $(TIER) $(SWEPT) $(BACKENDS)

# Rewrites, kernels and states, compiled as users compile them. Names, texts, messages and plain expressions are left out.
optimized: OTHERS = api docs expressions facts lookup misuse numeric_arguments plot plot_loss porting properties release report typing vocabulary
optimized: $(ENV)/.backends
	$(PYTEST) $(FIRST_TIER) tests $(SWEEPS:%=--ignore=%) $(OTHERS:%=--ignore=tests/test_%.py) --ignore=tests/losses --ignore=tests/metrics

# What depends on versions: those, all functions on all backends in float32 (on Numba too, which make test tries in
# float64), and packages that use PyTensor.
versions: optimized float32 integration

integration: $(ENV)/.backends
	$(PYTEST) tests/test_integration.py tests/test_foreign_autodiff.py

test-all:
	$(MAKE) everything
	$(MAKE) everything PYTHON="$$(tools/newest_python)"

everything: lint docs $(ENV)/.backends
	$(PYTEST) $(SWEEPS:%=--ignore=%)
	$(SWEEP) $(MATRIX)-float64.json $(SWEEPS)
	$(MAKE) float32 TIER=

references: $(ENV)/.backends
	$(RUN) -m pytest --references replace tests/test_expressions.py tests/test_missing_labels.py tests/test_cases.py -k "not test_case["

mutants: $(ENV)/.tests
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable .[mutants]
	$(ONCE) PATH="$(CURDIR)/$(ENV)/bin:$$PATH" $(RUN) tools/mutants.py $(MUTANTS)

fuzz: $(ENV)/.backends
	$(RUN) tools/fuzz.py $(FUZZ)

lint: $(ENV)/.tests
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(ENV)/bin/lint-imports

docs: $(ENV)/.tests
	$(RUN) -m sphinx -q -W -b html docs docs/_build

$(ENV)/.docs-check: $(ENV)/.tests
	$(RUN) tools/install.py docs-check
	@touch $@

# Anew, since pages of what is no longer there would stay.
docs-check: $(ENV)/.docs-check
	rm -rf docs/_build
	$(MAKE) docs
	$(RUN) tools/check_docs.py docs/_build $(CHECK)

matrix: $(ENV)/.tests
	$(RUN) tools/matrix.py build/matrix-*.json

bench: $(ENV)/.bench
	$(RUN) -m benchmarks $(BENCH)

clean:
	rm -rf .envs build docs/_build docs/_generated docs/reference
