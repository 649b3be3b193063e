PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
WORKERS ?= 2

.PHONY: help setup demo test lint bench images test-docker

help:  ## these lines
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: .venv/ready  ## make .venv with everything in it

demo: .venv/ready  ## fine-tune the bundled model on the bundled recordings
	@$(BIN)/biotune run

test: .venv/ready  ## all tests but those with containers
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal -m "not docker"

lint: .venv/ready  ## style and import order
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: .venv/ready  ## how fast it is, beside the best there is: benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.speed

images:  ## the images of docker/Dockerfile
	docker/build

test-docker: .venv/ready  ## what needs a docker daemon and the images
	$(BIN)/pytest -q -n $(WORKERS) --dist loadfile -m docker --timeout 600

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,test]'
	@touch $@
