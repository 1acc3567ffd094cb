# Each command installs what it needs by itself, into $(VENV). The first one takes about a minute for that.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
DEPENDENCIES := $(VENV)/.dependencies
INSTALLED := $(VENV)/.installed
CHECKOV := $(VENV)-checkov

# Of the user's settings of pip those count that say where packages come from; not those that would put them elsewhere.
CLEAN := env -u PIP_TARGET -u PIP_PREFIX -u PIP_ROOT -u PIP_PYTHON -u PIP_PLATFORM -u PIP_ABI PIP_USER=0 PIP_DRY_RUN=0 \
    PIP_REQUIRE_VIRTUALENV=0 PIP_CONSTRAINT=/dev/null PIP_NO_BINARY=:none:

# It wants no account, no region and no network where none is needed, and reports nothing to AWS.
SAM := SAM_CLI_TELEMETRY=0 PATH="$(abspath $(BIN)):$$PATH" $(BIN)/sam

.PHONY: help
help: ## List the commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-24s %s\n", $$1, $$2 }'

.PHONY: install
install: $(INSTALLED) ## Make .venv, with the project and all that its commands need

.PHONY: demo
demo: $(INSTALLED) ## Deploy the template on the sandbox and watch exports end, live
	$(BIN)/python -m sandbox demo

# BENCH names some, or options: make bench BENCH=--quick
.PHONY: bench
bench: $(INSTALLED) ## Run the benchmarks, and draw their tables and pictures into docs/
	$(BIN)/python -m benchmarks $(BENCH)

# TESTS picks some: make test TESTS='tests/unit -k schedule'
.PHONY: test
test: $(INSTALLED) ## Run the whole test suite, but for `make test-docs`
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(or $(TESTS),tests --ignore tests/documents --ignore tests/e2e -m 'not real_clock')

.PHONY: test-docs
test-docs: $(INSTALLED) ## Run what takes its time: the commands that the documents show, and the sandbox's real clock
	$(BIN)/python -m pytest tests/documents
	$(BIN)/python -m pytest tests/sandbox -m real_clock

