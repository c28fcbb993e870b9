# `make demo` and `make test` need Python 3.11 or newer and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := demo
.PHONY: demo test test-all check docs figures bench clean

$(STAMP): pyproject.toml constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,gnn,graph,ray,dev]'
	touch $(STAMP)

# The main job, end to end: compile, verify, explain, use, show.
demo: $(STAMP)
	$(BIN)/logdepth compile khop --k 16 --length 100 --symbols ACGT --out demo/khop16 --force
	$(BIN)/logdepth verify demo/khop16
	$(BIN)/logdepth explain khop --k 16 --length 100
	printf '%s\n' GATTACAGATTACAGGATCCGATTACA ACGTTGCAACGTACGGTCA | $(BIN)/logdepth predict demo/khop16
	$(BIN)/logdepth show khop --text baebcabebdea --k 2
	$(BIN)/logdepth plot demo/khop16 --text ACGTTGCAACGTACGGTCATGCCA --out demo/attention.png
	printf '%s\n' 'ann bob' 'bob cat' 'dan eve' > demo/friends.txt
	$(BIN)/logdepth run connectivity --graph demo/friends.txt --out demo/components.csv --force
	cat demo/components.csv

# Lint, format, types, layers, tests with doctests. What CI runs.
test: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

# Everything, the slow tests too, and which lines they leave out.
test-all: check
	$(BIN)/python -m pytest -m 'slow or not slow' --cov --cov-report=term-missing:skip-covered

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

docs: $(STAMP)
	$(BIN)/python -m logdepth.cli.reference > docs/cli.md
	$(BIN)/python -m logdepth.theory.page docs/bounds.md
	$(BIN)/python -m logdepth.compiled.programs_page docs/programs.md benchmarks/rows/tracr_programs.jsonl

# The pictures in the README.
figures: $(STAMP)
	$(BIN)/logdepth compile khop --k 6 --length 24 --symbols abcde --out demo/khop6 --force
	$(BIN)/logdepth plot demo/khop6 --text baebcabebdeacabbcdeabcad --out docs/figures/attention.png
	$(BIN)/python -c "import numpy as np; np.save('demo/random.npy', np.random.default_rng(0).integers(0, 20000, (50000, 2)))"
	$(BIN)/logdepth run connectivity --graph demo/random.npy --vertices 20000 --plot docs/figures/ledger.png

# Rows behind every figure in the README and docs: benchmarks/rows/*.jsonl.
bench: $(STAMP)
	for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf .venv demo
