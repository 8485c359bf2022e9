# One command for everything that a person or CI does. Each target first installs what is missing (tools/bootstrap.sh).
SHELL := /bin/bash
PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest
# Tests wait more than they work: four workers beside each other, then what wants the machine for itself.
BESIDE := -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: help bootstrap up down test check lint acceptance bench proof attack storm soak image image-test clean

help:
	@echo "make up | down          a centre, a building with two companies and five phones: started, shown, left running; ended"
	@echo "make test               the whole suite"
	@echo "make check              ruff, mypy --strict, import-linter, the suite"
	@echo "make acceptance         the abilities that tests prove: a table, and build/acceptance.tsv"
	@echo "make bench              ratios against references: a table, and build/bench.tsv"
	@echo "make proof              a phone's boot from DHCP to a talked call, captured; what survives what, timed; files served"
	@echo "make attack             ten thousand guessed MACs by HTTP and TFTP, and what they got"
	@echo "make storm              1,000 phones powered on together: figures, and the curve in docs/boot-storm.md"
	@echo "make soak               an hour of callers who hang up at random; fails when a leg, port, descriptor or memory leaks"
	@echo "make image | image-test the bootable disk; boot it in QEMU and ask it for SIP, HTTP and SNMP"
	@echo "make clean              what was built; the installed packages and .venv stay"

bootstrap:
	@tools/bootstrap.sh

up: bootstrap
	@$(PYTHON) -m tests.lab.demo up

down: bootstrap
	@$(PYTHON) -m tests.lab.demo down

test: bootstrap
	@status=0; \
	$(PYTEST) $(BESIDE) -m "not image and not bench and not alone" || status=$$?; \
	$(PYTEST) -m "alone and not image and not bench" || status=$$?; \
	exit $$status

lint: bootstrap
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

check: lint test

acceptance: bootstrap
	@rm -f build/acceptance-results.tsv
	@status=0; \
	$(PYTEST) $(BESIDE) -m "acceptance and not image and not alone" -q || status=$$?; \
	$(PYTEST) -m "acceptance and not image and alone" -q || status=$$?; \
	$(PYTHON) -m tests.acceptance.table; exit $$status

bench: bootstrap
	@$(PYTHON) -m tests.bench

proof: bootstrap
	@$(PYTHON) -m tests.lab.proof
	@$(PYTHON) -m tests.lab.proof_files

attack: bootstrap
	@$(PYTHON) -m tests.lab.attack

soak: bootstrap
	@$(PYTHON) -m tests.soak

storm: bootstrap
	@$(PYTHON) -m tests.storm

image: bootstrap
	@image/build.sh

image-test: bootstrap
	@$(PYTEST) -s -m image tests/image

clean:
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find appliance central wire tests -name __pycache__ -type d -prune -exec rm -rf {} +
