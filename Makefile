# Every target sets up what it needs: `make app` opens the explorer, `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# A package index with the CPU builds of PyTorch, of your choice: `make app TORCH_INDEX=URL` takes torch and torchvision from there and all
# else from the usual place.
TORCH_INDEX ?=
TORCH := $(shell sed -n 's/^ *"\(torch>=[0-9.]*\)".*/\1/p' pyproject.toml)

# What checks the JavaScript, for developers who have node; a user needs none. In CI there has to be one.
define javascript
@if command -v node >/dev/null && command -v npm >/dev/null; then \
	cd app && npm install --silent && npm run $(1); \
elif [ -n "$$CI" ]; then \
	echo "JavaScript: node and npm are missing, and CI has to run its $(1)"; exit 1; \
else \
	echo "JavaScript: its $(1) is skipped, since node and npm are not installed"; \
fi
endef

.PHONY: app test slow campaign lowest licences install dev lint hooks docs bench screenshots

app: install
	$(BIN)/latent-explorer app

test: dev
	$(BIN)/python -m pytest
	$(call javascript,test)

# What the default run leaves out; and of that, what takes an hour or more.
slow: dev
	$(BIN)/python -m pytest -m "slow and not campaign"

campaign: dev
	$(BIN)/python -m pytest -m campaign

# The default tests with the lowest versions that pyproject.toml allows, in an environment of its own. They warn of what came after them, which
# is no error here.
lowest:
	@mkdir -p build
	$(PYTHON) .ci/lowest.py > build/lowest.txt
	$(PYTHON) -m venv build/lowest
	build/lowest/bin/python -m pip install --constraint build/lowest.txt --editable ".[dev]"
	build/lowest/bin/python -m pytest -W default::DeprecationWarning -W default::PendingDeprecationWarning -W default::FutureWarning

# Every installed package with its licence; an unknown one, or one that this project may not be given away with, is an error.
licences: dev
	$(BIN)/python .ci/licences.py

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(call javascript,lint)

hooks: dev
	$(BIN)/pre-commit install

docs: $(VENV)/.installed-docs build/docs/.packed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "open site/index.html"

bench: dev
	$(BIN)/python -m benchmarks.speed

screenshots: dev
	$(BIN)/python -m benchmarks.screenshots docs/screenshots

install: $(VENV)/.installed

dev: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml
	@echo "Setting up $(VENV): PyTorch$(if $(TORCH_INDEX), of $(TORCH_INDEX)) and what it needs$(if $(TORCH_INDEX),,; about 5 GB on Linux)"
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --no-deps --index-url "$(TORCH_INDEX)" "$(TORCH)" torchvision)
	$(BIN)/python -m pip install --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --editable ".[dev]"
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(BIN)/python -m pip install --editable ".[docs]"
	@touch $@

# What draws formulas and diagrams and searches: the site serves it, so that a reader's browser asks no other host.
build/docs/.packed: Makefile
	@command -v npm >/dev/null || { echo "npm is needed for the documentation: install Node.js"; exit 1; }
	@mkdir -p $(@D)
	rm -f $(@D)/*.tgz
	cd $(@D) && npm pack --silent katex@0.19 @mermaid-js/tiny@11 iframe-worker@1
	@touch $@
