# Tocsin. `make help` lists what there is. Needs Python 3.11 or newer and nothing else.
ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
PYTHON ?= python3
VENV := $(ROOT).venv
PY := $(VENV)/bin/python
LOCKS := $(ROOT)requirements
SERVER := $(VENV)/.installed-server
DEV := $(VENV)/.installed-dev
.DEFAULT_GOAL := help
.PHONY: drill backup restore faults fuzz bench gallery run demo doctor test check format lock schema clean help

run: $(SERVER) ## start everything; PORT=8001 make run for another port, Ctrl-C to stop
	@cd "$(ROOT)" && exec "$(PY)" manage.py up

backup: $(SERVER) ## write a backup: make backup TO=folder, or TO=s3://bucket/folder
	@cd "$(ROOT)" && exec "$(PY)" manage.py backup "$(or $(TO),backups)"

restore: $(SERVER) ## restore a backup: make restore FROM=file, ARGS=--replace for a database that is not empty
	$(if $(FROM),,$(error Nothing was restored: name the backup, as in `make restore FROM=backups/tocsin-20260301-140231.zip`))
	@cd "$(ROOT)" && exec "$(PY)" manage.py restore "$(FROM)" $(ARGS)

demo: $(SERVER) ## seed the running Tocsin with a month of demo incidents
	@cd "$(ROOT)" && exec "$(PY)" manage.py seed_demo

drill: $(SERVER) ## run an exercise in a Tocsin of its own: a service fails, is restarted, verified, resolved and scored
	@cd "$(ROOT)" && exec "$(PY)" manage.py drill

doctor: $(SERVER) ## run the health checks and print what to do
	@cd "$(ROOT)" && exec "$(PY)" manage.py doctor

test: $(DEV) ## run every test, three at a time; in another order with SEED=2
	@cd "$(ROOT)" && exec "$(PY)" -m pytest -n 3 --dist loadgroup --randomly-seed=$(or $(SEED),1) $(ARGS)

faults: $(DEV) ## inject faults for MINUTES=8, or ARGS="--seeds 1 2 3 --events 2000", count lost or duplicated events and pages, try an upgrade
	@cd "$(ROOT)" && "$(PY)" -m tests.faults.long $(or $(ARGS),--minutes $(or $(MINUTES),8)) && "$(PY)" -m tests.faults.deliveries \
	  && "$(PY)" -m tests.faults.upgrade \
	  && TOCSIN_WHOLE_TABLES=1 exec "$(PY)" -m pytest tests/faults tests/remediation/runs/test_many_approvers.py tests/remediation/executors/test_killed_workers.py \
	  tests/incidents/merging/test_merging.py tests/incidents/test_demo.py tests/incidents/analytics/test_analytics_histories.py tests/postmortems/reminders/test_reminders_over_days.py \
	  tests/incidents/sla/test_sla_days.py tests/notifications/escalation/test_escalation.py \
	  tests/analysis/test_injection.py tests/warroom/test_forgeries.py tests/warroom/test_failing_slack.py tests/runtime/backup

fuzz: $(DEV) ## fuzz the API, in CASES=20000, and take the tables of bad input whole
	@cd "$(ROOT)" && "$(PY)" -m tests.api.fuzz --cases $(or $(CASES),20000) && "$(PY)" -m config.installation.schema --check && TOCSIN_WHOLE_TABLES=1 exec "$(PY)" -m pytest \
	  tests/api/test_schema_conformance.py tests/web/test_bad_forms.py tests/api/test_bad_inputs.py tests/api/test_private_incidents.py tests/detection/webhooks/http/test_bad_input_matrix.py tests/incidents/export/test_exporting.py tests/incidents/listing/test_lists.py tests/api/test_route_matrix.py tests/browser

check: $(DEV) ## lint, types, import contracts, templates, migrations, architecture
	@cd "$(ROOT)" && PATH="$(VENV)/bin:$$PATH" sh scripts/check.sh

format: $(DEV) ## format Python, templates and style sheets
	@cd "$(ROOT)" && PATH="$(VENV)/bin:$$PATH" && ruff format -q && djangofmt -q templates && "$(PY)" -m scripts.format_css

bench: $(DEV) ## run benchmarks: make bench GOAL=3, or GOAL=all
	@cd "$(ROOT)" && if [ "$(GOAL)" = all ]; then exec "$(PY)" -m bench.all; else exec "$(PY)" -m bench $(GOAL); fi

gallery: $(DEV) ## pictures of every page into gallery/, in two widths and two themes
	@cd "$(ROOT)" && exec "$(PY)" -m scripts.gallery $(ARGS)

lock: $(DEV) ## regenerate requirements/*.txt from pyproject.toml, with hashes and without host names
	@cd "$(ROOT)" && PATH="$(VENV)/bin:$$PATH" sh scripts/lock.sh

schema: $(DEV) ## write the schema snapshot again, from which an empty database is created
	@cd "$(ROOT)" && exec "$(PY)" -m config.installation.schema

clean: ## remove what was installed and built; the data in .tocsin stays
	rm -rf "$(VENV)" "$(ROOT)static/css/app.css" "$(ROOT)static/fonts" "$(ROOT).mypy_cache" "$(ROOT).ruff_cache" "$(ROOT).pytest_cache"

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' "$(ROOT)Makefile" | expand -t 16

# Installed again only when the lock changed. The larger set satisfies the smaller one too.
$(SERVER): $(LOCKS)/server.txt $(ROOT)scripts/install.sh
	@if [ -e "$(DEV)" ] && [ ! "$(LOCKS)/dev.txt" -nt "$(DEV)" ]; then touch "$@"; \
	else PYTHON="$(PYTHON)" sh "$(ROOT)scripts/install.sh" "$(VENV)" "$(LOCKS)/server.txt" "$@" && rm -f "$(DEV)"; fi

$(DEV): $(LOCKS)/dev.txt $(ROOT)scripts/install.sh
	@PYTHON="$(PYTHON)" sh "$(ROOT)scripts/install.sh" "$(VENV)" "$(LOCKS)/dev.txt" "$@" && touch "$(SERVER)"
