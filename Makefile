# `make run` and `make test` are all that a newcomer needs; both install what they need first.
# `sudo make install` is for a Raspberry Pi with the board (docs/install.md).

# PYTHON=python3.13 chooses the interpreter, and the .venv is made anew if it has another one.
# Without, the .venv keeps its own, or gets the first that is found.
PYTHON :=
VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/.installed
MUTANTS := $(VENV)/.mutants
# Where processes are started: the long files first, so that no worker is left with one at the end.
PAGES := tests/web/browser
SYSTEM := tests/system tests/system_node tests/dcs tests/board
WORKERS := 3 # on two cores: a third of the tests' time is waiting
SYSTEM_WORKERS := 5 # and half of it where processes are started
PAGE_WORKERS := 3
FAST := $(BIN)/pytest -q -n $(WORKERS) -m "not system and not proof"
WITH_PROCESSES := $(BIN)/pytest -q --dist loadfile --no-loadscope-reorder -m "system and not proof"
# Tests are kept compiled, as the product is: collecting all takes 5 s of CPU in each worker, else 12 s.
export PYTHONDONTWRITEBYTECODE :=

IS_RECENT := import sys; sys.exit(sys.version_info < (3, 11))
IDENTITY := import sys; print(sys.base_prefix + "@" + sys.version.split()[0])

