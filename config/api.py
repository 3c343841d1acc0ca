"""The API at /api/v1: routers of all apps, errors as problem+json, docs at /docs."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from accounts.api import router as accounts_router
from accounts.identity.api import requirement_router
from accounts.identity.api import router as identity_router
from accounts.oncall.api import router as oncall_router
from accounts.oncall.api_feeds import router as feeds_router
from accounts.tokens.api_authentication import ApiAuthentication
from accounts.tokens.device_api import router as device_router
from bundles.api import router as bundles_router
from config.installation.workspaces import router as workspaces_router
from config.openapi.document import complete
from core.errors import Invalid, Malformed, NotFound, Problem, TooLarge, Unavailable
from core.health.checks import is_behind
from core.http.field_faults import field_faults
from core.http.problem_responses import plain_problem, problem_response
from core.http.strict_json import load
from core.ui.error_pages import BEHIND
from detection.evaluation.api import router as members_router
from detection.explain.api import router as explain_event_router
from detection.heartbeats.api import router as heartbeats_router
from detection.rules.api import events_router
from detection.rules.api import router as rules_router
from detection.simulation.api import router as simulations_router
from detection.sources.api import changes_router, quarantine_router, sources_router
from detection.webhooks.api import router as webhooks_router
from incidents.analytics.api import router as analytics_router
from incidents.archive.api import router as archive_router
from incidents.attachments.api import one_router as attachment_router
from incidents.attachments.api import router as attachments_router
from incidents.bulk.api import router as bulk_router
from incidents.components.api import router as components_router
from incidents.drills.api import router as drills_router
from incidents.export.api import router as exports_router
from incidents.handoff.api import router as handoff_router
from incidents.lifecycle.api import router as incidents_router
from incidents.lifecycle.times_api import router as times_router
from incidents.merging.api import router as merging_router
from incidents.privacy.api import router as privacy_router
from incidents.recovery.api import router as recovery_router
from incidents.sla.api import router as sla_router
from incidents.sla.policies_api import router as sla_policies_router
from incidents.stages.api import router as stages_router
from incidents.stages.api import template_router
from incidents.timeline.amendments_api import router as amendments_router
from incidents.timeline.api import router as timeline_router
from incidents.timeline.templates_api import router as update_templates_router
from notifications.api import channels_router, deliveries_router
from notifications.contacts.api import router as contacts_router
from notifications.escalation.api import incident_router as incident_escalation_router
from notifications.escalation.api import router as policies_router
from notifications.explain.api import incident_router as explain_incident_router
from notifications.explain.api import router as explain_router
from notifications.routes.api import router as routes_router
from notifications.silences.api import silences_router, windows_router
from postmortems.action_items.api import incident_router as incident_items_router
from postmortems.action_items.api import router as items_router
from postmortems.api import incident_router as incident_postmortems_router
from postmortems.api import router as postmortems_router
from postmortems.learning.api import lessons_router, postmortem_router
from postmortems.learning.api import router as learning_router
from postmortems.template_library.api import router as templates_router
from postmortems.trackers.api import router as trackers_router
from remediation.api import incident_router as incident_runs_router
from remediation.api import router as remediation_router
from remediation.recovery.api import router as policy_router
from status.api import router as status_router
from status.publishing.api import incident_router as status_incident_router
from warroom.api import incident_router as war_rooms_router
from warroom.connection.api import router as slack_router

DESCRIPTION = """Events in, exactly one incident out.

Send `Authorization: Bearer tcs_…` (or `X-API-Key`). If Tocsin runs in open local mode, programs on
the same machine need no token. Errors are `application/problem+json` and name the field and the rule.
Lists are paginated by `Link` headers. `X-Request-ID` is used and returned.
"""


class StrictParser(Parser):
    """Parses bodies with the strict JSON parser, whatever their content type."""

    def parse_body(self, request: HttpRequest) -> Any:
        return load(request.body)


class TocsinAPI(NinjaAPI):
    """NinjaAPI that adds to the schema what all operations have in common."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        return complete(super().get_openapi_schema(**options))


