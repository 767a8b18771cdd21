# Every target sets up what it needs: `make app` opens the explorer, `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: app test install dev lint bench screenshots slow

app: install
	$(BIN)/latent-explorer app

test: dev
	$(BIN)/python -m pytest

slow: dev
	$(BIN)/python -m pytest -m slow

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: dev
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.latency

screenshots: dev
	$(BIN)/python -m benchmarks.screenshots docs/screenshots

install: $(VENV)/.installed

dev: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml
	@echo "Setting up $(VENV): PyTorch and what it needs, about 5 GB on Linux"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --editable ".[dev]"
	@touch $@
