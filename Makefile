# What a newcomer or a contributor types. Needs GNU make and Python 3.11 or later, nothing else:
# the rest goes into .venv on demand.

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# A Python will do if it is new enough and can make a virtual environment.
will_do := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
pythons := python3.11 python3.12 python3.13 python3
PYTHON ?= $(shell for p in $(pythons); do \
	$$p -c '$(will_do)' >/dev/null 2>&1 && { echo $$p; break; }; done)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test slow coverage fuzz torch lint format docs wheel clean distclean

help: ## show this list
	@sed -n 's/^\([a-z]*\):[^#]*## */\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r goal what; do \
		printf '  make %-10s %s\n' "$$goal" "$$what"; done
	@echo '  PYTHON=…        the Python to build .venv with (3.11 or later)'
	@echo '  TORCH=…         the torch to install (torch), such as one built for the CPU alone'
	@echo '  RUNS=…          how many inputs to try (fuzz), a million if not said'
	@echo '  ARGS=…          more arguments for cbdsl train (demo), pytest (test, slow) or libFuzzer (fuzz)'

demo: $(VENV)/.made-train ## train a small model on MNIST under the rules of examples/mnist.cbr
	$(strip $(BIN)/cbdsl train examples/mnist.cbr $(ARGS))

test: lint ## lint, types and the quick tests: what CI runs
	$(strip $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS))

slow: $(VENV)/.made-dev ## the tests that need minutes
	$(strip $(BIN)/python -m pytest -m slow $(ARGS))

coverage: $(VENV)/.made-dev ## how much of cbdsl the quick tests run, by branches
	$(strip $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --cov --cov-report=term $(ARGS))

TORCH ?= torch

torch: $(VENV)/.made-dev ## the tests on the torch backend, which it installs first
	$(BIN)/python -m pip install '$(TORCH)'
	$(strip $(BIN)/python -m pytest tests/attach tests/backends -k torch -m 'slow or not slow' $(ARGS))

RUNS ?= 1000000

fuzz: $(VENV)/.made-dev ## a million hostile rule files, with atheris, which it installs first
	$(BIN)/python -m pip install 'atheris>=3'
	$(strip $(BIN)/python tests/fuzz/fuzz.py .fuzz -runs=$(RUNS) $(ARGS))
	@! ls .fuzz/found/* 2>/dev/null

lint: $(VENV)/.made-dev ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.made-dev ## lay out the Python code and put right what ruff can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.made-dev ## write the tables of docs/ that are made from the catalog
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_mistakes.py

wheel: $(VENV)/.made-dev ## build the sdist, and from it the wheel, into dist/
	$(BIN)/python -m build --no-isolation

clean: ## remove builds and caches
	rm -rf build dist .fuzz .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## the same, and .venv
	rm -rf $(VENV)

# .made-train and .made-dev say that .venv holds these extras, as pyproject.toml now asks for them.
# .busy says that the environment is being changed: whoever finds it there was left a half-made
# one (killed, out of power) and starts again. A pip that fails by itself leaves things in order.
extras_train := train
extras_dev := train,dev

$(VENV)/.made-%: pyproject.toml
	@if [ -e $(VENV)/.busy ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		$(PYTHON) -c '$(will_do)' >/dev/null 2>&1 || { \
			echo 'cbdsl needs Python 3.11 or later with the venv module.' >&2; \
			echo 'Tried: $(or $(PYTHON),$(pythons)).' >&2; \
			echo 'Install one, or name one: make PYTHON=/path/to/python3.11 …' >&2; exit 1; }; \
		echo 'Making $(VENV) with $(PYTHON)'; \
		rm -rf $(VENV) && mkdir $(VENV) && touch $(VENV)/.busy && $(PYTHON) -m venv $(VENV); \
	fi
	@echo 'Installing cbdsl[$(extras_$*)] into $(VENV): with TensorFlow, some minutes the first time'
	@touch $(VENV)/.busy; \
	{ PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 \
		$(BIN)/python -m pip install -e '.[$(extras_$*)]' 2>&1; echo $$? >$(VENV)/.status; } \
	| tee $(VENV)/install.log \
	| while read -r line; do case $$line in \
		Downloading*' MB)' | 'Using cached'*' MB)') echo "  $$line";; \
		'Installing collected packages'*) echo '  Unpacking';; \
	esac; done; \
	status=$$(cat $(VENV)/.status); rm -f $(VENV)/.status $(VENV)/.busy; \
	if [ "$$status" != 0 ]; then \
		tail -n 15 $(VENV)/install.log >&2; \
		echo 'pip failed; all it said is in $(VENV)/install.log' >&2; exit 1; \
	fi
	@touch $(foreach made,$(if $(filter dev,$*),dev train,$*),$(VENV)/.made-$(made))
