# `make study` and `make test` install what they need at their first call.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help install study test test-heavy test-slurm test-lowest test-highest check lint docs ui server export report sample benchmark lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

install: .venv/installed  ## create the environment .venv

# Installs the locked versions, if the lock or the project has changed.
.venv/installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "nnbench needs Python >= 3.11; set PYTHON=... (this is $$($(PYTHON) -V))"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet --upgrade pip
	$(PIP) install --quiet --constraint requirements.lock --editable .
	@touch $@

# The tools for tests are separate, so that a first study does not wait for them.
.venv/developing: .venv/installed
	$(PIP) install --quiet --constraint requirements.lock --editable '.[dev,docs,torch,jax,browser,server,dask,slurm,launchers]'
	@touch $@

study: install  ## train four optimizers over twenty seeds and write the report
	$(BIN)/python -m nnbench -m optimizer=sgd,adagrad,rmsprop,adam 'seed=range(20)'

test: .venv/developing  ## run the quick tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not heavy'

test-heavy: .venv/developing  ## run the slow tests, with real signals, servers and browsers
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'heavy and not slurm'

test-slurm: .venv/developing  ## run the tests on a Slurm of two nodes, which needs root and Debian's slurm-wlm and munge
	$(SUDO) scripts/slurm_testbed.sh start
	$(BIN)/python -m pytest -m slurm tests/sweep/executors; status=$$?; $(SUDO) scripts/slurm_testbed.sh stop; exit $$status

# Separate environments, created again if pyproject.toml has changed. Warnings are not errors there, since other versions of the
# libraries have other deprecations.
test-lowest: .venv-lowest/tested  ## quick tests and a study with the lowest versions that pyproject.toml allows
test-highest: .venv-highest/tested  ## the same with the highest versions

.PHONY: .venv-lowest/tested .venv-highest/tested
.venv-lowest/tested .venv-highest/tested: %/tested: %/installed
	$*/bin/python -m pytest -q -W default -m 'not heavy' $(addprefix tests/,nn optimizers schedules datasets stats)
	cd $* && rm -rf results && bin/python -m nnbench -m optimizer=sgd,adam 'seed=range(6)' training.epochs=50

.venv-lowest/installed .venv-highest/installed: %/installed: pyproject.toml scripts/lowest_versions.py
	rm -rf $*
	$(PYTHON) -m venv $*
	$(if $(findstring lowest,$*),$(PYTHON) scripts/lowest_versions.py) > $*/constraints.txt
	$*/bin/python -m pip install --quiet --only-binary :all: --no-binary antlr4-python3-runtime --constraint $*/constraints.txt \
	  --editable . pytest pytest-timeout hypothesis
	@touch $@

lint: .venv/developing  ## check style, types and imports between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## all checks before a commit

docs: .venv/developing  ## build the documentation in site/index.html
	$(BIN)/mkdocs build --quiet --strict

ui: install  ## open the MLflow UI
	@$(BIN)/python -m nnbench ui

server: .venv/developing  ## start a tracking server, see docs/team-server.md
	@$(BIN)/python -m nnbench server $(options)

export: install  ## export a study as Parquet and CSV: make export study=comparison
	$(BIN)/python -m nnbench export 'study=$(or $(study),comparison)'

report: install  ## remake a report: make report study=comparison
	$(BIN)/python -m nnbench report 'study=$(or $(study),comparison)'

# Two complete studies for the README. pdftoppm is part of poppler-utils.
sample: install  ## make the sample reports in results/ and the README's picture, in about half an hour on two cores
	$(BIN)/python -m nnbench -m experiment=suite_quick study=sample-suite-quick
	$(BIN)/python -m nnbench -m experiment=suite_quick study=sample-suite-quick 'problem=glob(held_out/*)'
	$(BIN)/python -m nnbench -m experiment=notebook study=sample-notebook 'seed=range(32)'
	$(BIN)/python scripts/picture.py results/sample-suite-quick/report.pdf docs/images/report.png 1 10

benchmark: .venv/developing  ## compare the speed of training with a plain loop
	$(BIN)/python scripts/benchmark.py training

lock:  ## write the installed versions to requirements.lock
	$(PIP) freeze --exclude-editable | grep -v ' @ ' | sed 's/+cpu$$//' > requirements.lock

clean:  ## remove environments and caches; results are kept
	rm -rf .venv .venv-lowest .venv-highest build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
