# Everything works on a machine with only Python 3.11 (or newer) and make: each target makes the environment it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := .venv-bench

.PHONY: help demo test check format docs bench lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     find the anomaly in generated airline data, then serve it (Ctrl-C stops)"
	@echo "make test     run all tests"
	@echo "make check    what CI runs: format, lint, types, imports, tests"
	@echo "make format   put the code in the form that check wants"
	@echo "make docs     write anew what the documentation takes from the code"
	@echo "make bench    measure speed and quality"
	@echo "make lock     bring requirements.lock up to date with pyproject.toml"
	@echo "make clean    remove the environment and all caches"

demo: $(STAMP)
	$(BIN)/tailmass demo

test: $(STAMP)
	$(BIN)/pytest --numprocesses auto --dist loadfile

check: $(STAMP)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(STAMP)
	$(BIN)/python docs/examples.py
	$(BIN)/python docs/generate.py

# Who else is measured lives in an environment of its own; without it the benchmarks go on, and say so. A part of them:
# make bench BENCH="--only speed".
bench: $(STAMP)
	-@$(MAKE) --no-print-directory $(PEERS)/.installed
	$(BIN)/python -m benchmarks $(BENCH)

$(PEERS)/.installed: benchmarks/requirements.txt
	rm -f $@
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/requirements.txt
	touch $@

# The stamp is written last: an installation that broke off is done again, and one that is current is not.
$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

# Hashes of the files for every platform, and neither the index they came from nor a path of this machine. Versions that
# are locked already stay as they are; remove a line, or the file, to let them move.
lock: $(STAMP)
	$(BIN)/pip-compile --quiet --strip-extras --allow-unsafe --generate-hashes --extra dev --extra postgresql --extra mysql --extra aws --build-deps-for editable \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