.PHONY: lint
lint: $(INSTALLED) $(CHECKOV)/.installed ## Check code, types, state machine, template and its policies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/statelint statemachine/export_watch.asl.json
	$(BIN)/cfn-lint template.yaml examples/*.yaml
	$(CHECKOV)/bin/checkov --config-file .checkov.yaml
	$(SAM) validate --lint --region eu-central-1

.PHONY: format
format: $(INSTALLED) ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: diagram
diagram: $(INSTALLED) ## Draw the state machine into docs/explanation/how-it-works.md
	$(BIN)/python docs/state_machine_diagram.py

.PHONY: recording
recording: $(INSTALLED) ## Record the demo for the README
	$(BIN)/python -m sandbox.demo.recording

.PHONY: build
build: $(INSTALLED) ## Build for AWS Lambda, without Docker
	$(SAM) build

STACK ?= emarsys-export-watch
ACCOUNT ?= default
ATTEMPT ?= 1

# Region, credentials and parameters come first: a build takes a while. SAM does not read AWS_REGION.
DEPLOY := $(SAM) deploy --stack-name '$(STACK)' $(if $(AWS_REGION),--region '$(AWS_REGION)')

# SAM would offer the template's defaults, and so undo what was once answered otherwise: it is given what is deployed.
.PHONY: deploy
deploy: $(INSTALLED) ## Build, and deploy to your AWS account, guided
	@parameters=$$($(BIN)/python -m operations parameters --stack '$(STACK)') && \
	    $(SAM) build && $(DEPLOY) --guided $$parameters && \
	    $(BIN)/python -m operations check-deployment --stack '$(STACK)'

# What PARAMETERS does not name stays as it is deployed, or as the template has it by default.
.PHONY: deploy-unattended
deploy-unattended: $(INSTALLED) ## Build, and deploy with the lines Name=value of PARAMETERS=FILE, without a question
	@test -n '$(PARAMETERS)' || { echo 'say which file holds the parameters: make deploy-unattended PARAMETERS=FILE' >&2; exit 1; }
	@parameters=$$($(BIN)/python -m operations parameters --stack '$(STACK)' --file '$(PARAMETERS)') && \
	    $(SAM) build && $(DEPLOY) --no-confirm-changeset --no-fail-on-empty-changeset $$parameters && \
	    $(BIN)/python -m operations check-deployment --stack '$(STACK)'

.PHONY: watch
watch: $(INSTALLED) ## Have EXPORT_ID=... watched by the deployed stack, and follow it to the end
	@test -n '$(EXPORT_ID)' || { echo 'say which export to watch: make watch EXPORT_ID=123' >&2; exit 1; }
	@$(BIN)/python -m operations watch --export-id '$(EXPORT_ID)' --account '$(ACCOUNT)' --attempt '$(ATTEMPT)' \
	    $(if $(EXPECTED_SECONDS),--expected-seconds '$(EXPECTED_SECONDS)') --stack '$(STACK)'

.PHONY: check-credentials
check-credentials: $(INSTALLED) ## Try the credentials of ACCOUNT=... in Emarsys, by one status call
	@$(BIN)/python -m operations check-credentials --account '$(ACCOUNT)' --stack '$(STACK)'

.PHONY: delete
delete: $(INSTALLED) ## Stop the running watches, and delete the stack (YES=1: do not ask)
	@$(BIN)/python -m operations delete --stack '$(STACK)' $(if $(YES),--yes)

# UPGRADE=1 takes the newest versions; without it only what the .in files ask for changes.
LOCK := $(VENV)-lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --annotation-style line \
    --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

.PHONY: lock
lock: ## Pin all dependencies anew (UPGRADE=1: in their newest versions)
	$(PYTHON) -m venv $(VENV)-lock
	$(CLEAN) $(VENV)-lock/bin/python -I -m pip install --quiet uv==0.13.9
	$(LOCK) --python-platform aarch64-manylinux2014 --python-version 3.13 \
	    layers/dependencies/requirements.in --output-file layers/dependencies/requirements.txt
	$(LOCK) --universal --python-version 3.11 requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) --universal --python-version 3.11 requirements-checkov.in --output-file requirements-checkov.txt
	$(LOCK) --universal --python-version 3.11 requirements-ministack.in --output-file requirements-ministack.txt

.PHONY: clean
clean: ## Remove all that the commands made
	rm -rf $(VENV) $(VENV)-* .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache mutants
	find . -name __pycache__ -type d -prune -exec rm -r {} +

# The lock is complete, so pip has nothing to resolve (--no-deps), which is also much the faster way.
$(DEPENDENCIES): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, $(PYTHON) is %d.%d: name another one by PYTHON=..." % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo '$(PYTHON) cannot make virtual environments: install its venv module (Debian, Ubuntu: apt install python3-venv)' >&2; exit 1; }
	@echo 'Installing into $(VENV), once: about a minute'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(CLEAN) $(BIN)/python -I -m pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes --requirement requirements-dev.txt
	@touch $@

$(INSTALLED): $(DEPENDENCIES) pyproject.toml
	@$(CLEAN) $(BIN)/python -I -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# An environment of its own: it wants older versions than the rest.
$(CHECKOV)/.installed: requirements-checkov.txt | $(INSTALLED)
	@echo 'Installing checkov into $(CHECKOV), once: about a minute'
	@$(PYTHON) -m venv --clear $(CHECKOV)
	@$(CLEAN) $(CHECKOV)/bin/python -I -m pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes --requirement requirements-checkov.txt
	@touch $@

# An environment of its own: MiniStack pins botocore.
$(VENV)-ministack/.installed: requirements-ministack.txt | $(INSTALLED)
	@$(PYTHON) -m venv --clear $(VENV)-ministack
	@$(CLEAN) $(VENV)-ministack/bin/python -I -m pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes --requirement requirements-ministack.txt
	@touch $@

.PHONY: e2e
e2e: $(INSTALLED) $(VENV)-ministack/.installed ## Deploy what `sam build` makes to MiniStack, and watch two exports there
	MINISTACK=$(abspath $(VENV)-ministack) $(BIN)/python -m pytest tests/e2e

# What may survive, and why: tests/mutation.md.
.PHONY: mutation
mutation: $(INSTALLED) ## Change the code, one mutant at a time; list those that tests/unit lets through, and each module's score
	rm -rf mutants && mkdir mutants
	cp -R layers/export_watch events examples functions statemachine tests template.yaml pyproject.toml mutants
	cd mutants && $(abspath $(BIN))/mutmut run && $(abspath $(BIN))/mutmut results --all true | awk ' \
	    { module = $$1; sub(/\.x.*/, "", module); total[module]++ } \
	    / (killed|timeout)$$/ { killed[module]++; next } { print } \
	    END { for (each in total) printf "%5.1f %% of %3d  %s\n", 100 * killed[each] / total[each], total[each], each | "sort" }'
