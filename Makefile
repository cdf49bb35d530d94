# One verb for each thing that a person does here. Every verb sets up what it needs, once.
# PYTHON=python3.12 chooses the interpreter, WORKERS=8 how many tests run at once at most.
PYTHON ?= python3
WORKERS ?= 4
CORES := $(shell getconf _NPROCESSORS_ONLN)
# Values reach commands as variables of the environment: make would run what it finds in them.
export STACK SETTLE FROM TO NAME IMAGE TTL OWNER KEY VERSION COUNT PREVIEW RELEASE REVIEWED ROLE SINCE FORGE URL COMPARE
# Compiled modules stay beside their sources: without them every command starts seconds later.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv/bin
STACKS = $(patsubst Pulumi.%.yaml,%,$(wildcard Pulumi.*.yaml))
PYTEST = $(VENV)/pytest -q -n auto --maxprocesses $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: $(shell awk -F: '/^[a-z][a-z -]*:/ { print $$1 }' $(firstword $(MAKEFILE_LIST)))

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

cost: setup engine ## STACK=staging, or all: what they cost a month; REAL=1, COMPARE="cluster.kind=k3s", PAIRS=1, JSON=1
	@$(VENV)/python -m tools.cost $(if $(REAL),--real) $(if $(JSON),--json) $(if $(MARKDOWN),--markdown) $(if $(PAIRS),--pairs) $(if $(COMPARE),--compare "$$COMPARE") -- $(STACK)

policy: stack setup engine ## STACK=staging: which rules it breaks, and what to do; REAL=1 previews the real one
	@$(VENV)/python -m tools.policy $(if $(REAL),--real) $(if $(JSON),--json) -- "$$STACK"

checkov: setup ## STACK=staging, or all: what Checkov finds in Kubernetes objects and pipelines; JSON=1
	@$(VENV)/python -m tools.checkov $(if $(JSON),--json) -- $(STACK)

sleep: stack setup engine ## STACK=staging: stop its machines, and say what goes on costing; YES=1 for production
wake: stack setup engine ## STACK=staging: start its machines again
sleep wake:
	@$(VENV)/python -m tools.$@ $(if $(YES),$(if $(filter sleep,$@),--yes)) -- "$$STACK"

prices: setup ## REGION=eu-west-3: renew the prices from AWS's public files
	@$(VENV)/python -m tools.price_list -- $(REGION)

bill: setup ## MONTH=2026-10: the estimate beside what AWS billed; YES=1 asks nothing
	@$(VENV)/python -m tools.bill $(if $(YES),--yes) -- $(MONTH)

smoke: stack setup engine ## STACK=staging: ask the site, the applications and all pods whether they are well
	@$(VENV)/python -m tools.smoke $(if $(JSON),--json) "$$STACK"

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

bootstrap: setup engine ## make the bucket of the states, its keys and the roles of CI; again at any time; DRY_RUN=1
bootstrap-destroy: setup engine ## delete those, once no stack has resources any more
bootstrap bootstrap-destroy:
	@$(VENV)/python -m tools.$(subst -,_,$@) $(if $(YES),--yes) $(if $(DRY_RUN),--dry-run)

new: named setup engine ## STACK=dev-search-page FROM=staging TTL=8h: a stack of one's own; RESTORE=1 only writes its file
	@$(VENV)/python -m tools.new $(if $(FROM),--from "$$FROM") $(if $(TTL),--ttl "$$TTL") $(if $(OWNER),--owner "$$OWNER") $(if $(RESTORE),--restore) -- "$$STACK"

extend: named setup engine ## STACK=dev-search-page TTL=8h: give it more time, or less
	@$(VENV)/python -m tools.extend --ttl "$$TTL" -- "$$STACK"

stacks: setup ## every stack: kind, resources, last update and by whom, cost, lock, end
	@$(VENV)/python -m tools.stacks $(if $(JSON),--json)

remove: named setup engine ## STACK=dev-search-page: remove a stack that `make destroy` has emptied
	@$(VENV)/python -m tools.remove $(if $(YES),--yes) -- "$$STACK"

