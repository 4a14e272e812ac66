# Everything runs in .venv, which the first target makes; installed again only when pins or pyproject.toml change.
PYTHON ?= python3
PORT ?= 5000
DATA ?= ../shared/data/hair_salon
ROUNDS ?= 400
# Test processes at once; each has database servers and a browser of its own.
JOBS ?= 2
BIN := .venv/bin
# The catalogues are compiled by the installation, so a changed translation installs again.
PROJECT := pyproject.toml hatch_build.py requirements/run.txt $(wildcard translations/*/LC_MESSAGES/*.po)

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset salon test test-minimum lint bench soak catalogue keys requirements clean

help:
	@echo "make demo        serve the example clinic on http://127.0.0.1:$(PORT) (PORT=$(PORT)), worker and catcher included"
	@echo "make demo-reset  the same, from a new database"
	@echo "make salon       replay a real salon's cancellations (DATA=$(DATA))"
	@echo "make test        all tests, on SQLite and a PostgreSQL from pip, in $(JOBS) processes (JOBS=$(JOBS))"
	@echo "make test-minimum  the database tests with the oldest versions that pyproject.toml allows"
	@echo "make lint        ruff, mypy, import-linter, catalogues"
	@echo "make bench       measurements, one JSON object a line"
	@echo "make soak        the race tests for $(ROUNDS) rounds (ROUNDS=$(ROUNDS))"
	@echo "make catalogue   extract texts and update translations/"
	@echo "make keys        write the table of keys in docs/configuration.md"
	@echo "make requirements  pin what .venv holds in requirements/*.txt"
	@echo "make clean       remove .venv and all that was made here"

demo: .venv/.demo
	$(BIN)/python examples/host_app/serve.py --port $(PORT)

demo-reset: .venv/.demo
	$(BIN)/python examples/host_app/serve.py --port $(PORT) --reset

salon: .venv/.demo
	cd examples/host_app && "$(CURDIR)/$(BIN)/flask" --app clinic salon import "$(abspath $(DATA))"

test: .venv/.test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

test-minimum: .venv-minimum/.ready
	.venv-minimum/bin/python -m pytest -n $(JOBS) --dist loadgroup -m database $(ARGS)

lint: .venv/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/check_catalogues.py
	$(BIN)/python .ci/configuration_table.py

bench: .venv/.test
	@$(BIN)/python -m benchmarks $(ARGS)

soak: .venv/.test
	FCX_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -m race $(ARGS)

catalogue: .venv/.test
	$(BIN)/python .ci/check_catalogues.py --write
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .

keys: .venv/.demo
	$(BIN)/python .ci/configuration_table.py --write

requirements: .venv/.lint
	$(BIN)/python .ci/pin_requirements.py

clean:
	rm -rf .venv .venv-minimum build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find translations -name '*.mo' -delete

.venv/bin/python:
	$(PYTHON) -m venv .venv

# Each stamp is an installation; a bigger one includes the smaller. The last pip call links this folder and compiles the
# catalogues (hatch_build.py), with the pinned build tools rather than downloaded ones.
.venv/.demo: $(PROJECT) requirements/demo.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements/demo.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.test: .venv/.demo requirements/test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements/test.txt
	@touch $@

.venv/.lint: .venv/.test requirements/lint.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements/lint.txt
	@touch $@

.venv-minimum/.ready: $(PROJECT) requirements/minimum.txt
	$(PYTHON) -m venv .venv-minimum
	.venv-minimum/bin/pip install --quiet --disable-pip-version-check --requirement requirements/minimum.txt
	.venv-minimum/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
