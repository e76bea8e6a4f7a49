# make song and make test do all the set-up there is; `make help` lists the rest. make song installs what plays, without
# PyTorch; what trains or tests completes the same environment.

PYTHON ?= python3
# Which PyTorch: empty takes what the package index gives this machine, `cpu` the small build for CPUs,
# `cu128`, `cu130`, … the build for that CUDA. Example: make install TORCH=cpu
TORCH ?=
# Where `make demo` works, and which song `make song` writes.
DEMO ?= demo
SEED ?= 1
# How long `make campaign` takes at most, and how many processes it uses.
MINUTES ?= 20
JOBS ?= 1

# The genres that the bundled model knows.
MODEL_GENRES := acoustic,blues,country,dance,electronic,folk,funk,jazz,metal,pop,psychedelic,punk,reggae,rnb,rock,soul

BIN := .venv/bin
VAEMUSIC := $(BIN)/vaemusic --workspace $(DEMO)
LIGHT_PIP = $$(test -e $(BIN)/pip && echo $(BIN)/python || echo $(PYTHON)) -m pip --python $(BIN)/python install \
	--disable-pip-version-check --no-compile -c constraints.txt
COMPILE_LOOPS := PYTHONPATH=src $(BIN)/python -c "from pianoroll_vae.models.arranger.play import compilation; \
	compilation.compile_loops(lambda: print('Compiling the loops that play'))"
INDEX := $(if $(TORCH),--extra-index-url https://download.pytorch.org/whl/$(TORCH))

.PHONY: help install song demo model test check lint types bench campaign gpu-check clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/complete ## the whole environment in .venv, with PyTorch and what the tests need

# $(PYTHON)'s own pip installs, where it can: to set up the one that comes with Python takes six seconds. The loops that
# play are compiled while the rest is installed, so that the first song does not wait for them; of all else what plays,
# a third, is compiled to bytecode.
.venv/plays: pyproject.toml constraints.txt
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python $(BIN)/python --version > /dev/null 2>&1 || $(PYTHON) -m venv .venv
	$(LIGHT_PIP) numba safetensors
	$(COMPILE_LOOPS) & $(LIGHT_PIP) pip -e . && wait
	$(BIN)/python -c "import pianoroll_vae.api"
	@touch $@

.venv/complete: .venv/plays
	$(BIN)/python -m pip install --disable-pip-version-check $(INDEX) -c constraints.txt -e '.[dev]'
	@touch $@

song: .venv/plays ## write a song with the bundled model: song.mid, song.wav and song.png
	$(BIN)/vaemusic generate --steps 24 --seed $(SEED) -o song.mid -o song.wav -o song.png
	@echo "Your song: $(CURDIR)/song.mid, song.wav to listen to, song.png to look at; another one: make song SEED=2"

demo: install ## the whole pipeline on a practice corpus: compose it, tune the bundled model to it, write demo.mid
	$(BIN)/vaemusic init $(DEMO)
	$(BIN)/vaemusic sample $(DEMO)/corpus
	$(VAEMUSIC) filter --genre blues,rock --lpd $(DEMO)/corpus/lpd --msd $(DEMO)/corpus/msd
	$(VAEMUSIC) preprocess
	$(VAEMUSIC) train all --init bundled --epochs 6
	$(VAEMUSIC) generate --steps 40 --noise 1.0 --seed 1 -o demo.mid
	@echo "Your song: $(CURDIR)/demo.mid"

# `train` has the optimisers of the bundled model: Muon at .02 for the matrices of transformer layers, Adam for all else.
model: install ## train a band like the bundled one from LPD=DIR and its genre lists GENRES=DIR (about four hours on two cores)
	$(BIN)/vaemusic init model
	$(BIN)/vaemusic --workspace model filter --genre $(MODEL_GENRES) --source lastfm --genres $(GENRES) --lpd $(LPD)
	$(BIN)/vaemusic --workspace model preprocess
	$(BIN)/vaemusic --workspace model train vae --epochs 90
	$(BIN)/vaemusic --workspace model train melody --epochs 56
	$(BIN)/vaemusic --workspace model train conditional --epochs 33
	$(BIN)/vaemusic --workspace model export src/pianoroll_vae/bundled

test: install ## run the tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --workers=auto

check: lint types test ## everything that must hold before a commit

lint: install ## style
	$(BIN)/ruff check src tests examples
	$(BIN)/ruff format --check src tests examples

types: install ## mypy, strict
	$(BIN)/mypy

bench: install ## time the work beside the obvious way; LPD=DIR MSD=DIR DATASET=FILE name real data
	$(BIN)/python -m pip install --disable-pip-version-check --quiet tables
	$(if $(LPD),$(BIN)/python -m tests.bench.dataset_speed --lpd $(LPD))
	$(if $(MSD),$(BIN)/python -m tests.bench.filter_speed --msd $(MSD) --lpd $(LPD))
	$(BIN)/python -m tests.bench.genres_speed
	$(BIN)/python -m tests.bench.listening_speed
	$(BIN)/python -m tests.bench.midi_jitter
	$(BIN)/python -m tests.bench.writing_speed
	$(if $(DATASET),$(BIN)/python tests/bench/train_bench.py --dataset $(DATASET))

campaign: install ## kills, full disks, damaged files, hostile words: MINUTES=20 JOBS=1 SEED=1 MIDI=DIR of MIDI files
	nice $(BIN)/python -m tests.campaign --minutes $(MINUTES) --jobs $(JOBS) --seed $(SEED) $(if $(MIDI),--midi $(MIDI))

gpu-check: ## check and measure training on a CUDA GPU, with a python3 that has torch, numpy, h5py and safetensors
	PYTHONPATH=src $(PYTHON) -m tests.bench.gpu_check --report gpu.json

clean: ## remove the environment, the demo and its song
	rm -rf .venv $(DEMO) model song.mid song.wav song.png song-page-*.png demo.mid
