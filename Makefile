# make demo   set everything up and run the main job (examples/nsmc)
# make test   set everything up and run all tests
# make fuzz   feed every reader of files with what a fuzzer makes of good files
# The first two need Python >= 3.10 and make, nothing else: no root, no Java, no system package.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The demo runs in its own folder, so a relative path is made absolute.
NSMC := $(if $(NSMC_DIR),NSMC_DIR='$(abspath $(NSMC_DIR))')

.PHONY: setup demo test fuzz lint clean

setup: $(STAMP)

# Python 3.10's own pip cannot build seqeval beside a new setuptools; newer ones stay as they are.
# torch comes first and pinned, so that no other package draws in another build of it.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python >= 3.10 is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet 'pip>=23.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[java,plots,metrics,search,crf,export,parquet,dev]'
	touch $@

demo: setup
	$(MAKE) -C examples/nsmc RNNTOOL='$(abspath $(BIN))/rnntool' $(NSMC) demo

test: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

# A minute for each reader of files; needs atheris, which has wheels for Linux.
SECONDS ?= 60
fuzz: setup
	$(BIN)/python -m pip install --quiet 'atheris>=2.3'
	$(BIN)/python -m tests.fuzz_readers --seconds $(SECONDS)

lint: setup
	$(BIN)/ruff check rnntool tests examples
	$(BIN)/ruff format --check rnntool tests examples
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
