# Every target sets up .venv by itself; nothing but Python 3.11 or newer has to be there.
#   make lab PYTHON=python3.12        choose the Python that .venv is made from
#   make lab ARGS="--no-browser"      pass options on
# Written for GNU make 3.81, which macOS ships.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/installed-base
TEST := $(VENV)/installed-test
SITE := $(VENV)/installed-site
RENDER := .venv-render/installed

# Jupyter, IPython and matplotlib keep their files in the project, and read nobody's own settings.
export JUPYTER_CONFIG_DIR := $(CURDIR)/.jupyter/config
export JUPYTER_DATA_DIR := $(CURDIR)/.jupyter/data
export JUPYTER_RUNTIME_DIR := $(CURDIR)/.jupyter/runtime
export JUPYTER_PREFER_ENV_PATH := 1
export IPYTHONDIR := $(CURDIR)/.jupyter/ipython
export MPLCONFIGDIR := $(CURDIR)/.jupyter/matplotlib

# A stamp holds the folder it was made in. It is void when .venv lost its Python or pip, or when
# the checkout was moved, since scripts in .venv and the editable install name the folder.
ifneq ($(shell $(BIN)/python -c 'import pip' 2>/dev/null && echo works),works)
$(shell rm -f $(BASE) $(TEST) $(SITE))
endif
$(shell for stamp in $(BASE) $(TEST); do \
  if [ -f $$stamp ] && [ "$$(cat $$stamp)" != "$$(pwd -P)" ]; then rm -rf $(VENV); fi; done)

.PHONY: help lab test check lint bench ablations features difficulty notebooks site slides landmarks points test-render constraints clean
.DEFAULT_GOAL := help
.NOTPARALLEL:

help:
	@echo 'make lab          set up and open JupyterLab on your copy of the first notebook'
	@echo 'make test         everything CI runs: lint, tests, the notebooks compared strictly'
	@echo 'make check        the quick part of it before a commit: lint and the quick tests (3 minutes)'
	@echo 'make lint         ruff and mypy'
	@echo 'make bench        measure what data/results/table.json lacks (hours for all of it)'
	@echo 'make ablations    measure what few keypoints and the weight of a fusion change (an hour)'
	@echo 'make features     the shipped features of Albion by DELF, for lab 06 (minutes)'
	@echo 'make difficulty   how hard the rendered towns are for SIFT (some ten minutes)'
	@echo 'make notebooks    run every notebook and store its outputs'
	@echo 'make site         the notebooks as web pages, in build/site'
	@echo 'make slides       the notebooks as slides, in build/slides'
	@echo 'make landmarks    render data/landmarks again (Python 3.11; hours, but it resumes)'
	@echo 'make points       find again which points the training pictures share (minutes)'
	@echo 'make test-render  render some shipped pictures again and compare the bytes (Python 3.11)'
	@echo 'make constraints  renew constraints.txt from a fresh install'
	@echo 'make clean        remove .venv and every cache in this folder'

define make_venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
  echo "delf-lesson needs Python 3.11 or newer, but '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
  echo "Install one, then name it: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
@if $(BIN)/python -m pip --version >/dev/null 2>&1; then :; else \
  rm -rf $(VENV); echo "Making $(VENV) (the first time takes some minutes and a network)"; \
  $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
    echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
fi
endef

# The lesson with one of its extras, or with none.
define install
$(make_venv)
$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.$(1)'
@for stamp in $(BASE) $@; do pwd -P > $$stamp; done
endef

$(BASE): pyproject.toml constraints.txt
	$(call install,)

$(TEST): pyproject.toml constraints.txt
	$(call install,[test])

lab: $(BASE)
	@$(BIN)/delf-lesson lab $(ARGS)

lint: $(TEST)
	$(BIN)/ruff check delf_lesson tests notebooks data/generator
	$(BIN)/ruff format --check delf_lesson tests notebooks data/generator
	$(BIN)/mypy delf_lesson

# Two workers. loadscope keeps a module's tests on one worker and in order, so that they share
# fixtures. A thread for each worker: with more threads than cores, training takes three times as
# long.
PYTEST = $(BIN)/python -m pytest -n 2 --dist loadscope

check: export OMP_NUM_THREADS = 1
check: lint
	$(PYTEST) -m 'not slow and not browser' $(ARGS) tests

