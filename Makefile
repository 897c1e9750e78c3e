# make lab     the course: .venv with everything, then JupyterLab at the first lesson, in a copy of your own
# make quick   after each change: equations, layers, pictures and what git sees changed; less than a minute
# make test    before a push: lint, unit tests, every notebook
# make weekly  all that `make test` leaves out
# make env     only .venv, with every extra that the tests need
#
# For developers, parts of `make test`:
#   make lint
#   make unit ONLY=tests/algebra/test_drops.py          any of pytest's arguments
#   make notebooks ONLY=notebooks/01_cells.ipynb
# Parts of `make weekly` (CONTRIBUTING.md has the minutes):
#   make slow                                   the files of tests/weekly.txt; every attack under every lock
#   make browser                                explorers and site in a real Chromium
#   make answers                                every bank at five seeds, with mutants in three ways, on the browser's torch
#   make packages                               wheel and sdist, and the README's ways without make
#   make luck                                   each output that nbval compares, at a hundred other seeds
#   make portable                               tests and notebooks on other vector units, threads, releases, Pythons
#   make calibrate                              how often lesson 10's comparison calls equal arms different
#   make campus                                 a JupyterHub with nbgrader and three users; Gradescope's container
# And the site:
#   make site                                   lessons, claims, API and all else as pages: build/site/index.html
# Other settings: LAB="--no-browser --port 9000", WORKERS=4 (test processes), PYTHON=/path/to/python3.12 (before
# .venv is made).

PY := .venv/bin/python
WORKERS ?= 2
ONLY ?=
LAB ?=
export PYTHON

# Small networks run fastest as processes of one thread each.
TEST_ENV := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# The tests spread a file or class to one process; a notebook is one file, and one kernel.
PYTEST := $(TEST_ENV) $(PY) -m pytest -n $(WORKERS) --dist loadscope --durations 8

# What unit leaves out, unless ONLY names it.
WEEKLY := $(shell sed 's/\#.*//' tests/weekly.txt)
BROWSER := $(filter tests/browser tests/explorers/test_hosts.py tests/site,$(WEEKLY))
SLOW := $(filter-out $(BROWSER) tests/campus tests/packages,$(WEEKLY)) tests/attacks
WITHOUT_WEEKLY := $(addprefix --ignore=,$(WEEKLY))

.PHONY: calibrate portable lab test env lint quick unit notebooks weekly slow browser answers luck campus packages site clean
.NOTPARALLEL:

lab:
	@sh tools/env.sh course frameworks
	@.venv/bin/recdrop lab $(LAB)

# -k: one step that fails does not hide what the next would say.
test: env
	@$(MAKE) --no-print-directory -k lint unit notebooks

env:
	@sh tools/env.sh

lint: env
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy recdrop_lessons tools
	$(PY) -m mypy --strict --allow-any-generics --no-warn-return-any browser
	$(PY) -m codespell_lib -D - -D tools/words.txt
	$(PY) -m ruff check --isolated --preview --select PLW1514 recdrop_lessons tools  # a file's encoding is always said
	.venv/bin/lint-imports --no-cache
	$(PY) tools/notebooks.py check $(wildcard notebooks/*.ipynb solutions/*/*.ipynb exercises/*/*.ipynb)
	for tool in architecture_picture claims_page glossary_links lesson_map releases_page; do \
	    $(PY) tools/$$tool.py --check || exit 1; done
	$(PY) tools/plain.py

# The rooms of recdrop_lessons/ and the folders of tests/ where git sees a change; of grading what takes no minute.
ROOMS = $(shell git status --porcelain | sed -nE 's,^.. (recdrop_lessons|tests)/(\w+)/.*,tests/\2,p')
GRADING := $(patsubst %,tests/grading/test_%.py,channel checker codec learner_process)
CHANGED = $(filter-out $(WEEKLY),$(patsubst tests/grading,$(GRADING),$(wildcard $(ROOMS))))
QUICK = $(sort $(patsubst %,tests/%,algebra explorers layers plots twins) $(CHANGED))

quick: env
	@echo "make quick leaves out lint, notebooks, and all of tests/ but $(notdir $(QUICK))."
	RECDROP_SEEDS=1 $(PYTEST) $(WITHOUT_WEEKLY) $(or $(ONLY),$(QUICK))

unit: env
	RECDROP_SEEDS=1 $(PYTEST) $(or $(ONLY),$(WITHOUT_WEEKLY) tests)

# Without KERAS_BACKEND, as in a learner's shell. A dead kernel is seen only when the cell's time is up.
notebooks: env
	env -u KERAS_BACKEND $(PYTEST) --timeout 0 --nbval-lax --nbval-current-env --nbval-cell-timeout 240 \
	    $(or $(ONLY),$(wildcard notebooks solutions))

weekly: env
	@$(MAKE) --no-print-directory -k slow browser answers luck packages campus

# A kind of isolation that does not hold on this machine is skipped, with the reason.
slow: env
	RECDROP_ATTACK_KINDS=auto,bubblewrap,podman,docker $(PYTEST) $(or $(ONLY),$(SLOW))

browser: env
	$(PYTEST) $(or $(ONLY),$(BROWSER))

# Each answer at five seeds; notebook, `recdrop check` and `recdrop grade` give it the same result, and so does the
# browser's torch. make unit looks at a sample. The lessons go to whoever is free.
answers: env
	RECDROP_ANSWERS=all RECDROP_SEEDS=5 $(PYTEST) --dist load --timeout 0 $(or $(ONLY),tests/checks/test_answers.py \
	    tests/checks/test_three_ways.py tests/browser_torch/test_banks.py)

# A cell that nbval compares must not print what a draw decides: it would fail in one run of many.
luck: env
	RECDROP_LUCK=1 $(PYTEST) --dist load --timeout 0 $(or $(ONLY),tests/tools/test_notebook_luck.py)

# Hours for all settings; ONLY="scalar oldest" takes these. What is done for this commit is not repeated.
portable: env
	$(PY) tools/portable.py $(ONLY)

# Simulates lesson 10's comparison with equal arms, and writes docs/calibration.md.
calibrate: env
	OMP_NUM_THREADS=1 $(PY) tools/calibrate.py

# JupyterHub's proxy comes from npm, where it is not on the path; what cannot be had is skipped, with the reason.
campus: env
	RECDROP_CAMPUS=1 $(PY) -m pytest --durations 8 -rs $(or $(ONLY),tests/campus)

# Needs the network once, for a wheelhouse, and is skipped without it. What is committed is built.
packages: env
	RECDROP_PACKAGES=1 $(PY) -m pytest --durations 8 -rs $(or $(ONLY),tests/packages)

# A terminal sees how far Sphinx is, a log its warnings alone.
QUIET = $(shell test -t 2 || echo -q)

# Python for the browser is fetched where that can be (PYODIDE=FOLDER: taken from an unpacked official distribution);
# the rest needs no network. -W: a warning is an error. -E: everything anew. A terminal shows how far it is.
site: env
	@echo "1 of 2: Python for the browser"
	$(PY) tools/browser_runtime.py $(if $(PYODIDE),--pyodide "$(PYODIDE)")
	@echo "2 of 2: the pages"
	$(PY) -m sphinx -b html -W --keep-going -E $(QUIET) -j auto -c docs -d build/doctrees -D browser_runtime=build/browser . build/site

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
