# One command each: everything below sets itself up first, from Python >= 3.11, make and the package registries.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
# Trust what the system trusts, as pip and npm do: company proxies sign for themselves.
export UV_SYSTEM_CERTS := 1
# Compile what is imported once, and beside no source: else each process of the tests would compile all of it.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.build/bytecode
unexport PYTHONDONTWRITEBYTECODE
# Reach the recipes as environment variables and as typed, so that neither make nor a shell reads into the text.
ifdef COMPLAINT
override COMPLAINT := $(value COMPLAINT)
endif
export COMPLAINT FAIL_AGENT DECISION PACE

SOURCES := app.py setup.py .ci/audit.py .ci/check_templates.py .ci/dist.py .ci/fence_doctests.py .ci/lint_prose.py .ci/release.py .ci/scan_secrets.py infra lambdas statusbeam status_utils examples benchmarks tests

COMPILE_TOOLS := uv pip compile - --generate-hashes --universal --no-emit-index-url --python-version 3.11 --no-annotate \
  --custom-compile-command "make lock" --quiet

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# --- set-up -----------------------------------------------------------------------------------------------

.venv/.ready: requirements.lock pyproject.toml .ci/uv.txt .ci/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Statusbeam needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with make PYTHON=...")'
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: --requirement .ci/uv.txt
	@.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock
	@.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --build-constraints .ci/build.txt --require-build-hashes --editable .
	@touch $@

node_modules/.ready: .venv/.ready package.json package-lock.json web/client/package.json web/dashboard/package.json
	@npm ci --silent
	@touch $@

tests/e2e/clients/node_modules/.ready: .venv/.ready tests/e2e/clients/package-lock.json tests/e2e/clients/first/package-lock.json
	@npm ci --silent --prefix tests/e2e/clients
	@npm ci --silent --ignore-scripts --prefix tests/e2e/clients/first
	@touch $@

graphql/node_modules/.ready: node_modules/.ready graphql/package-lock.json
	@npm ci --silent --prefix graphql
	@touch $@

.PHONY: setup browser
setup: .venv/.ready node_modules/.ready resolvers wheels ## install everything, and build what a deployment needs

browser: .venv/.ready # a Chromium for the browser tests: the system's, Debian's, or Playwright's own
	@tests/browser/install-chromium

# --- resolvers --------------------------------------------------------------------------------------------

