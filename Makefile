# Eleven's commands. `make demo` and `make test` set up everything that they need.
PY := .venv/bin/python
PORT ?= 8011
.DEFAULT_GOAL := help
# Where surroundings forbid it to keep what it compiled, Python compiles the whole program for each process.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev demo demo-reset test check format bench soak lock

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /'

setup: ## set up the program and its page assets
	@python3 scripts/bootstrap.py app

setup-dev: ## set up the program and everything that its tests need
	@python3 scripts/bootstrap.py dev

demo: setup ## fill a realistic partnership (once), serve it, and say where to sign in as whom
	@ELEVEN_MODE=demo $(PY) -m app.cli demo --port $(PORT)

demo-reset: setup ## the same, thrown away and begun anew
	@ELEVEN_MODE=demo $(PY) -m app.cli demo --port $(PORT) --reset

check: setup-dev ## format, lint, types, layers
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

test: check ## every check and every test, browser tests included
	@$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

format: setup-dev ## put the code into its format
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format --quiet .

bench: setup-dev ## measure the goals of performance; JSON lines on standard output
	@ELEVEN_MODE=test $(PY) -m app.cli bench

soak: setup-dev ## the long forms of the fault tests; prints their table, fails loudly
	@ELEVEN_SOAK=$${ELEVEN_SOAK:-1} $(PY) -m tests.faults.soak

lock: setup-dev ## renew the hashed locks after a change of pyproject.toml
	@for name in app dev; do .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet $$( [ $$name = dev ] && echo "--group dev" ) \
	  pyproject.toml -o requirements/$$name.txt; done
