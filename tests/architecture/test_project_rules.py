"""Project rules that import-linter cannot check: foreign keys, templates, forbidden constructs."""

from __future__ import annotations

import ast
import re
import tomllib

from django.apps import apps
from django.db.models import ForeignKey, ManyToManyField
from django.urls import Resolver404, resolve

from config.apps_list import APPS
from config.apps_list import LAYERS as APP_LAYERS
from tests.architecture.source import ROOT, functions, nodes, product, tracked, tree

RANK = {app: rank for rank, layer in enumerate(APP_LAYERS) for app in layer}
# Queries that read or write rows of every workspace: where they are, and why they may.
MAY_CROSS_WORKSPACES = {
    "remediation/catalogue/checks.py::_actions": "health checks are of the whole installation",
    "remediation/runs/metrics.py::_remediation": "/metrics counts the runs of every workspace",
    "remediation/runs/services/running.py::_due": "a worker carries out the runs of every workspace",
    "status/snapshots/store.py::enabled_builds": "a web process serves the pages of every workspace",
    "notifications/checks.py::_walked": "health checks are of the whole installation",
    "postmortems/trackers/selectors.py::tracker_with_key": "the address of a tracker says whose it is",
    "postmortems/export/public.py::public_document": "a public address carries no workspace, only its key",
    "notifications/checks.py::_is_set_up": "health checks are of the whole installation",
    "notifications/checks.py::late_escalations": "a health check and a metric of the whole installation",
    "notifications/checks.py::_escalation": "health checks are of the whole installation",
    "accounts/oncall/checks.py::_coverage": "health checks are of the whole installation",
    "accounts/oncall/checks.py::_imports": "health checks are of the whole installation",
    "accounts/oncall/sweeper.py::refill_all_schedules": "a task refills the shifts of all workspaces",
    "accounts/oncall/feed_auth.py::feed_named": "the address of a feed says whose it is",
    "accounts/identity/selectors.py::offered_providers": "the sign-in page asks for no workspace",
    "accounts/identity/selectors.py::provider_named": "a callback address names only the provider",
    "accounts/people/services/invitations.py::invitation_by_secret": "a link names no workspace",
    "accounts/tokens/authentication.py::find_token": "the token says which workspace it belongs to",
    "detection/evaluation/services/sweeper.py::_sweep_next": "beat sweeps the rules of all workspaces",
    "detection/evaluation/services/sweeper.py::forget_requests": "beat prunes what has expired everywhere",
    "detection/heartbeats/selectors.py::heartbeat_by_key": "the address says whose heartbeat it is",
    "detection/sources/authentication.py::_live_key": "the key says which workspace its source belongs to",
    "warroom/inbound/reconcile.py::plan_reconciling": "compares the open rooms of every workspace",
    "warroom/rooms/creating.py::_ours": "workspaces that share a Slack team share its channels",
    "warroom/connection/selectors.py::broken_teams": "the health check looks at every team",
    "warroom/connection/selectors.py::silent_sockets": "the health check looks at every team",
    "warroom/connection/selectors.py::teams_to_probe": "the token of every team is tried from time to time",
    "warroom/inbound/teams.py::_linked": "workspaces that share a Slack team share its requests",
    "warroom/inbound/teams.py::teams_of_person": "workspaces that share a Slack team share its home tab",
    "warroom/inbound/teams.py::_of_channel": "workspaces that share a Slack team share its requests",
    "warroom/socket_mode/teams.py::teams_by_app_token": "workspaces that share an app share a connection",
    "warroom/inbound/teams.py::teams_with_secrets": "the signature says whose request it is",
    "incidents/lifecycle/services/sweeper.py::raise_prolonged": "beat sweeps the incidents of all workspaces",
    "bundles/uploads/completing.py::complete_lost": "a task completes the lost uploads of all workspaces",
    "bundles/records/expiry.py::expire_due": "a task expires the bundles of all workspaces",
    "bundles/records/expiry.py::purge_removed": "a task purges the bundles of all workspaces",
    "incidents/overview/metrics.py::_incidents": "metrics are of the whole installation",
    "notifications/channels/selectors.py::broken_channels": "a health check of the whole installation",
    "incidents/explain/pruning.py::prune_decisions": "beat prunes the decisions of all workspaces",
}
# Queries of incidents that see private ones for every caller: where they are, and why they may.
_LOCKED = "writes under the lock of an incident that its caller was let see"
MAY_SEE_PRIVATE_INCIDENTS = {
    "warroom/rooms/sending.py::_is_private": "says nothing of a private incident where others read it",
    "incidents/archive/services/planning.py::candidates": "a worker archives every incident",
    "incidents/archive/moving.py::_locked": "a worker archives every incident",
    "incidents/archive/moving.py::_mark": "a worker archives every incident",
    "incidents/export/calendars.py::_incidents": "private ones only for holders of a role in them",
    "postmortems/fix_watch/services.py::count_recurrences": "another private incident never counts",
    "remediation/runs/services/settling.py::_helped": "a worker counts what recurs; nothing is shown",
    "remediation/recovery/services/planning.py::plan_watch": "a worker watches every incident",
    "incidents/recovery/services.py::resolve_recovered": "Tocsin resolves what it observed",
    "incidents/recovery/exit_criteria.py::no_new_incidents": "a criterion; private ones are not named",
    "detection/analysis/services/analysing.py::analyse_incident": "a worker analyses every incident",
    "detection/analysis/services/planning.py::plan_analysis": "a subscriber plans for every incident",
    "detection/analysis/services/planning.py::plan_after_growth": "a subscriber plans for every incident",
    "detection/language_model/services/planning.py::plan_model_text": "a subscriber; leaves private ones out",
    "detection/webhooks/services/alert_effects.py::follow": "a sender moves the incidents it opened",
    "detection/webhooks/services/alert_rows.py::incidents_of_groups": "a sender moves what it opened",
    "incidents/links/recording.py::_near": "links of incidents that are not private",
    "incidents/links/recording.py::record_links": "a private incident is never linked",
    "incidents/merging/family.py::_absorbed": "private incidents are merged with private ones only",
    "incidents/analysis/services.py::_set_category": _LOCKED,
    "incidents/analysis/services.py::record_analysis": _LOCKED,
    "incidents/analysis/services.py::record_features": _LOCKED,
    "incidents/analysis/services.py::record_model_text": _LOCKED,
    "incidents/attachments/services.py::_record": _LOCKED,
    "incidents/correlation/services/correlator.py::Correlator": "signals join whatever is open",
    "incidents/correlation/services/opening.py::_declared_before": "finds what the same actor declared",
    "incidents/evidence/services.py::record_evidence": _LOCKED,
    "incidents/lifecycle/services/escalating.py::_raised": "a task raises the severity of every incident",
    "incidents/lifecycle/services/transitions.py::refuse_second_unresolved": "names no private incident",
    "incidents/privacy/invitations.py::invite_paged": "lets the person who is paged see it",
    "incidents/privacy/selectors.py::hidden_from": "is what decides",
    "incidents/privacy/selectors.py::seen_as": "is what decides",
    "incidents/sla/services/clock_steps.py::_advance": "clocks run for every incident",
    "notifications/deliveries/concerned.py::plan_personal_notice": "who has or is offered a role may see it",
    "notifications/deliveries/sending.py::_superseded": "a worker; stops deliveries about private incidents",
    "notifications/deliveries/sending.py::_still_visible": "a worker; leaves private incidents out",
    "notifications/deliveries/snapshot.py::snapshot_of": "people who are paged may see it",
    "notifications/silences/selectors.py::open_snapshots": "what is shown leaves private incidents out",
    "notifications/silences/services/releasing.py::_advance": "sends again what a silence held back",
    "detection/heartbeats/selectors.py::down_counts": "counts the heartbeats of incidents given by id",
    "detection/heartbeats/services/beating.py::_recover": "a heartbeat resolves the incident it opened",
    "detection/webhooks/services/alert_rows.py::rows_of": "a sender moves the incidents it opened",
    "incidents/merging/services.py::_refuse": "names no other incident",
    "notifications/escalation/services/running.py::_locked": "escalations run for every incident",
    "notifications/escalation/services/by_hand.py::escalate_now": "locks what incident_for found",
    "postmortems/drafting/services.py::draft_postmortem": _LOCKED,
    "status/publishing/drift_reading.py::_open_incidents": "leaves private incidents out",
    "status/publishing/services/incidents.py::publish_by_rule": "never publishes a private incident",
}

