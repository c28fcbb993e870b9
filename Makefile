# `make demo` and `make test` need Python 3.11 or newer and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := demo
.PHONY: demo test test-all check docs figures bench clean

$(STAMP): pyproject.toml constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[hf,plot,graph,ray,dev]'
	touch $(STAMP)

# The main job, end to end: compile, verify, explain, use, show.
demo: $(STAMP)
	$(BIN)/logdepth compile khop --k 16 --length 100 --symbols ACGT --out demo/khop16 --force
	$(BIN)/logdepth verify demo/khop16
	$(BIN)/logdepth explain khop --k 16 --length 100
	printf '%s\n' GATTACAGATTACAGGATCCGATTACA ACGTTGCAACGTACGGTCA | $(BIN)/logdepth predict demo/khop16
	$(BIN)/logdepth show khop --text baebcabebdea --k 2
	$(BIN)/logdepth plot demo/khop16 --text ACGTTGCAACGTACGGTCATGCCA --out demo/attention.png

# Lint, format, types, layers, tests with doctests. What CI runs.
test: check
	$(BIN)/python -m pytest

test-all: check
	$(BIN)/python -m pytest -m 'slow or not slow'

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

docs: $(STAMP)
	$(BIN)/python -m logdepth.cli.reference > docs/cli.md

# The picture in the README.
figures: $(STAMP)
	$(BIN)/logdepth compile khop --k 6 --length 24 --symbols abcde --out demo/khop6 --force
	$(BIN)/logdepth plot demo/khop6 --text baebcabebdeacabbcdeabcad --out docs/figures/attention.png

# Rows behind every figure in the README and docs: benchmarks/rows/*.jsonl.
bench: $(STAMP)
	for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf .venv demo
