# One verb for each thing that a person does here. Every verb sets up what it needs, once.
# PYTHON=python3.12 chooses the interpreter, WORKERS=8 how many tests run at once at most.
PYTHON ?= python3
WORKERS ?= 4
export STACK
# Compiled modules stay beside their sources: without them every command starts seconds later.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv/bin
STACKS = $(patsubst Pulumi.%.yaml,%,$(wildcard Pulumi.*.yaml))
PYTEST = $(VENV)/pytest -q -n auto --maxprocesses $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help rehearse rehearse-preview rehearse-destroy up preview destroy drain leftovers forget-cluster drill \
	ssh tunnel test test-unit check bench docs pins clean setup engine stack

help: ## print these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

rehearse: ## STACK=staging: bring a stack up on the simulated cloud
rehearse-preview: ## STACK=staging: show what that would change; DIFF=1 with the values
rehearse-destroy: ## STACK=staging: take it down again
rehearse: VERB = up
rehearse-preview: VERB = preview
rehearse-destroy: VERB = destroy
rehearse rehearse-preview rehearse-destroy: stack setup
	@$(VENV)/python -m rehearsal $(VERB) $(if $(DIFF),--diff) "$$STACK"

up: ## STACK=staging: pulumi up, through a tunnel where the API is private; YES=1 asks nothing
preview: ## STACK=staging: pulumi preview, likewise
up preview: stack setup engine
	@$(VENV)/python -m tools.up $(if $(filter preview,$@),--preview) $(if $(YES),--yes) "$$STACK"

ssh: stack setup engine ## STACK=staging NODE=server-1: a shell on a machine of K3s; without NODE, their names
	@$(VENV)/python -m tools.ssh "$$STACK" $(NODE)

tunnel: stack setup engine ## STACK=staging: open the private API of K3s to kubectl until Ctrl-C; PORT=16443
	@$(VENV)/python -m tools.tunnel $(if $(PORT),--port $(PORT)) "$$STACK"

destroy: ## STACK=staging: drain the cluster, delete the stack, list what is left; YES=1 asks nothing
drain: ## STACK=staging: let the cluster delete the records and volumes that it made
forget-cluster: ## STACK=staging: take the objects of a cluster that is gone out of the state
destroy drain forget-cluster: stack setup engine
	@$(VENV)/python -m tools.$(subst -,_,$@) $(if $(YES),--yes) $(if $(filter forget-cluster,$@),$(if $(FORCE),--force)) "$$STACK"

leftovers: stack setup ## STACK=staging: list what still exists in AWS and its price; JSON=1 for programs
	@$(VENV)/python -m tools.leftovers $(if $(JSON),--json) "$$STACK"

drill: stack setup engine ## STACK=prod: restore the newest backups beside the originals and compare
	@$(VENV)/python -m tools.drill $(if $(JSON),--json) "$$STACK"

test: setup engine check ## check, then all tests, among them rehearsals of the stacks
	@$(PYTEST)

test-unit: setup ## the tests without rehearsals: the fast inner loop
	@$(PYTEST) --ignore tests/rehearsal

check: setup ## style, types, stack files and the age of pinned versions
	@$(VENV)/ruff check --quiet
	@$(VENV)/ruff format --check --quiet
	@$(VENV)/python -m tools.check_stacks
	@$(VENV)/check-jsonschema --quiet --schemafile settings/stack-file.schema.json Pulumi.*.yaml
	@$(VENV)/python -m tools.pins --quiet
	@$(VENV)/pyright

bench: setup engine ## measure the rehearsal on this machine
	@$(VENV)/python -m tools.bench

docs: setup ## renew what the README and the editors' schema take from the settings
	@$(VENV)/python -m tools.settings_table --write
	@$(VENV)/python -m tools.settings_schema --write

pins: setup ## list pinned versions with the end of their support
	@$(VENV)/python -m tools.pins

clean: ## remove what set-up and tests made here
	@rm -rf .venv .rehearsal .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "The engine stays in $${SOCLE_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/socle}, for all checkouts."

setup:
	@$(PYTHON) -m tools.setup

engine: setup
	@$(VENV)/python -m rehearsal.engine

stack:
	@test -f "Pulumi.$$STACK.yaml" || { \
		echo "$${STACK:+There is no stack $$STACK. }The stacks are $(STACKS): name one, as in \`make rehearse STACK=staging\`." >&2; exit 2; }