reap: setup engine ## show the stacks whose end has come; YES=1 destroys and removes them
	@$(VENV)/python -m tools.reap $(if $(YES),--yes)

locks: setup ## who holds what on the stacks, since when, and whether that still runs
	@$(VENV)/python -m tools.locks $(if $(JSON),--json) $(if $(STACK),-- "$$STACK")

unlock: named setup engine ## STACK=staging: break a stale lock, never a live one, and settle what was under way
	@$(VENV)/python -m tools.unlock $(if $(YES),--yes) $(if $(SETTLE),--settle "$$SETTLE") -- "$$STACK"

history: named setup ## STACK=staging: versions of its state, who made them and what changed; COUNT=50
	@$(VENV)/python -m tools.history $(if $(JSON),--json) $(if $(COUNT),--count "$$COUNT") -- "$$STACK"

rescue: named setup engine ## STACK=staging VERSION=...: put an older version of its state back
	@$(VENV)/python -m tools.rescue $(if $(VERSION),--version="$$VERSION") $(if $(YES),--yes) -- "$$STACK"

doctor: stack setup ## STACK=staging: what is wrong with its state, credentials, key, lock, and how to mend it
	@$(VENV)/python -m tools.doctor $(if $(JSON),--json) -- "$$STACK"

secret: stack setup engine ## STACK=staging KEY=datadog_api_key: store a secret, asked for or from standard input
	@$(VENV)/python -m tools.secret -- "$$STACK" "$$KEY"

rotate-key: stack setup engine ## STACK=staging: encrypt its secrets anew; TO=awskms://... with another key
	@$(VENV)/python -m tools.rotate_key $(if $(TO),--to "$$TO") -- "$$STACK"

promote: setup engine ## FROM=staging TO=prod: keep a stack on the versions that another one runs
	@$(VENV)/python -m tools.promote $(if $(YES),--yes) $(if $(JSON),--json) -- "$$FROM" "$$TO"

preview-report: stack setup engine ## STACK=staging: a preview as files to publish; REHEARSE=1 on the simulated cloud
	@$(VENV)/python -m tools.preview_report $(if $(REHEARSE),--rehearse) $(if $(REFRESH),--refresh) -- "$$STACK"

preview-comment: setup engine ## tell the merge request of those; DRY_RUN=1 prints it, of a rehearsal of the working tree
	@$(VENV)/python -m tools.preview_comment $(if $(DRY_RUN),--dry-run) -- $(STACK)

preview-touched: stack setup engine ## STACK=staging SINCE=origin/main: a preview-report if the change can touch the stack
	@$(VENV)/python -m tools.preview_touched $(if $(SINCE),--since "$$SINCE") -- "$$STACK"

comment-touched: setup engine ## SINCE=origin/main: preview-comment, of the stacks that the change touches
	@$(VENV)/python -m tools.comment_touched $(if $(SINCE),--since "$$SINCE")

ci-local: setup engine ## FORGE=gitlab or github: a merge request's pipeline here, against a stand-in; SINCE=..., FULL=1
	@$(VENV)/python -m tools.ci_local $(if $(SINCE),--since "$$SINCE") $(if $(FULL),--full) -- "$$FORGE"

commits: setup ## SINCE=origin/main: check that messages of commits have the form
	@$(VENV)/python -m tools.commit_messages $(if $(SINCE),--since "$$SINCE")

release: setup ## show the next release; YES=1 writes its changelog, commits and tags
	@$(VENV)/python -m tools.release $(if $(YES),--yes)

propose: setup engine ## FROM=staging TO=prod: in a pipeline, promote and open the merge request that carries it
	@$(VENV)/python -m tools.propose_promotion -- "$$FROM" "$$TO"

pins-report: setup ## keep an issue on pinned versions whose support ends; elsewhere only print them
	@$(VENV)/python -m tools.pins_report

deploy: stack setup engine ## STACK=prod: make up, but only of exactly what was reviewed
	@$(VENV)/python -m tools.deploy $(if $(REVIEWED),--reviewed "$$REVIEWED") -- "$$STACK"

