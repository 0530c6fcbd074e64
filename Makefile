# Every target installs what it needs into .venv first. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
# Compiled modules are kept: without them each k2cr that starts compiles some 600 of its own anew, two seconds or more.
unexport PYTHONDONTWRITEBYTECODE

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 16

.venv/.core: requirements.lock pyproject.toml scripts/install.sh
	@bash scripts/install.sh core

.venv/.dev: requirements-dev.lock pyproject.toml scripts/install.sh
	@bash scripts/install.sh dev

demo: .venv/.core  ## run the main job on the bundled, made-up cluster, and say where the HTML is
	@echo "k2cr: assessing the demo cluster and writing its report to reports/demo (about half a minute)"
	@$(BIN)/k2cr demo --out reports/demo

test: .venv/.dev  ## run the tests
	@echo "k2cr: running the tests"
	@$(BIN)/python -m pytest -n 2 -m "not soak"

soak: .venv/.dev  ## run the tests that take minutes
	@$(BIN)/python -m pytest -m soak

lint: .venv/.dev  ## style, types, import rules, generated pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/write_rule_pages.py --check

bench: .venv/.dev  ## speed and memory, as ratios against peers in one run
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

lab: .venv/.dev  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=notebooks

# Resolved for the least Python that is promised, and by markers for the newer ones and other systems.
COMPILE := uv pip compile --quiet --universal --python-version 3.11.0 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade

lock:  ## resolve the two lock files anew (needs uv)
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --extra dev -o requirements-dev.lock

clean:  ## remove what the targets made
	rm -rf .venv reports build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo test soak lint bench lab lock clean