.PHONY: resolvers
RESOLVER_SETTINGS := graphql/resolvers/shared/settings.generated.js
# With the folders: they change when a file goes.
RESOLVER_SOURCES := $(shell find graphql/*.json graphql/*.js graphql/*.ts graphql/resolvers)
resolvers: graphql/dist/manifest.json ## lint the resolvers' code and bundle it for AppSync

$(RESOLVER_SETTINGS): .venv/.ready statusbeam/cdk/api/resolver_settings.py statusbeam/model/settings.py statusbeam/model/limits.py statusbeam/model/words.py
	@python -m statusbeam.cdk.api.resolver_settings

graphql/dist/manifest.json: graphql/node_modules/.ready $(RESOLVER_SETTINGS) $(RESOLVER_SOURCES)
	@npm run build --silent --prefix graphql

# --- dependencies of the functions ------------------------------------------------------------------------

.PHONY: wheels
FUNCTION_PINS := lambdas/requirements.txt lambdas/requirements-tokens.txt lambdas/requirements-canary.txt
wheels: lambdas/wheels/.ready ## download what the functions carry, by hash and of pure Python

# Together the four options of the platform accept no wheel but `py3-none-any`.
lambdas/wheels/.ready: .venv/.ready $(FUNCTION_PINS)
	@rm -rf lambdas/wheels
	@for pins in $(FUNCTION_PINS); do \
	  .venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
	    --platform any --abi none --implementation py --python-version 3.14 --dest lambdas/wheels --requirement $$pins; done
	@touch $@

# --- the main job -----------------------------------------------------------------------------------------

.PHONY: demo local up down status
demo: setup web ## run the demo's jobs: make demo [COMPLAINT="..."] [FAIL_AGENT=geo] [DECISION=page] [PACE=1]
	@statusbeam demo $${COMPLAINT:+--complaint "$$COMPLAINT"} $${FAIL_AGENT:+--fail-agent "$$FAIL_AGENT"} \
	  $${DECISION:+--decision "$$DECISION"} $${PACE:+--pace "$$PACE"}

local: setup web ## run localcloud in the foreground
	@statusbeam local run

up: setup web ## start localcloud in the background
	@statusbeam local up

down: .venv/.ready ## stop it
	@statusbeam local down

status: .venv/.ready ## say whether it runs
	@statusbeam local status

# --- web --------------------------------------------------------------------------------------------------

.PHONY: web web-size
# The page is built anew only when something it is made of changed.
WEB_SOURCES := $(shell find web/client/src web/client/build.ts web/dashboard/src web/dashboard/public web/dashboard/index.html \
  web/dashboard/vite.config.ts web/*/package.json web/*/tsconfig*.json -type f 2>/dev/null)
web: web/dashboard/dist/index.html ## build the client library and the page

web/dashboard/dist/index.html: node_modules/.ready $(WEB_SOURCES)
	@npm run build --silent --workspaces --if-present

web-size: setup ## say what the client library costs over the wire; fails above the budget
	npm run size --silent --workspace web/client

# --- proof ------------------------------------------------------------------------------------------------

.PHONY: check test search audit screenshots dist release bench docs lock
# Steps that don't need each other run side by side; each one's output comes whole, when it is done.
ALONGSIDE := $(MAKE) --no-print-directory --keep-going --jobs=3 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
CHECKS := check-types check-python check-imports check-web check-secrets check-prose

check: setup ## lint, format, types, import rules, secrets, plain English
	@$(ALONGSIDE) $(CHECKS)

.PHONY: $(CHECKS) check-templates test-web bytecode
check-types: setup # the longest goes first
	mypy $(SOURCES)

check-python: setup
	ruff check $(SOURCES)
	ruff format --check $(SOURCES) README.md docs

check-imports: setup
	lint-imports

check-web: setup
	npx biome check
	npm run check --silent --prefix graphql
	npm run check --silent --workspaces --if-present

check-secrets: setup
	python .ci/scan_secrets.py

check-prose: setup
	python .ci/lint_prose.py

TEMPLATES := .build/templates
$(TEMPLATES)/.ready: .venv/.ready .ci/templates.txt
	@uv venv --quiet --clear --python .venv/bin/python $(TEMPLATES)/venv
	@uv pip sync --quiet --python $(TEMPLATES)/venv/bin/python --require-hashes .ci/templates.txt
	@touch $@

check-templates: setup web $(TEMPLATES)/.ready # CDK itself, checkov and parliament; .ci/templates.toml says what is accepted
	npx cdk synth --quiet --context @aws-cdk/core:validateAgainstDefaultRules=true --output $(TEMPLATES)/synth
	$(TEMPLATES)/venv/bin/python -W ignore .ci/check_templates.py $(TEMPLATES)/synth

test-web: web
	npm test --silent --workspaces --if-present

bytecode: .build/tests.txt # of all tests and what they import, before several processes need it at once

.build/tests.txt: .venv/.ready $(shell find tests statusbeam status_utils infra lambdas -name '*.py') | setup
	pytest --collect-only --quiet > $@ || { cat $@; rm $@; exit 1; }

audit: setup ## ask for known vulnerabilities of all dependencies; needs the network
	python .ci/audit.py

# Two more than the cores, since the browser's and the clients' tests often wait. A process takes up to 1 GB.
PROCESSES ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 6 ? cores + 2 : 8)))
test: setup ## everything: check, web, unit, infra, end to end, browser
	@$(ALONGSIDE) $(CHECKS) check-templates bytecode test-web tests/e2e/clients/node_modules/.ready browser
	python .ci/audit.py --if-reachable
	pytest --numprocesses $(PROCESSES) --dist loadscope

search: setup tests/e2e/clients/node_modules/.ready ## draw many more examples than `make test`: property tests, fault runs of the client, killed bridges, AG-UI logs
	pytest --hypothesis-profile=search --numprocesses 2 tests/unit tests/soak
	python -m tests.soak.process_kills --seed $$(date +%s)
	STATUSBEAM_CLIENT_RUNS=10000 STATUSBEAM_CLIENT_SEED=$$(date +%s) npm run search --silent --workspace web/client
	pytest tests/e2e/test_ag_ui_client.py --random-logs 10000 --random-seed $$(date +%s)

screenshots: setup web browser ## take the pictures of the page and the command in docs/images anew
	pytest tests/browser/test_main_states.py tests/unit/statusbeam/cli/test_pictures.py --screenshots docs/images

dist: setup web ## build the wheel, the client and the layer into dist/, with their SBOM and provenance
	python .ci/dist.py

release: setup web ## rehearse a release: check all, print what it would do, publish nothing
	python .ci/release.py

bench: setup web browser ## run every benchmark beside its peers, and write benchmarks/RESULTS.md: make bench [BENCH="caller page"]
	@npm ci --silent --prefix benchmarks/peers
	python -m benchmarks $(BENCH)

docs: setup ## build the documentation's site into .build/site; links are checked
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict # not --quiet: it would hide the warnings from --strict, too

lock: .venv/.ready ## resolve the dependencies anew
	uv pip compile pyproject.toml --all-extras --group dev --group bench --group docs --generate-hashes --no-emit-index-url \
	  --universal --python-version 3.11 --upgrade --quiet --output-file requirements.lock
	# What the publisher's Lambda carries beside the AWS SDK, which the runtime ships.
	uv pip compile pyproject.toml --extra publisher --constraint requirements.lock --generate-hashes \
	  --no-emit-index-url --universal --python-version 3.11 --no-annotate --custom-compile-command "make lock" \
	  --no-emit-package botocore --no-emit-package python-dateutil --no-emit-package six \
	  --quiet --output-file lambdas/requirements.txt
	# What the authorizer's Lambda carries beside it.
	uv pip compile pyproject.toml --extra tokens --constraint requirements.lock --generate-hashes \
	  --no-emit-index-url --universal --python-version 3.11 --no-annotate --custom-compile-command "make lock" \
	  --quiet --output-file lambdas/requirements-tokens.txt
	# What the canary's Lambda carries.
	uv pip compile pyproject.toml --extra canary --constraint requirements.lock --generate-hashes \
	  --no-emit-index-url --universal --python-version 3.11 --no-annotate --custom-compile-command "make lock" \
	  --quiet --output-file lambdas/requirements-canary.txt
	# What the bridge's container installs.
	uv pip compile pyproject.toml --extra bridge --constraint requirements.lock --generate-hashes \
	  --no-emit-index-url --universal --python-version 3.11 --no-annotate --custom-compile-command "make lock" \
	  --quiet --output-file statusbeam/bridge/requirements.txt
	# Nobody needs a compiler to install the product: its dependencies have wheels, also for the newest Python.
	for platform in x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin; do \
	  uv pip compile pyproject.toml --extra local --extra conformance --extra direct --constraint requirements.lock \
	    --only-binary :all: --python-version 3.14 --python-platform $$platform --quiet --no-header > /dev/null; done
	# What checks the templates; parliament reads its data with setuptools' old pkg_resources.
	printf 'checkov\nparliament\nsetuptools<81\n' | $(COMPILE_TOOLS) --output-file .ci/templates.txt
	# What sets up everything else: uv, and what builds our package.
	echo uv==$(UV_VERSION) | $(COMPILE_TOOLS) --output-file .ci/uv.txt
	python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' | $(COMPILE_TOOLS) --output-file .ci/build.txt