drift: stack setup engine ## STACK=prod: what the cloud has otherwise than the settings; in CI an issue tells it
	@$(VENV)/python -m tools.drift -- "$$STACK"

iam: setup ## STACK=... ROLE=preview|deploy: what CI's roles need for the stacks; WRITE=1 renews bootstrap/permissions
	@$(VENV)/python -m tools.iam $(if $(ROLE),--role "$$ROLE") $(if $(WRITE),--write) $(if $(JSON),--json) -- $(STACK)

inform: named setup ## STACK=staging NAME=users-api IMAGE=...@sha256:...: propose an application's image by a merge request
	@$(VENV)/python -m tools.inform -- "$$STACK" "$$NAME" "$$IMAGE"

rollout: stack setup engine ## STACK=staging NAME=users-api: wait until the cluster runs the image that the files want
	@$(VENV)/python -m tools.await_rollout -- "$$STACK" "$$NAME"

site: setup engine ## build and check the site; STACK=staging for the address of that stack
	@$(VENV)/python -m tools.site_build $(if $(STACK),--stack "$$STACK") $(if $(PREVIEW),--preview "$$PREVIEW") build check

site-scan: setup ## scan what the site is built with for known weaknesses
	@$(VENV)/python -m tools.site_build scan

site-test: setup ## try the built site in Chromium
	@$(VENV)/python -m tools.site_build build test

publish: stack setup engine ## STACK=staging: publish the built site; PREVIEW=mr-42 beside it, DRY_RUN=1
unpublish: stack setup engine ## STACK=staging: back to the release before; RELEASE=..., PREVIEW=mr-42, DRY_RUN=1
publish unpublish:
	@$(VENV)/python -m tools.$@ $(if $(PREVIEW),--preview "$$PREVIEW") $(if $(RELEASE),--release "$$RELEASE") $(if $(DRY_RUN),--dry-run) $(if $(TAKE_OVER),--take-over) -- "$$STACK"

site-synthetic: setup engine ## STACK=prod: try the published site in Chromium, as visitors see it; URL=... for any other
	@$(VENV)/python -m tools.site_synthetic $(if $(URL),--url "$$URL") -- $(STACK)

releases: stack setup engine ## STACK=staging: releases of the site that can be gone back to
site-smoke: stack setup engine ## STACK=staging: ask the published site for its pages and headers
releases site-smoke:
	@$(VENV)/python -m tools.$(subst -,_,$@) $(if $(JSON),--json) -- "$$STACK"

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
	@$(VENV)/python -m tools.iam --check
	@$(VENV)/pyright --threads $(CORES)

bench: setup engine ## measure the rehearsal on this machine
	@$(VENV)/python -m tools.bench
	@$(VENV)/python -m tools.bench_locks
	@$(VENV)/python -m tools.bench_comment
	@$(VENV)/python -m tools.bench_gate

docs: setup ## renew what the README and the editors' schema take from the settings
	@$(VENV)/python -m tools.settings_table --write
	@$(VENV)/python -m tools.settings_schema --write

pins: setup ## list pinned versions with the end of their support
	@$(VENV)/python -m tools.pins

clean: ## remove what set-up and tests made here
	@rm -rf .venv .rehearsal previews .pytest_cache .ruff_cache .hypothesis site/node_modules site/dist site/.astro site/test-results policy/.venv
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "The engine stays in $${SOCLE_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/socle}, for all checkouts."

setup:
	@$(PYTHON) -m tools.setup

engine: setup
	@$(VENV)/python -m rehearsal.engine

named:
	@test -n "$$STACK" || { echo "Name a stack, as in \`make $(or $(MAKECMDGOALS),stacks) STACK=staging\`." >&2; exit 2; }

stack:
	@test -f "Pulumi.$$STACK.yaml" || { \
		echo "$${STACK:+There is no stack $$STACK. }The stacks are $(STACKS): name one, as in \`make rehearse STACK=staging\`." >&2; exit 2; }