# Asked for by PYTHON: of its name, or among those of pyenv, which starts only the chosen ones by name.
CHOSEN := $(if $(PYTHON),$(shell for python in "$(PYTHON)" \
    $$(ls -d "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin/"$(PYTHON)" 2>/dev/null | sort -rV); do \
        if "$$python" -c '$(IS_RECENT)' 2>/dev/null; then echo "$$python"; break; fi; done))
HAD := $(shell $(BIN)/python -c 'import pip; $(IDENTITY)' 2>/dev/null)
WANTED := $(if $(PYTHON),$(shell "$(CHOSEN)" -c '$(IDENTITY)' 2>/dev/null),$(HAD))
ANEW := $(if $(HAD),$(if $(filter-out =$(HAD),=$(WANTED)),anew),anew)

.PHONY: run install test fast setup anew interpreter browser broker node-peer rpi-gpio check pythons proof long bench mutants runs \
    golden faults policies requirements screenshots pictures clean

run: setup
	@$(BIN)/wallbox launch --front $(RUN_FLAGS)

install:
	@/bin/sh launch/install/install.sh $(INSTALL_FLAGS)

# Half of the time of the pages' tests is waiting: the fast tests run meanwhile, with less of the
# processors when both want them, and their output comes at the end. The tests of processes, signals
# and deadlines have the machine for themselves.
test: check browser broker node-peer rpi-gpio
	@nice -n 10 $(FAST) >$(VENV)/fast.log 2>&1 & fast=$$!; trap "kill $$fast" INT TERM; \
	$(WITH_PROCESSES) -n $(PAGE_WORKERS) $(PAGES); pages=$$?; \
	wait $$fast; fast=$$?; cat $(VENV)/fast.log; exit $$((pages | fast))
	$(WITH_PROCESSES) -n $(SYSTEM_WORKERS) $(SYSTEM)

fast: setup broker rpi-gpio
	$(FAST)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Checks and fast tests on each version of Python that the README names, each in a .venv of its own.
pythons: setup
	$(BIN)/python tests/pythons/run.py

# The longer versions, within 70 minutes on 2 cores.
proof: test bench
	$(BIN)/wallbox soak --sessions 1000 --seed 1 --jobs 2
	$(BIN)/pytest -q -m proof

# What needs more: its date and figures stand in docs/measurements.md.
long: proof
	$(BIN)/python bench/reaction.py
	$(BIN)/wallbox soak --sessions 3000 --seed 20000 --jobs 2

bench: setup browser
	$(BIN)/python bench/bus.py
	$(BIN)/python bench/launch.py
	$(BIN)/python bench/web.py
	$(BIN)/python bench/board.py
	$(BIN)/python bench/overload.py --short
	$(BIN)/python bench/failsafe.py --short
	$(BIN)/python bench/reaction.py --short

mutants: $(MUTANTS)
	nice $(BIN)/python tests/mutation/run.py

# What differs from a commit in the traffic of about 20 recorded virtual runs.
runs: setup
	$(BIN)/python tests/runs/compare.py $(BASE)

golden: setup
	$(BIN)/python tests/golden/write.py

faults: setup
	$(BIN)/python tests/faults/write.py

# A year of houses and six named days: 10 minutes on two cores.
policies: setup
	$(BIN)/python tests/houses/write.py

requirements: setup
	$(BIN)/python tests/requirements/write.py

screenshots: setup browser
	$(BIN)/python tests/web/browser/screenshots.py

# Those of the README.
pictures: setup browser
	$(BIN)/python tests/web/browser/pictures.py

# The pages are tested in a real browser, Debian's.
browser:
	@if ! command -v chromium >/dev/null; then \
	    if [ "$$(id -u)" = 0 ]; then apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; \
	    elif sudo -n true 2>/dev/null; then sudo apt-get -qq update && sudo apt-get -qq install -y --no-install-recommends chromium; fi; \
	    if ! command -v chromium >/dev/null; then \
	        echo "the tests of the pages need a browser; please run: sudo apt install chromium" >&2; exit 1; fi; fi

# MQTT is tested with a real broker, Debian's.
broker:
	@if ! PATH="$$PATH:/usr/sbin" command -v mosquitto >/dev/null; then \
	    if [ "$$(id -u)" = 0 ]; then apt-get -qq update && apt-get -qq install -y --no-install-recommends mosquitto; \
	    elif sudo -n true 2>/dev/null; then sudo apt-get -qq update && sudo apt-get -qq install -y --no-install-recommends mosquitto; fi; \
	    if ! PATH="$$PATH:/usr/sbin" command -v mosquitto >/dev/null; then \
	        echo "the tests of MQTT need a broker; please run: sudo apt install mosquitto" >&2; exit 1; fi; fi

# The real RPi.GPIO, beside the .venv's packages: no other test may find it. Its tests are skipped
# where it cannot be built.
RPI_GPIO := $(VENV)/rpi-gpio
rpi-gpio: $(DONE)
	@test -d $(RPI_GPIO)/RPi || PIP_CONSTRAINT="$(CURDIR)/constraints.txt" PIP_DISABLE_PIP_VERSION_CHECK=1 \
	    $(BIN)/python -m pip install --quiet --no-deps --target $(RPI_GPIO) RPi.GPIO || { rm -rf $(RPI_GPIO); \
	    echo "RPi.GPIO cannot be built (it needs a C compiler and Python's headers): its tests will be skipped"; }

# Peers of npm, beside those of Python: a Modbus peer and an OCPP host. Their tests are skipped where
# there is no Node.js 20.
PEERS := tests/modbus_map/node_peer tests/dcs/node_host
node-peer:
	@if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || ! command -v npm >/dev/null; then \
	    echo "no Node.js 20 with npm: the tests with peers of Node.js will be skipped"; \
	else for peer in $(PEERS); do \
	    cmp -s $$peer/package-lock.json $$peer/node_modules/.installed || \
	    (cd $$peer && npm ci --silent --ignore-scripts --no-audit --no-fund && \
	        cp package-lock.json node_modules/.installed) || \
	    echo "the packages of $$peer cannot be installed: its tests will be skipped"; done; fi

setup: $(DONE)

# Which program PYTHON names; nothing if there is none.
interpreter:
	@echo $(CHOSEN)

# Debian ships Python without its venv module; with root at hand it is installed, else it is asked for.
$(DONE): pyproject.toml constraints.txt $(ANEW)
ifdef ANEW
	@python="$(CHOSEN)"; \
	if [ -n "$(PYTHON)" ]; then \
	    if [ -z "$$python" ]; then \
	        echo "PYTHON=$(PYTHON) is not installed, or older than Python 3.11" >&2; exit 1; fi; \
	else for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$name" -c '$(IS_RECENT)' 2>/dev/null; then python=$$name; break; fi; done; fi; \
	if [ -z "$$python" ]; then \
	    echo "wallbox needs Python 3.11 or newer and found none; on Debian, Ubuntu and Raspberry Pi OS:" >&2; \
	    echo "    sudo apt install python3 python3-venv" >&2; exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	    if [ "$$(id -u)" = 0 ]; then apt-get -qq update && apt-get -qq install -y python3-venv; \
	    elif sudo -n true 2>/dev/null; then sudo apt-get -qq update && sudo apt-get -qq install -y python3-venv; fi; \
	    if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	        echo "$$python has no venv module; please run: sudo apt install python3-venv" >&2; exit 1; fi; fi; \
	echo "setting up $(VENV)$(if $(HAD), anew) with $$("$$python" --version)$(if $(HAD), (it had $(lastword $(subst @, ,$(HAD))))) ..." && \
	"$$python" -m venv --clear $(VENV)
endif
	@PIP_CONSTRAINT="$(CURDIR)/constraints.txt" PIP_DISABLE_PIP_VERSION_CHECK=1 \
	    $(BIN)/python -m pip install --quiet --editable '.[dev]' && \
	$(BIN)/python -m compileall -q bus cli launch msgs nodes portal terminal verifier view web && \
	touch $(DONE)

$(MUTANTS): $(DONE)
	PIP_CONSTRAINT="$(CURDIR)/constraints.txt" PIP_DISABLE_PIP_VERSION_CHECK=1 \
	    $(BIN)/python -m pip install --quiet --editable '.[dev,mutants]'
	touch $(MUTANTS)

clean:
	rm -rf $(PEERS:%=%/node_modules) .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
