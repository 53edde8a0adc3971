# Every target builds .venv by itself, on a machine that has only Python and pip; while .venv is
# fresh that costs nothing. Another interpreter: make course PYTHON=python3.12
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
RUN := $(BIN)/python
STAMP := $(VENV)/.complete
# Notebooks at the same time: make course JOBS=4
JOBS ?=

# Instruction sets of a processor from before 2013, for PyTorch, oneDNN, MKL and NumPy.
OLD_PROCESSOR := ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 \
  MKL_ENABLE_INSTRUCTIONS=SSE4_2 NPY_DISABLE_CPU_FEATURES=X86_V3
# Without bytecode every process compiles all it imports anew: 14 s of processor time instead of 6
# for TensorFlow, seaborn and scikit-learn. Whoever wants no __pycache__ beside the sources gets it
# under build/.
ifneq ($(PYTHONDONTWRITEBYTECODE),)
  export PYTHONPYCACHEPREFIX := $(CURDIR)/build/bytecode
  unexport PYTHONDONTWRITEBYTECODE
endif

# Another Python for test-oldest or test-newest: make test-newest NOX_PYTHON=/opt/python3.13
NOX_PYTHON ?=

.PHONY: course light lab update progress recall site slides handout assignment quick test test-oldest test-newest \
  test-portable test-links test-browser test-class lint types unit unit-and-types notebooks bench mutants margins \
  refresh data release clean help

## course: execute every notebook on the shipped data; pages to read in build/html
course: $(STAMP)
	$(RUN) -m tools.run_course $(if $(JOBS),--jobs $(JOBS))

## light: execute a few notebooks that need little time and memory, as public CI does everywhere
light: $(STAMP)
	$(RUN) -m tools.run_course 00 01 05

## help: print these lines
help:
	@sed -n 's/^## //p' Makefile

## lab: open JupyterLab in work/, at your own copy of the first notebook
lab: $(STAMP)
	$(RUN) -m course_utils.work lab

## update: bring what is new in the course into your copies; what you typed stays
update: $(STAMP)
	$(RUN) -m course_utils.work update

## progress: which exercises are done, tried and open, by route
progress: $(STAMP)
	$(RUN) -m course_utils.work progress

## recall: a few questions on notebooks that you have begun
recall: $(STAMP)
	$(RUN) -m course_utils.work recall

## site: the notebooks as a book with search, in build/site
site: $(STAMP)
	$(RUN) -m tools.build_site

## slides: a reveal.js deck of each notebook, in build/slides
slides: $(STAMP)
	$(RUN) -m tools.build_slides

## handout: the notebooks without solutions, in build/handout and build/handout.zip
handout: $(STAMP)
	$(RUN) -m tools.build_handout

## assignment: the notebooks for nbgrader, in build/assignment
assignment: $(STAMP)
	$(RUN) -m tools.assignment

## quick: under a minute, for a small change: ruff, the notebooks' lint and links, fast unit tests;
##        leaves out mypy, doctests, tests marked slow, keras or torch, those of single exercises,
##        and the notebooks' outputs
quick: lint $(STAMP)
	$(RUN) -m tools.check_units --quick

## test: every gate that CI holds
test: lint unit-and-types notebooks

unit-and-types: $(STAMP)
	$(RUN) -m tools.check_units --types

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(RUN) -m tools.notebook_lint
	$(RUN) -m tools.links --check
	$(RUN) -m tools.reference --check
	$(RUN) -m benchmarks --old

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(RUN) -m tools.check_units

notebooks: $(STAMP)
	$(RUN) -m tools.check_notebooks $(if $(JOBS),--jobs $(JOBS))

## test-oldest, test-newest: units and notebooks with the lowest versions that pyproject.toml
##        allows, and with what the registry has today; each in an environment of its own
test-oldest test-newest: test-%: $(VENV)/.versions
	$(RUN) -m nox --session $* $(if $(NOX_PYTHON),--force-python $(NOX_PYTHON))

## test-portable: all notebooks as on an older processor, with one thread and with two
test-portable: $(STAMP)
	$(OLD_PROCESSOR) $(RUN) -m tools.check_notebooks --threads 1 $(if $(JOBS),--jobs $(JOBS))
	$(OLD_PROCESSOR) $(RUN) -m tools.check_notebooks --threads 2 --jobs 1

## test-links: ask whether the pages that the course links to are still there; needs the network
test-links: $(STAMP)
	$(RUN) -m tools.external_links

## test-browser: JupyterLab and the pages in a real browser, which has to be installed (Chromium)
test-browser: $(VENV)/.browser
	$(RUN) -m pytest tests_browser/test_lab.py tests_browser/test_solutions.py \
	  tests_browser/test_accessibility.py

## test-class: grade with nbgrader, and five learners on a JupyterHub, in the same browser
test-class: $(VENV)/.class
	$(RUN) -m pytest tests_browser/test_nbgrader.py tests_browser/test_hub.py

$(VENV)/.bench $(VENV)/.browser $(VENV)/.class $(VENV)/.release $(VENV)/.versions: $(VENV)/.%: $(STAMP)
	$(RUN) -m pip install -qq --disable-pip-version-check -c constraints.txt --editable ".[$*]"
	touch $@

## bench: measure side by side; tables and benchmarks/results.json
bench: $(VENV)/.bench
	$(RUN) -m benchmarks

## mutants: the long mutation run over course_utils and the notebooks
mutants: $(STAMP)
	$(RUN) -m tools.mutants

## margins: run the notebooks from ten seeds; notebooks/margins.csv says by how much verdicts hold
margins: $(STAMP)
	$(RUN) -m tools.margins $(if $(JOBS),--jobs $(JOBS))

## refresh: execute the notebooks and store their outputs
refresh: $(STAMP)
	$(RUN) -m tools.run_course --in-place
	$(RUN) -m tools.picture

## data: rebuild and verify what lies in data/
data: $(STAMP)
	$(RUN) data/build.py

## release: build wheel and source distribution into build/dist, and try both in empty environments
release: $(VENV)/.release
	$(RUN) -m tools.release $(if $(TAG),--tag $(TAG))

## clean: remove everything that was built, .venv too
clean:
	rm -rf build $(VENV)

# The stamp comes last, so an interrupted installation is repeated.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) tools/bootstrap.py $(VENV)