# The two ways out of the server; the command line (`tocsin`) is a client of its API.
MAY_REACH_THE_NETWORK = {
    "core/mail/backend.py",
    "core/http/client.py",
    "core/http/transport.py",
    "core/storage/client.py",
    "core/storage/probe.py",
    "notifications/channels/kinds/email.py",  # SMTP
    "config/drill/browser.py",  # a person's browser in an exercise, on loopback
}


def _may_refer(own: str, other: str) -> bool:
    return own == other or RANK.get(other, -1) < RANK[own]


def test_foreign_keys_run_downhill():
    uphill = []
    for model in apps.get_models():
        if (own := model._meta.app_label) not in RANK:
            continue
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey | ManyToManyField):
                other = field.related_model._meta.app_label
                if not _may_refer(own, other):
                    uphill.append(f"{model.__name__}.{field.name} -> {other}")
    assert uphill == []


def _template_references(text: str) -> set[str]:
    includes = re.findall(r"""{%-?\s*(?:include|extends)\s+["']([a-z_]+)/""", text)
    urls = re.findall(r"""{%-?\s*url\s+["']([a-z_]+):""", text)
    return {*includes, *urls}


def test_templates_include_and_link_downhill_only():
    uphill = []
    for path in tracked():
        if path.parts[0] != "templates" or len(path.parts) < 3 or path.parts[1] not in RANK:
            continue
        for target in _template_references((ROOT / path).read_text()):
            if not _may_refer(path.parts[1], target):
                uphill.append(f"{path} -> {target}")
    assert uphill == []