api = TocsinAPI(
    title="Tocsin",
    version="1",
    description=DESCRIPTION,
    auth=ApiAuthentication(),
    parser=StrictParser(),
    docs_url=None,
    urls_namespace="api",
)
api.add_router("/incidents", exports_router)  # before routes whose parameter matches any word
api.add_router("/incidents", incidents_router)
api.add_router("/incidents", timeline_router)
api.add_router("/incidents", stages_router)
api.add_router("/incidents", recovery_router)
api.add_router("/incidents", privacy_router)
api.add_router("/incidents", times_router)
api.add_router("/incidents", merging_router)
api.add_router("/incidents", handoff_router)
api.add_router("/incidents", archive_router)
api.add_router("/incidents", attachments_router)
api.add_router("/attachments", attachment_router)
api.add_router("/drills", drills_router)
api.add_router("/sla", sla_router)
api.add_router("/sla", sla_policies_router)
api.add_router("/bulk-actions", bulk_router)
api.add_router("/incidents", amendments_router)
api.add_router("/stage-templates", template_router)
api.add_router("/update-templates", update_templates_router)
api.add_router("/identity-providers", identity_router)
api.add_router("/identity-requirement", requirement_router)
api.add_router("/slack", slack_router)
api.add_router("/incidents", members_router)
api.add_router("/analytics", analytics_router)
api.add_router("/events", events_router)
api.add_router("/rules", rules_router)
api.add_router("/simulations", simulations_router)
api.add_router("/sources", sources_router)
api.add_router("/quarantine", quarantine_router)
api.add_router("/changes", changes_router)
api.add_router("/webhooks", webhooks_router)
api.add_router("/components", components_router)
api.add_router("/workspaces", workspaces_router)
api.add_router("/incidents", incident_escalation_router)
api.add_router("/incidents", war_rooms_router)
api.add_router("/incidents", status_incident_router)
api.add_router("/status-page", status_router)
api.add_router("/escalation-policies", policies_router)
api.add_router("/on-call", oncall_router)
api.add_router("/calendar-feeds", feeds_router)
api.add_router("/channels", channels_router)
api.add_router("/routes", routes_router)
api.add_router("/heartbeats", heartbeats_router)
api.add_router("/incidents", explain_incident_router)
api.add_router("/explain", explain_router)
api.add_router("/explain", explain_event_router)
api.add_router("/silences", silences_router)
api.add_router("/maintenance-windows", windows_router)
api.add_router("/deliveries", deliveries_router)
api.add_router("/incidents", incident_runs_router)
api.add_router("/remediation", remediation_router)
api.add_router("/remediation", policy_router)
for learning in (incident_postmortems_router, learning_router, incident_items_router):
    api.add_router("/incidents", learning)
api.add_router("/postmortems", postmortems_router)
api.add_router("/postmortems", postmortem_router)
api.add_router("/postmortem-templates", templates_router)
api.add_router("/trackers", trackers_router)
api.add_router("/action-items", items_router)
api.add_router("/lessons", lessons_router)
api.add_router("/bundles", bundles_router)
api.add_router("", device_router)
api.add_router("/me", contacts_router)
api.add_router("", accounts_router)


@api.exception_handler(Problem)
def _refused(request: HttpRequest, problem: Any) -> HttpResponse:
    return problem_response(problem, request)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    if isinstance(error.__cause__, Problem):  # an error of our parser, wrapped by ninja
        return problem_response(error.__cause__, request)
    if error.status_code == Malformed.status:
        return problem_response(Malformed("The body could not be read. Nothing was stored."), request)
    return plain_problem(error.status_code, request)


@api.exception_handler(ValidationError)
def _not_valid(request: HttpRequest, error: Any) -> HttpResponse:
    faults = field_faults(error.errors, _field)
    named = ", ".join(fault.field for fault in faults[:5])
    return problem_response(Invalid(f"Not valid: {named}. Nothing was changed.", faults=faults), request)


def _field(loc: tuple[str | int, ...]) -> str:
    """Return the path of a field: ("body", "body", "labels", 0) -> `labels[0]`.

    The first two are ninja's own wrapping.
    """
    inner = loc[2:] if loc[0] == "body" else loc[1:]
    if len(inner) > 1 and inner[0] in ("query", "where"):
        inner = inner[1:]
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inner)
    return text.lstrip(".")[:200] or str(loc[0])


@api.exception_handler(Http404)
def _nothing(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(NotFound("Not found."), request)


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(TooLarge("The body is larger than 1 MB. Nothing was stored."), request)


@api.exception_handler(UnreadablePostError)
def _cut(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(Malformed("The body ended early. Nothing was stored."), request)


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
@api.exception_handler(InternalError)  # such as a write to a read-only database
def _database_away(request: HttpRequest, error: Any) -> HttpResponse:
    detail = "The database is not reachable. Nothing was stored; retry the request."
    return problem_response(Unavailable(detail, headers={"Retry-After": "5"}), request)


@api.exception_handler(ProgrammingError)
def _database_behind(request: HttpRequest, error: Any) -> HttpResponse:
    if not is_behind(error):
        raise error
    return problem_response(Unavailable(BEHIND, headers={"Retry-After": "5"}), request)
