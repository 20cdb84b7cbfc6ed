PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
.DEFAULT_GOAL := help
.PHONY: help install demo test chaos chaos-usual bench check fix up down pins clean

help: ## show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make the environment in .venv

demo: $(INSTALLED) ## carry requisitions through the whole cycle, against stand-in vendors
	@$(BIN)/fullcycle demo

test: $(INSTALLED) ## run the tests; one of them: make test ARGS='-k busy'
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

chaos: $(INSTALLED) ## kill and disturb the whole cycle, and count what was done twice or lost
	@$(BIN)/python -m tests.chaos $(ARGS)

chaos-usual: $(INSTALLED) ## the same kills for three usual ways to order a check, and for ours
	@$(BIN)/python -m tests.chaos.usual_ways $(ARGS)

bench: $(INSTALLED) ## what syncing, carrying and gates cost, beside what people use; to docs/benchmarks/
	@$(BIN)/python -m tests.bench $(ARGS)

check: $(INSTALLED) ## style, types, and which folder may import which
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fix: $(INSTALLED) ## mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

up: $(INSTALLED) ## run the system in the background
	@$(BIN)/fullcycle up

down: $(INSTALLED) ## stop it; the data stays
	@$(BIN)/fullcycle down

pins: ## renew constraints.txt from pyproject.toml (needs uv)
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-emit-index-url --no-header --extra dev pyproject.toml -o constraints.txt

clean: ## remove the environment and the caches; what runs must be down
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 install"; exit 1; }
	@$(PYTHON) -m venv .venv
	@echo "Installing the packages into .venv, once; it takes a minute or two."
	@$(PIP) install --quiet --require-hashes -r constraints.txt -c constraints.txt \
	  || { echo "no network: the packages in constraints.txt could not be downloaded; pip needs to reach a package index, or a mirror named in its configuration"; exit 1; }
	@$(PIP) install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@