def test_no_template_has_inline_script_or_style():
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|<style|\sstyle=|\son[a-z]+=", re.I
    )
    templates = [p for p in tracked() if p.parts[0] == "templates" and p.suffix in {".html", ".svg"}]
    assert [str(p) for p in templates if inline.search((ROOT / p).read_text())] == []


def test_our_own_code_is_imported_at_the_top_only():
    hidden = []
    for path in product():
        for function in functions(path):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in RANK:
                    hidden.append(f"{path}:{node.lineno}")
    assert hidden == []


def test_only_the_queue_runner_catches_every_exception():
    broad = []
    for path in product():
        for node in nodes(path):
            named = isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name)
            if (
                named
                and node.type.id in {"Exception", "BaseException"}
                and path.as_posix() != "core/queue/runner.py"
            ):
                broad.append(f"{path}:{node.lineno}")
    assert broad == []


def test_package_markers_are_empty():
    full = [p for p in product() if p.name == "__init__.py" and (ROOT / p).read_text().strip()]
    assert [str(p) for p in full] == []


def _queries_across_workspaces(path):
    """`file::function` of every use of the unscoped manager; tenancy itself defines it."""
    for node in tree(path).body:
        if isinstance(node, ast.ClassDef) and node.name == "WorkspaceScoped":
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute) and inner.attr == "across_workspaces":
                yield f"{path}::{getattr(node, 'name', 'module')}"


def test_every_query_across_workspaces_is_listed_with_its_reason():
    assert {query for path in product() for query in _queries_across_workspaces(path)} == set(
        MAY_CROSS_WORKSPACES
    )


def _unguarded_queries(path):
    """`file::function` of every query of incidents that does not ask who looks."""
    for node in tree(path).body:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute) and ast.unparse(inner) == "Incident.objects.of":
                yield f"{path}::{getattr(node, 'name', 'module')}"


def test_every_query_of_incidents_goes_through_seen_by_or_is_listed_with_its_reason():
    found = {query for path in product() for query in _unguarded_queries(path)}
    assert found == set(MAY_SEE_PRIVATE_INCIDENTS)


