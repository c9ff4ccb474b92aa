# Frontdesk's commands. `make demo` to try it, `make test` to check it.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
WEB_SOURCES := gateway/web/package.json gateway/web/package-lock.json hatch_build.py $(wildcard bots/webchat/widget/*.js)

.PHONY: setup demo test test-rasa test-embeddings faults bench bench-full bench-sockets bench-nlu check lock format migration manual pictures

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml $(WEB_SOURCES)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check "$$(grep -oE '^uv==[^ ]+' requirements.lock)"
	@echo "Installing what Frontdesk needs…"
	@VIRTUAL_ENV=.venv $(BIN)/uv pip sync $$([ -t 1 ] || echo --quiet) --compile-bytecode --require-hashes requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q gateway bots nlu handoff knowledge_base
	@touch $(STAMP)

demo: setup
	@$(BIN)/frontdesk demo

test: setup
	@./.ci/prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadscope

# Against a real Rasa, in an environment of its own: needs Python 3.10, and the network the first time.
test-rasa: setup
	@./.ci/rasa

# With a real language model (English, 84 MB): needs the network the first time.
test-embeddings: setup
	@./.ci/embeddings

faults: setup
	@./.ci/prepare
	@$(BIN)/python -m tests.faults
	FRONTDESK_HOSTILE_SENDS=10000 FRONTDESK_OUTAGE_SECONDS=30 FRONTDESK_TEST_LONG=1 $(BIN)/pytest -q \
	  tests/bots/telegram/test_hostile.py tests/gateway/test_outages.py tests/gateway/test_trouble.py

bench: setup
	@./.ci/prepare
	@$(BIN)/python -m tests.bench

bench-full: setup
	@./.ci/prepare
	@$(BIN)/python -m tests.bench --full

# Ten thousand idle visitors, what each costs and how fast others are answered beside them: `make bench-sockets VISITORS=2000`.
VISITORS ?= 10000
bench-sockets: setup
	@$(BIN)/python -m tests.bench.sockets --visitors $(VISITORS)

# How well texts are understood, on public sets: `make bench-nlu FRONTDESK_NLU_DATA=folder`.
bench-nlu: setup
	@FRONTDESK_TEST_EMBEDDINGS=$$(tests/embeddings/prepare) OMP_NUM_THREADS=1 $(BIN)/python -m tests.bench.nlu

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	VIRTUAL_ENV=.venv $(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" -o requirements.lock
	$(BIN)/uv pip compile tests/rasa/requirements.in --universal --python-version 3.10 \
	  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" -o tests/rasa/requirements.lock

# The README's pictures, taken anew of the real screens.
pictures: setup
	@$(BIN)/python -m tests.acceptance.picturing

migration: setup
	$(BIN)/python -m gateway.storage.draft "$(m)"

manual: setup
	$(BIN)/python -m gateway.manual README.md
