# Every target is enough by itself on a fresh clone: it installs what it needs first.
PYTHON ?= python3
BIN := .venv/bin
EXAMPLE := examples/feeder-2013
LOCKED := requirements/runtime.txt requirements/embedded.txt requirements/demo.txt requirements/test.txt

.PHONY: install demo up test check bench large faults oracle mutation golden lock clean

install: .venv/installed

# uv is brought into .venv itself; everything comes from the locked, hashed files.
.venv/installed: $(LOCKED) requirements/uv.txt requirements/build.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes \
		--build-constraints requirements/build.txt $(LOCKED) requirements/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps \
		--build-constraints requirements/build.txt --editable .
	@touch $@

demo: install
	@test -s $(EXAMPLE)/facts-sample.csv || $(BIN)/python $(EXAMPLE)/make_facts.py
	@$(BIN)/covenant rehearse $(EXAMPLE)

up: install
	@$(BIN)/covenant up

check: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest --quiet tests/documentation tests/store

# Whole lives, real data and the oracle run without coverage, which would make them twice as slow
# and adds nothing: what they run is covered by the other tests.
WHOLE := tests/examples tests/bench tests/durability tests/real_data tests/domain/test_oracle.py
# The rules await nothing. Watching for greenlets, which only the record needs, would cost them half
# as much again.
RULES := tests/domain tests/agreements
CHECKED := tests/documentation tests/store
PARALLEL := --numprocesses 2 --dist loadfile

test: check
	@$(BIN)/python -m pytest $(PARALLEL) $(WHOLE)
	@$(BIN)/coverage erase
	@$(BIN)/coverage run --concurrency thread -m pytest --numprocesses 2 --dist worksteal \
		$(RULES) $(addprefix --ignore ,$(WHOLE))
	@$(BIN)/coverage run -m pytest $(PARALLEL) $(addprefix --ignore ,$(CHECKED) $(RULES) $(WHOLE))
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --fail-under 90
	@$(BIN)/coverage report --include 'domain/*' --fail-under 100

# DuckDB and Polars are there to be compared with, and for nothing else.
bench: install
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/bench.txt
	@$(BIN)/python -m bench

# A CSV of 1 GB into the embedded PostgreSQL: rows per second, beside a bare COPY, and peak memory.
large: install
	@$(BIN)/python -m bench.large

faults: install
	@$(BIN)/python -m pytest -s tests/durability -m long

# A million boundary cases, and 75,600 windows and working days around clock changes; twenty
# thousand and 2,808 of them are in `make test`.
oracle: install
	@COVENANT_ORACLE_CASES=1000000 $(BIN)/python -m pytest -q \
		tests/domain/test_oracle.py tests/domain/test_calendar_walk.py

# Every survivor is listed; the score goes into docs/mutation.md.
mutation: install
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/mutation.txt
	@$(BIN)/python -m tests.mutation

# Golden histories are append-only from 0.1.0 on: record new paths, never old ones anew.
golden: install
	@$(BIN)/python -m tests.golden.record

# Nothing younger than a week; no line names a registry.
lock: install
	@for group in runtime embedded demo test mutation bench uv build; do \
		$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
			--no-annotate --no-header --python-version 3.11 --upgrade \
			--exclude-newer "$$(date -u -d '7 days ago' +%F)" \
			$$(test $$group = runtime || echo --constraint requirements/runtime.txt) \
			--output-file requirements/$$group.txt requirements/$$group.in || exit 1; \
	done

clean:
	rm -rf .venv build mutants *.egg-info .mypy_cache .ruff_cache .hypothesis .coverage*