def test_domain_events_use_the_outbox_not_django_signals():
    signals = re.compile(
        r"django\.(db\.models|dispatch)[a-z.]* import .*\b(receiver|post_save|pre_save|Signal)\b"
    )
    assert [str(p) for p in product() if signals.search((ROOT / p).read_text())] == []


def test_every_service_takes_its_actor_first_or_runs_for_a_workspace():
    odd = []
    # `change` and `counter` carry what an outer service has locked already.
    allowed = {
        "actor",
        "workspace_id",
        "workspace",
        "now",
        "incident",
        "user",
        "rule",
        "change",
        "counter",
        "source",
        "postmortem",
        "run",
    }
    for path in product():
        if "services" not in path.with_suffix("").parts:
            continue
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                first = next(iter(node.args.args), None)
                if first is not None and first.arg not in allowed:
                    odd.append(f"{path}:{node.lineno} {node.name}({first.arg})")
    assert odd == []


def _resolves(address: str) -> bool:
    try:
        resolve(re.sub(r"{{.*?}}", "1", address).split("?")[0].split("#")[0])
    except Resolver404:
        return False
    return True


def test_every_address_in_a_template_leads_somewhere():
    address = re.compile(r"""\s(?:href|action|hx-get|hx-post)="(/[^"]*)\"""")
    lost, seen = [], 0
    for path in tracked():
        if path.parts[0] == "templates":
            for found in address.findall((ROOT / path).read_text()):
                seen += 1
                lost += [] if _resolves(found) else [f"{path} -> {found}"]
    assert seen > 30
    assert lost == []


def _called(path):
    """(line, dotted name) of every call in a file, as written: `pickle.loads`, `eval`."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_no_code_is_run_from_text():
    risky = re.compile(
        r"^(eval|exec|compile|__import__|Template|os\.(system|popen)|(marshal|pickle|shelve|yaml)\..*)$"
    )
    run = [f"{p}:{line} {name}" for p in product() for line, name in _called(p) if risky.match(name)]
    assert run == []
    assert [str(p) for p in product() if re.search(r"shell=True|format_map\(", (ROOT / p).read_text())] == []


def test_only_the_http_client_and_the_storage_reach_the_network():
    client = re.compile(
        r"^\s*(?:import|from) (requests|httpx2?|httpcore2?|aiohttp|urllib\.request|urllib3|http\.client"
        r"|smtplib|ftplib|telnetlib|websockets?|pycurl|boto3|botocore)\b",
        re.M,
    )
    server = [p for p in product() if p.parts[0] != "tocsin"]
    reaching = {str(p) for p in server if client.search((ROOT / p).read_text())}
    assert reaching - MAY_REACH_THE_NETWORK == set()
    slack = re.compile(r"^\s*(?:import|from) slack_(?:sdk|bolt)\b", re.M)
    talking = {p.parts[0] for p in server if slack.search((ROOT / p).read_text())}
    assert talking <= {"warroom"}
    assert client.search("from httpx2 import Client")
    assert client.search("    import httpx")


def test_workspace_lock_blocks_no_insert_of_rows_that_reference_it():
    strict = re.compile(r"\bWorkspace\.objects[^\n]*select_for_update\((?!no_key=True)")
    assert [str(p) for p in product() if strict.search((ROOT / p).read_text())] == []
    assert strict.search("Workspace.objects.select_for_update().get(pk=1)")


def test_every_folder_with_an_app_is_in_the_one_list():
    found = {p.parts[0] for p in tracked() if p.name == "apps.py" and len(p.parts) == 2}
    assert found == set(APPS)


def test_checkers_know_every_app():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    layers = [set(layer.split(" | ")) for layer in project["importlinter"]["contracts"][0]["layers"]]
    assert layers == [set(layer) for layer in reversed(APP_LAYERS)]
    assert set(project["importlinter"]["root_packages"]) >= set(APPS)
    assert set(project["mypy"]["files"]) >= set(APPS)