# The browser tests run every notebook and compare it with what is stored. Without a browser nbval
# does that.
BROWSER = $(shell command -v chromium || command -v chromium-browser || \
  command -v google-chrome || command -v google-chrome-stable)
NBVAL = --nbval --nbval-current-env --nbval-cell-timeout 900 notebooks

# In the order of the folders: the browser tests take longest and come first, so that many short
# modules are left to keep both workers busy at the end. Features are kept from one notebook to the
# next, and nothing of an earlier run is used.
test: export OMP_NUM_THREADS = 1
test: export DELF_LESSON_CACHE = $(CURDIR)/build/test-features
test: lint
	rm -rf build/test-features
	$(PYTEST) --no-loadscope-reorder $(ARGS) tests $(if $(BROWSER),,$(NBVAL))

bench: $(TEST)
	$(BIN)/delf-lesson table $(ARGS)

# What notebook 07 asks beyond the table; the features come from the cache that `bench` filled.
ablations: $(TEST)
	$(BIN)/python tests/benchmarks/few_keypoints.py --out data/results/few_keypoints.json
	$(BIN)/python tests/benchmarks/fusion_weight.py --out data/results/fusion_weight.json

# What lab 06 searches. Make it again when the weights of DELF+FT+ATT change.
features: $(TEST)
	$(BIN)/python tests/benchmarks/shipped_features.py

difficulty: $(TEST)
	$(BIN)/python tests/benchmarks/landmark_difficulty.py $(ARGS)

# Times and widgets' ids change at every run, so they are not stored.
notebooks: $(TEST)
	$(BIN)/python -m nbconvert --to notebook --execute --inplace \
	  --ExecutePreprocessor.record_timing=False \
	  --ExecutePreprocessor.store_widget_state=False \
	  --NotebookExporter.preprocessors=delf_lesson.classroom.publish.WithoutWidgets \
	  $(or $(ARGS),notebooks/*.ipynb)

$(SITE): pyproject.toml constraints.txt
	$(call install,[site])

# What is stored in the notebooks, as pages and slides that need no network.
site: $(SITE)
	$(BIN)/python -m delf_lesson.classroom.publish page build/site
	@echo 'Open build/site/index.html'

slides: $(SITE)
	$(BIN)/python -m delf_lesson.classroom.publish deck build/slides
	@echo 'Open build/slides/index.html'

# Blender comes as a Python module that wants Python 3.11 and a numpy below 2, so it gets an
# environment of its own: what the extra "render" lists, without the lesson's dependencies.
$(RENDER): pyproject.toml data/generator/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
	  echo "Blender's module needs Python 3.11, but '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name one: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	rm -rf .venv-render
	$(PYTHON) -m venv .venv-render
	@.venv-render/bin/python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*project['optional-dependencies']['render'], 'pytest', sep='\n')" \
	  > .venv-render/requirements.txt
	.venv-render/bin/python -m pip install --disable-pip-version-check \
	  -c data/generator/constraints.txt -r .venv-render/requirements.txt
	@touch $(RENDER)

landmarks: $(RENDER)
	.venv-render/bin/python -m data.generator $(ARGS)

# Depth is drawn anew in NumPy: the lesson's environment with its tests' does for it.
points: $(TEST)
	$(BIN)/python -m data.generator.points

test-render: $(RENDER)
	.venv-render/bin/python -m pytest -q $(ARGS) tests/generator/test_render.py

constraints:
	$(make_venv)
	rm -rf .venv-constraints
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/python -m pip install --disable-pip-version-check -e '.[test]'
	@{ sed -n '/^#/p' constraints.txt; \
	  .venv-constraints/bin/python -m pip freeze --exclude-editable --exclude setuptools \
	  | sed -n 's/^\([A-Za-z0-9._-]*==[^+ ]*\).*/\1/p'; } > constraints.new
	mv constraints.new constraints.txt
	rm -rf .venv-constraints

# What students have written stays: work, answers.
clean:
	rm -rf $(VENV) .venv-constraints .venv-render .jupyter .pytest_cache .mypy_cache .ruff_cache build *.egg-info
	find . -path ./work -prune -o -name __pycache__ -prune -exec rm -rf {} +
	find . -path ./work -prune -o -name .ipynb_checkpoints -prune -exec rm -rf {} +
