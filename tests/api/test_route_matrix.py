"""Every address × every kind of caller × both workspaces. An address without a row here fails the tests."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.actor import Actor, system_actor
from accounts.identity.services.providers import add_provider
from accounts.models import Membership, Role, Scope, User, Workspace
from accounts.oncall.services.feeds import create_feed
from accounts.oncall.services.overrides import create_override
from accounts.oncall.services.schedules import create_schedule, put_rotation
from accounts.oncall.validation import RotationValues
from accounts.people.services.invitations import invite_member
from accounts.permissions import Capability as May
from accounts.permissions import allowed
from accounts.tokens.services import issue_token
from bundles.models import Bundle
from config.api import api as tocsin_api
from core.secrets.encryption import encrypt
from core.ui.navigation import NAVIGATION, SETTINGS
from core.ui.panels import PANELS
from detection.heartbeats.models import Heartbeat
from detection.heartbeats.services.heartbeats import HeartbeatValues, create_heartbeat
from detection.rules.services.rules import install_builtin_rules
from detection.sources.services.sources import create_source
from incidents.correlation.services.opening import declare_incident
from incidents.drills.services import DrillValues, plan_drill
from incidents.models import Component, Drill, TimelineEntry
from incidents.timeline.services.notes import add_entry
from incidents.vocabulary import EntryKind
from notifications.channels.models import Channel
from notifications.channels.services import create_channel
from notifications.deliveries.models import Delivery
from notifications.deliveries.planning import Fact, to_channel
from notifications.escalation.services.policies import put_policy
from notifications.escalation.validation import PolicyValues
from notifications.routes.models import Route
from notifications.routes.services import RouteValues, save_route
from notifications.silences.matching import Matcher
from notifications.silences.models import MaintenanceWindow, Silence
from notifications.silences.services.silences import SilenceValues, create_silence
from notifications.silences.services.windows import WindowValues, save_window
from postmortems.action_items.services import create_item
from postmortems.documents.comments import add_comment
from postmortems.documents.models import Comment
from postmortems.drafting.services import draft_postmortem
from postmortems.learning.lessons import add_lesson
from postmortems.learning.models import FactorNode, Lesson
from postmortems.learning.services import add_why
from postmortems.template_library.models import PostmortemTemplate
from postmortems.trackers.models import Tracker
from postmortems.trackers.services import create_tracker
from remediation.runs.services.proposing import Request, request_run
from status.pages.services.components import add_component
from status.pages.services.pages import put_page
from status.publishing.services.incidents import publish_incident
from status.publishing.services.maintenance import schedule_maintenance
from status.subscriptions.models import Subscriber
from tests.api.bodies import body_of
from tests.tables import WHOLE, every, share
from warroom.connection.services.linking import link_member
from warroom.connection.services.settings import SlackValues, put_slack

pytestmark = pytest.mark.django_db

ROLES = ("viewer", "responder", "manager", "admin")


@dataclass(frozen=True)
class Row:
    """What an operation needs, a body that is right, and whether it is about one thing of the workspace."""

    may: May | None
    body: Any = None
    about: bool = False
    also: May | None = None
    person: bool = False  # for a signed-in person alone: a token is refused
    instead: May | None = None  # a token with this scope is allowed as well


EVENT = {"service": "api", "level": "ERROR", "message": "broken"}
RULE = {
    "rule_id": "mine", "name": "Mine", "incident_type": "error_burst", "severity": "sev3",
    "error_threshold": 3, "time_window_seconds": 60,
}  # fmt: skip
POLICY = {"name": "mine", "steps": [{"wait_s": 60, "targets": [{"kind": "on_call"}]}]}
PROVIDER = {
    "name": "Mine", "server_url": "https://login.example.test", "client_id": "tocsin", "client_secret": "x",
}  # fmt: skip
SILENCE = {
    "matchers": [{"field": "component", "value": "web"}], "reason": "Known trouble", "until_resolved": True,
}  # fmt: skip
WINDOW = {
    "name": "Mine", "matchers": SILENCE["matchers"], "local_start": "2027-01-03T02:00", "duration_s": 3600,
    "zone": "Europe/Berlin", "rule": "FREQ=WEEKLY",
}  # fmt: skip
OVERRIDE = {"username": "spare.of.acme"} | {
    name: (timezone.now() + timedelta(days=days)).isoformat()
    for name, days in (("starts_at", 3), ("ends_at", 4))
}
MAINTENANCE = {"title": "Upgrade"} | {
    name: (timezone.now() + timedelta(days=days)).isoformat()
    for name, days in (("starts_at", 3), ("ends_at", 4))
}
API: dict[tuple[str, str], Row] = {
    ("GET", "/incidents"): Row(May.INCIDENTS_READ),
    ("POST", "/incidents"): Row(May.INCIDENTS_WRITE, {"title": "x"}),
    ("GET", "/incidents/export"): Row(May.INCIDENTS_READ),
    ("GET", "/incidents/{reference}/export"): Row(May.INCIDENTS_READ, about=True),
    ("GET", "/incidents/{reference}"): Row(May.INCIDENTS_READ, about=True),
    ("PATCH", "/incidents/{reference}"): Row(May.INCIDENTS_WRITE, {"title": "y"}, about=True),
    ("PATCH", "/incidents/{reference}/status"): Row(
        May.INCIDENTS_WRITE, {"status": "investigating"}, about=True
    ),
    ("GET", "/incidents/{reference}/stages"): Row(May.INCIDENTS_READ, about=True),
    ("GET", "/incidents/{reference}/recovery"): Row(May.INCIDENTS_READ, about=True),
    ("PATCH", "/incidents/{reference}/times"): Row(
        May.INCIDENTS_WRITE, {"reason": "The pager was muted."}, about=True
    ),
    ("PUT", "/incidents/{reference}/verdict"): Row(May.INCIDENTS_WRITE, {"verdict": "real"}, about=True),
    ("DELETE", "/incidents/{reference}/verdict"): Row(May.INCIDENTS_WRITE, about=True),
    ("GET", "/incidents/{reference}/access"): Row(May.INCIDENTS_READ, about=True),
    ("PUT", "/incidents/{reference}/access"): Row(
        May.INCIDENTS_WRITE, {"is_private": False}, about=True, also=May.INCIDENTS_READ
    ),
    ("POST", "/incidents/{reference}/access/people"): Row(
        May.INCIDENTS_WRITE, {"username": "spare.of.acme"}, about=True, also=May.INCIDENTS_READ
    ),
    ("DELETE", "/incidents/{reference}/access/people/{username}"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ
    ),
    ("PUT", "/incidents/{reference}/stages/{stage}/items/{position}"): Row(
        May.INCIDENTS_WRITE, {"ticked": True}, about=True
    ),
    ("GET", "/incidents/{reference}/offers"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/incidents/{reference}/offers"): Row(
        May.INCIDENTS_WRITE, {"username": "spare.of.acme"}, about=True
    ),
    ("POST", "/incidents/{reference}/offers/{offer_id}"): Row(
        May.INCIDENTS_WRITE, {"accept": True}, about=True
    ),
    ("GET", "/incidents/{reference}/archive"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/incidents/{reference}/archive/restore"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/incidents/{reference}/attachments"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/incidents/{reference}/attachments"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/attachments/{attachment_id}"): Row(May.INCIDENTS_READ, about=True),
    ("DELETE", "/attachments/{attachment_id}"): Row(May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ),
    ("GET", "/drills"): Row(May.INCIDENTS_READ),
    ("POST", "/drills"): Row(May.INCIDENTS_WRITE, {"title": "Practice"}, also=May.INCIDENTS_READ),
    ("GET", "/drills/{drill_id}"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/drills/{drill_id}/join"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ, person=True
    ),
    ("POST", "/drills/{drill_id}/leave"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ, person=True
    ),
    ("POST", "/drills/{drill_id}/start"): Row(May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ),
    ("POST", "/drills/{drill_id}/cancel"): Row(May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ),
    ("GET", "/sla/report"): Row(May.INCIDENTS_READ),
    ("GET", "/sla/policies"): Row(May.INCIDENTS_READ),
    ("PUT", "/sla/policies"): Row(
        May.SETTINGS_WRITE, {f"sev{n}": {"acknowledge_within": n} for n in (1, 2, 3, 4)}
    ),
    ("POST", "/bulk-actions"): Row(
        May.INCIDENTS_WRITE, {"kind": "acknowledge", "incidents": [{"incident": "1"}]}
    ),
    ("GET", "/bulk-actions/{action_id}"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/bulk-actions/{action_id}/undo"): Row(May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ),
    ("GET", "/stage-templates"): Row(May.INCIDENTS_READ),
    ("PUT", "/stage-templates/{stage}"): Row(May.SETTINGS_WRITE, {"items": []}),
    ("POST", "/incidents/{reference}/acknowledge"): Row(May.INCIDENTS_WRITE, {}, about=True),
    ("POST", "/incidents/{reference}/assign"): Row(May.INCIDENTS_WRITE, {}, about=True),
    ("POST", "/incidents/{reference}/resolve"): Row(May.INCIDENTS_WRITE, {}, about=True),
    ("POST", "/incidents/{reference}/close"): Row(May.INCIDENTS_WRITE, {}, about=True),
    ("POST", "/incidents/{reference}/reopen"): Row(May.INCIDENTS_WRITE, {}, about=True),
    ("POST", "/incidents/{reference}/notes"): Row(May.INCIDENTS_WRITE, {"message": "x"}, about=True),
    ("POST", "/incidents/{reference}/updates"): Row(May.INCIDENTS_WRITE, {"message": "x"}, about=True),
    ("GET", "/incidents/{reference}/timeline"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/incidents/{reference}/timeline"): Row(May.INCIDENTS_WRITE, {"message": "x"}, about=True),
    ("PATCH", "/incidents/{reference}/timeline/{entry_id}"): Row(
        May.INCIDENTS_WRITE, {"occurred_at": "2026-01-01T00:00:00Z"}, about=True
    ),
    ("GET", "/incidents/{reference}/timeline/{entry_id}/amendments"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/incidents/{reference}/timeline/{entry_id}/amendments"): Row(
        May.INCIDENTS_WRITE, {"kind": "reworded", "message": "Ours, better"}, about=True
    ),
    ("PUT", "/incidents/{reference}/timeline/{entry_id}/pin"): Row(May.INCIDENTS_WRITE, about=True),
    ("DELETE", "/incidents/{reference}/timeline/{entry_id}/pin"): Row(May.INCIDENTS_WRITE, about=True),
    ("GET", "/incidents/{reference}/activity"): Row(May.INCIDENTS_READ, about=True),
    ("GET", "/incidents/{reference}/related"): Row(May.INCIDENTS_READ, about=True),
    ("PUT", "/incidents/{reference}/related/{other}"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ
    ),
    ("DELETE", "/incidents/{reference}/related/{other}"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ
    ),
    ("POST", "/incidents/{reference}/merge"): Row(
        May.INCIDENTS_WRITE, {"into": "INC-2"}, about=True, also=May.INCIDENTS_READ
    ),
    ("DELETE", "/incidents/{reference}/merge"): Row(May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ),
    ("GET", "/incidents/{reference}/proposals"): Row(May.INCIDENTS_READ, about=True),
    ("DELETE", "/incidents/{reference}/proposals/{other}"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/incidents/{reference}/components"): Row(May.INCIDENTS_READ, about=True),
    ("GET", "/incidents/{reference}/events"): Row(May.INCIDENTS_READ, about=True),
    ("GET", "/incidents/{reference}/roles"): Row(May.INCIDENTS_READ, about=True),
    ("PUT", "/incidents/{reference}/components/{name}"): Row(May.INCIDENTS_WRITE, {}, about=True),
    ("DELETE", "/incidents/{reference}/components/{name}"): Row(May.INCIDENTS_WRITE, about=True),
    ("GET", "/analytics"): Row(May.INCIDENTS_READ),
    ("GET", "/analytics/incidents"): Row(May.INCIDENTS_READ),
    ("POST", "/events"): Row(May.EVENTS_WRITE, EVENT),
    ("GET", "/channels"): Row(May.CHANNELS_READ),
    ("POST", "/channels"): Row(May.CHANNELS_WRITE, {"kind": "log", "name": "Mine"}),
    ("GET", "/channels/{channel_id}"): Row(May.CHANNELS_READ, about=True),
    ("PATCH", "/channels/{channel_id}"): Row(May.CHANNELS_WRITE, {"enabled": True}, about=True),
    ("DELETE", "/channels/{channel_id}"): Row(May.CHANNELS_WRITE, about=True),
    ("POST", "/channels/{channel_id}/test"): Row(May.CHANNELS_WRITE, about=True),
    ("GET", "/routes"): Row(May.CHANNELS_READ),
    ("POST", "/routes"): Row(May.CHANNELS_WRITE, {"name": "Mine", "kinds": ["log"]}),
    ("POST", "/routes/customize"): Row(May.CHANNELS_WRITE),
    ("PUT", "/routes/{route_id}"): Row(May.CHANNELS_WRITE, {"name": "Mine"}, about=True),
    ("DELETE", "/routes/{route_id}"): Row(May.CHANNELS_WRITE, about=True),
    ("GET", "/me/contact-methods"): Row(None, person=True),
    ("POST", "/me/contact-methods"): Row(None, {"kind": "email", "address": "no address"}, person=True),
    ("POST", "/me/contact-methods/{method_id}/code"): Row(None, person=True),
    ("POST", "/me/contact-methods/{method_id}/verify"): Row(None, {"code": "000000"}, person=True),
    ("DELETE", "/me/contact-methods/{method_id}"): Row(None, person=True),
    ("GET", "/me/quiet-hours"): Row(None, person=True),
    ("PUT", "/me/quiet-hours"): Row(None, {"quiet_from": "22:00", "quiet_until": "07:00"}, person=True),
    ("GET", "/routes/preview"): Row(May.CHANNELS_READ),
    ("GET", "/deliveries"): Row(May.CHANNELS_READ),
    ("GET", "/deliveries/{delivery_id}"): Row(May.CHANNELS_READ, about=True),
    ("POST", "/deliveries/{delivery_id}/resend"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.CHANNELS_READ
    ),
    ("GET", "/sources"): Row(May.SOURCES_READ),
    ("POST", "/sources"): Row(May.SOURCES_WRITE, {"kind": "generic", "name": "Mine"}),
    ("GET", "/sources/{source_id}"): Row(May.SOURCES_READ, about=True),
    ("PATCH", "/sources/{source_id}"): Row(May.SOURCES_WRITE, {"enabled": True}, about=True),
    ("POST", "/sources/{source_id}/keys"): Row(May.SOURCES_WRITE, about=True),
    ("POST", "/sources/{source_id}/secrets"): Row(May.SOURCES_WRITE, {"text": "12345678"}, about=True),
    ("DELETE", "/sources/{source_id}/secrets/{secret_id}"): Row(May.SOURCES_WRITE, about=True),
    ("POST", "/sources/{source_id}/test"): Row(May.SOURCES_WRITE, {}, about=True),
    ("GET", "/quarantine"): Row(May.SOURCES_READ),
    ("GET", "/quarantine/{quarantine_id}"): Row(May.SOURCES_WRITE, about=True),
    ("POST", "/quarantine/{quarantine_id}/replay"): Row(May.SOURCES_WRITE, about=True),
    ("DELETE", "/quarantine/{quarantine_id}"): Row(May.SOURCES_WRITE, about=True),
    ("DELETE", "/sources/{source_id}"): Row(May.SOURCES_WRITE, about=True),
    ("GET", "/changes"): Row(May.INCIDENTS_READ),
    ("POST", "/changes"): Row(May.EVENTS_WRITE, {"summary": "x"}),
    ("GET", "/simulations/events"): Row(May.INCIDENTS_READ),
    ("POST", "/simulations"): Row(
        May.INCIDENTS_WRITE, {"incident_type": "deadlock"}, also=May.INCIDENTS_READ
    ),
    ("GET", "/rules"): Row(May.RULES_READ),
    ("POST", "/rules"): Row(May.RULES_WRITE, RULE),
    ("GET", "/rules/{rule_id}"): Row(May.RULES_READ, about=True),
    ("PATCH", "/rules/{rule_id}"): Row(May.RULES_WRITE, {"error_threshold": 9}, about=True),
    ("DELETE", "/rules/{rule_id}"): Row(May.RULES_WRITE, about=True),
    ("POST", "/rules/test"): Row(May.RULES_WRITE, {"rule_id": "error_burst", "events": [EVENT]}),
    ("POST", "/rules/{rule_id}/reset"): Row(May.RULES_WRITE, about=True),
    ("POST", "/rules/{rule_id}/enable"): Row(May.RULES_WRITE, about=True),
    ("POST", "/rules/{rule_id}/disable"): Row(May.RULES_WRITE, about=True),
    ("GET", "/components"): Row(May.INCIDENTS_READ),
    ("POST", "/components"): Row(May.COMPONENTS_WRITE, {"name": "new"}),
    ("GET", "/components/{name}"): Row(May.INCIDENTS_READ, about=True),
    ("PATCH", "/components/{name}"): Row(May.COMPONENTS_WRITE, {"tier": 2}, about=True),
    ("POST", "/incidents/{reference}/postmortem"): Row(
        May.POSTMORTEMS_WRITE, {}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("GET", "/incidents/{reference}/postmortem"): Row(May.POSTMORTEMS_READ, about=True),
    ("GET", "/action-items/fixes"): Row(May.POSTMORTEMS_READ),
    ("GET", "/trackers"): Row(May.SETTINGS_WRITE),
    ("POST", "/trackers"): Row(May.SETTINGS_WRITE, {"name": "Mine"}),
    ("DELETE", "/trackers/{tracker_id}"): Row(May.SETTINGS_WRITE, about=True),
    ("GET", "/postmortem-templates"): Row(May.POSTMORTEMS_READ),
    ("POST", "/postmortem-templates"): Row(
        May.TEMPLATES_WRITE, {"name": "Mine", "sections": [{"key": "what", "title": "What"}]}
    ),
    ("GET", "/postmortem-templates/{template}"): Row(May.POSTMORTEMS_READ),
    ("PATCH", "/postmortem-templates/{template}"): Row(May.TEMPLATES_WRITE, {"name": "Mine"}),
    ("DELETE", "/postmortem-templates/{template}"): Row(May.TEMPLATES_WRITE),
    ("GET", "/postmortems"): Row(May.POSTMORTEMS_READ),
    ("GET", "/postmortems/{reference}"): Row(May.POSTMORTEMS_READ, about=True),
    ("PATCH", "/postmortems/{reference}"): Row(
        May.POSTMORTEMS_WRITE, {"title": "x"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("PUT", "/postmortems/{reference}/sections/{key}"): Row(
        May.POSTMORTEMS_WRITE, {"text": "x", "base_version": 1}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("GET", "/postmortems/{reference}/revisions"): Row(May.POSTMORTEMS_READ, about=True),
    ("POST", "/postmortems/{reference}/revisions/{number}/restore"): Row(
        May.POSTMORTEMS_WRITE, about=True, also=May.POSTMORTEMS_READ
    ),
    ("POST", "/postmortems/{reference}/request-review"): Row(
        May.POSTMORTEMS_WRITE, {}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("POST", "/postmortems/{reference}/withdraw"): Row(
        May.POSTMORTEMS_WRITE, {}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("POST", "/postmortems/{reference}/approvals"): Row(
        May.POSTMORTEMS_READ, {"role": "manager"}, about=True, also=May.POSTMORTEMS_WRITE
    ),
    ("POST", "/postmortems/{reference}/waivers"): Row(
        May.POSTMORTEMS_WRITE,
        {"subject": "section:data_loss", "reason": "No data at all."},
        about=True,
        also=May.POSTMORTEMS_READ,
    ),
    ("POST", "/postmortems/{reference}/publish"): Row(May.POSTMORTEMS_PUBLISH, {}, about=True),
    ("POST", "/postmortems/{reference}/amend"): Row(
        May.POSTMORTEMS_WRITE, {}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("GET", "/postmortems/{reference}/comments"): Row(May.POSTMORTEMS_READ, about=True),
    ("POST", "/postmortems/{reference}/comments"): Row(
        May.POSTMORTEMS_WRITE,
        {"section_key": "went_well", "body": "x"},
        about=True,
        also=May.POSTMORTEMS_READ,
    ),
    ("POST", "/postmortems/{reference}/comments/{comment_id}/resolve"): Row(
        May.POSTMORTEMS_WRITE, about=True, also=May.POSTMORTEMS_READ
    ),
    ("GET", "/postmortems/{reference}/export"): Row(May.POSTMORTEMS_READ, about=True),
    ("POST", "/postmortems/{reference}/lessons"): Row(
        May.POSTMORTEMS_WRITE, {"lesson": "x"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("POST", "/incidents/{reference}/lessons"): Row(
        May.POSTMORTEMS_WRITE, {"lesson": "x"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("POST", "/incidents/{reference}/five-whys"): Row(
        May.POSTMORTEMS_WRITE, {}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("GET", "/incidents/{reference}/five-whys"): Row(May.POSTMORTEMS_READ, about=True),
    ("POST", "/incidents/{reference}/five-whys/whys"): Row(
        May.POSTMORTEMS_WRITE, {"why": "x"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("PATCH", "/incidents/{reference}/five-whys/whys/{why_id}"): Row(
        May.POSTMORTEMS_WRITE, {"answer": "x"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("DELETE", "/incidents/{reference}/five-whys/whys/{why_id}"): Row(
        May.POSTMORTEMS_WRITE, about=True, also=May.POSTMORTEMS_READ
    ),
    ("POST", "/incidents/{reference}/five-whys/root-cause"): Row(
        May.POSTMORTEMS_WRITE, {"root_cause": "x"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("POST", "/incidents/{reference}/five-whys/factors"): Row(
        May.POSTMORTEMS_WRITE, {"factor": "x"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("GET", "/lessons"): Row(May.POSTMORTEMS_READ),
    ("DELETE", "/lessons/{lesson_id}"): Row(May.POSTMORTEMS_WRITE, about=True, also=May.POSTMORTEMS_READ),
    ("GET", "/incidents/{reference}/action-items"): Row(May.POSTMORTEMS_READ, about=True),
    ("POST", "/incidents/{reference}/action-items"): Row(
        May.ACTION_ITEMS_WRITE, {"title": "Do the thing"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("GET", "/action-items"): Row(May.POSTMORTEMS_READ),
    ("POST", "/action-items"): Row(
        May.ACTION_ITEMS_WRITE,
        {"title": "Do the thing", "incident_id": "INC-1"},
        about=True,
        also=May.POSTMORTEMS_READ,
    ),
    ("GET", "/action-items/{item}"): Row(May.POSTMORTEMS_READ, about=True),
    ("PATCH", "/action-items/{item}"): Row(
        May.ACTION_ITEMS_WRITE, {"priority": "low"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("PATCH", "/action-items/{item}/status"): Row(
        May.ACTION_ITEMS_WRITE, {"status": "done"}, about=True, also=May.POSTMORTEMS_READ
    ),
    ("GET", "/me"): Row(None),
    ("GET", "/workspaces"): Row(None),
    ("POST", "/workspaces"): Row(None, {"name": "Another"}, person=True),
    ("POST", "/workspaces/{slug}/select"): Row(None, about=True, person=True),
    ("GET", "/invitations"): Row(May.MEMBERS_WRITE),
    ("DELETE", "/invitations/{invitation_id}"): Row(May.MEMBERS_WRITE, about=True),
    ("GET", "/members"): Row(May.MEMBERS_READ),
    ("POST", "/members"): Row(May.MEMBERS_WRITE, {"email": "new@example.test"}),
    ("PATCH", "/members/{username}"): Row(May.MEMBERS_WRITE, {"role": "viewer"}, about=True),
    ("DELETE", "/members/{username}"): Row(May.MEMBERS_WRITE, about=True),
    ("GET", "/tokens"): Row(May.TOKENS_WRITE),
    ("POST", "/tokens"): Row(May.TOKENS_WRITE, {"name": "x", "scopes": ["events:write"]}),
    ("POST", "/tokens/{token_id}/rotate"): Row(May.TOKENS_WRITE, about=True),
    ("DELETE", "/tokens/{token_id}"): Row(May.TOKENS_WRITE, about=True),
    ("GET", "/audit"): Row(May.AUDIT_READ),
    ("GET", "/on-call"): Row(May.ONCALL_READ),
    ("GET", "/on-call/shifts"): Row(May.ONCALL_READ),
    ("POST", "/on-call/schedules"): Row(May.ONCALL_WRITE, {"name": "new"}),
    ("GET", "/on-call/schedules/{schedule_id}"): Row(May.ONCALL_READ, about=True),
    ("PATCH", "/on-call/schedules/{schedule_id}"): Row(May.ONCALL_WRITE, {"name": "other"}, about=True),
    ("DELETE", "/on-call/schedules/{schedule_id}"): Row(May.ONCALL_WRITE, about=True),
    ("PUT", "/on-call/schedules/{schedule_id}/rotations/{layer}"): Row(
        May.ONCALL_WRITE, {"participants": ["viewer.of.acme"], "starts_on": "2026-01-01"}, about=True
    ),
    ("DELETE", "/on-call/schedules/{schedule_id}/rotations/{layer}"): Row(May.ONCALL_WRITE, about=True),
    ("POST", "/on-call/schedules/{schedule_id}/overrides"): Row(May.ONCALL_WRITE, OVERRIDE, about=True),
    ("PUT", "/on-call/schedules/{schedule_id}/calendar"): Row(
        May.ONCALL_WRITE, {"url": "https://calendar.example/x.ics"}, about=True
    ),
    ("DELETE", "/on-call/schedules/{schedule_id}/calendar"): Row(May.ONCALL_WRITE, about=True),
    ("DELETE", "/on-call/overrides/{override_id}"): Row(May.ONCALL_WRITE, about=True),
    ("POST", "/on-call/swaps"): Row(May.INCIDENTS_WRITE, {"shift_id": 0, "other_shift_id": 0}),
    ("GET", "/incidents/{reference}/actions"): Row(May.INCIDENTS_READ, about=True),
    ("GET", "/incidents/{reference}/runs"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/incidents/{reference}/runs"): Row(
        May.REMEDIATION_RUN, {"action": "scale_up"}, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/remediation/policy"): Row(May.INCIDENTS_READ),
    ("PATCH", "/remediation/policy"): Row(May.REMEDIATION_WRITE, {"recovery_window_s": 120}),
    ("GET", "/remediation/actions"): Row(May.INCIDENTS_READ),
    ("GET", "/remediation/actions/{action}"): Row(May.INCIDENTS_READ),
    ("PATCH", "/remediation/actions/{action}"): Row(May.REMEDIATION_WRITE, {"cooldown_s": 9}),
    ("POST", "/remediation/actions/{action}/enable"): Row(May.REMEDIATION_WRITE),
    ("POST", "/remediation/actions/{action}/disable"): Row(May.REMEDIATION_WRITE),
    ("POST", "/remediation/actions/{action}/try-again"): Row(May.REMEDIATION_WRITE),
    ("GET", "/remediation/runs"): Row(May.INCIDENTS_READ),
    ("GET", "/remediation/runs/{run_id}"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/remediation/runs/{run_id}/approve"): Row(
        May.REMEDIATION_RUN, {"digest": "0" * 64}, about=True, person=True
    ),
    ("POST", "/remediation/runs/{run_id}/reject"): Row(May.REMEDIATION_RUN, {}, about=True, person=True),
    ("POST", "/remediation/runs/{run_id}/cancel"): Row(May.REMEDIATION_RUN, {}, about=True),
    ("POST", "/remediation/runs/{run_id}/start"): Row(May.REMEDIATION_RUN, about=True),
    ("POST", "/remediation/runs/{run_id}/outcome"): Row(
        May.REMEDIATION_RUN, {"outcome": "succeeded"}, about=True
    ),
    ("GET", "/incidents/{reference}/explain"): Row(May.CHANNELS_READ, about=True),
    ("GET", "/explain/reasons"): Row(May.CHANNELS_READ),
    ("GET", "/explain/people/{username}"): Row(May.CHANNELS_READ, about=True),
    ("GET", "/explain/simulation"): Row(May.ONCALL_READ),
    ("GET", "/explain/events"): Row(May.RULES_READ),
    ("GET", "/heartbeats"): Row(May.SOURCES_READ),
    ("POST", "/heartbeats"): Row(May.SOURCES_WRITE, {"name": "mine", "period_s": 60}),
    ("GET", "/heartbeats/{heartbeat_id}"): Row(May.SOURCES_READ, about=True),
    ("PATCH", "/heartbeats/{heartbeat_id}"): Row(May.SOURCES_WRITE, {"grace_s": 90}, about=True),
    ("POST", "/heartbeats/{heartbeat_id}/pause"): Row(May.SOURCES_WRITE, about=True),
    ("POST", "/heartbeats/{heartbeat_id}/resume"): Row(May.SOURCES_WRITE, about=True),
    ("DELETE", "/heartbeats/{heartbeat_id}"): Row(May.SOURCES_WRITE, about=True),
    ("GET", "/silences"): Row(May.INCIDENTS_READ),
    ("POST", "/silences"): Row(May.SILENCES_WRITE, SILENCE),
    ("GET", "/silences/{silence_id}"): Row(May.INCIDENTS_READ, about=True),
    ("PATCH", "/silences/{silence_id}"): Row(
        May.SILENCES_WRITE, {"reason": "Known trouble, longer"}, about=True, also=May.INCIDENTS_READ
    ),
    ("POST", "/silences/{silence_id}/end"): Row(May.SILENCES_WRITE, about=True, also=May.INCIDENTS_READ),
    ("GET", "/maintenance-windows"): Row(May.INCIDENTS_READ),
    ("POST", "/maintenance-windows"): Row(May.SILENCES_WRITE, WINDOW),
    ("GET", "/maintenance-windows/{window_id}"): Row(May.INCIDENTS_READ, about=True),
    ("PUT", "/maintenance-windows/{window_id}"): Row(
        May.SILENCES_WRITE, WINDOW, about=True, also=May.INCIDENTS_READ
    ),
    ("DELETE", "/maintenance-windows/{window_id}"): Row(
        May.SILENCES_WRITE, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/escalation-policies"): Row(May.ONCALL_READ),
    ("POST", "/escalation-policies"): Row(May.ONCALL_WRITE, POLICY),
    ("GET", "/escalation-policies/{policy_id}"): Row(May.ONCALL_READ, about=True),
    ("PUT", "/escalation-policies/{policy_id}"): Row(May.ONCALL_WRITE, POLICY, about=True),
    ("DELETE", "/escalation-policies/{policy_id}"): Row(May.ONCALL_WRITE, about=True),
    ("GET", "/incidents/{reference}/escalation"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/incidents/{reference}/escalation"): Row(
        May.INCIDENTS_WRITE, {}, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/incidents/{reference}/war-room"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/incidents/{reference}/war-room"): Row(
        May.INCIDENTS_WRITE, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/update-templates"): Row(May.INCIDENTS_READ),
    ("PUT", "/update-templates/{update_template}"): Row(
        May.SETTINGS_WRITE, {"label": "Mine", "text": "{title}"}
    ),
    ("DELETE", "/update-templates/{update_template}"): Row(May.SETTINGS_WRITE),
    ("GET", "/identity-providers"): Row(May.SETTINGS_WRITE),
    ("POST", "/identity-providers"): Row(May.SETTINGS_WRITE, PROVIDER),
    ("GET", "/identity-providers/{identity_provider_id}"): Row(May.SETTINGS_WRITE, about=True),
    ("PATCH", "/identity-providers/{identity_provider_id}"): Row(
        May.SETTINGS_WRITE, {"enabled": False}, about=True
    ),
    ("DELETE", "/identity-providers/{identity_provider_id}"): Row(May.SETTINGS_WRITE, about=True),
    ("GET", "/identity-requirement"): Row(May.SETTINGS_WRITE),
    ("PUT", "/identity-requirement"): Row(May.SETTINGS_WRITE, {"identity_required": False}),
    ("GET", "/slack/manifest"): Row(May.SETTINGS_WRITE),
    ("GET", "/slack/teams"): Row(May.SETTINGS_WRITE),
    ("POST", "/slack/teams"): Row(May.SETTINGS_WRITE, {"bot_token": "xoxb-mine"}),
    ("GET", "/slack/teams/{slack_team_id}"): Row(May.SETTINGS_WRITE, about=True),
    ("PATCH", "/slack/teams/{slack_team_id}"): Row(May.SETTINGS_WRITE, {"archive_days": 9}, about=True),
    ("POST", "/slack/teams/{slack_team_id}/check"): Row(May.SETTINGS_WRITE, about=True),
    ("POST", "/slack/teams/{slack_team_id}/test"): Row(May.SETTINGS_WRITE, about=True),
    ("POST", "/slack/teams/{slack_team_id}/default"): Row(May.SETTINGS_WRITE, about=True),
    ("GET", "/slack/teams/{slack_team_id}/people"): Row(May.SETTINGS_WRITE, about=True),
    ("POST", "/slack/teams/{slack_team_id}/people"): Row(
        May.SETTINGS_WRITE, {"username": "spare.of.acme", "slack_id": "U012AB3CD"}, about=True
    ),
    ("DELETE", "/slack/people/{slack_person_id}"): Row(May.SETTINGS_WRITE, about=True),
    ("DELETE", "/slack/teams/{slack_team_id}"): Row(May.SETTINGS_WRITE, about=True),
    ("GET", "/status-page"): Row(May.INCIDENTS_READ),
    ("PUT", "/status-page"): Row(May.STATUS_WRITE, {"title": "Ours"}, also=May.INCIDENTS_READ),
    ("DELETE", "/status-page"): Row(May.STATUS_WRITE),
    ("GET", "/status-page/components"): Row(May.INCIDENTS_READ),
    ("POST", "/status-page/components"): Row(May.STATUS_WRITE, {"name": "Search"}, also=May.INCIDENTS_READ),
    ("PATCH", "/status-page/components/{component_id}"): Row(May.STATUS_WRITE, {"position": 3}, about=True),
    ("PUT", "/status-page/components/{component_id}/state"): Row(
        May.STATUS_PUBLISH, {"state": ""}, about=True
    ),
    ("DELETE", "/status-page/components/{component_id}"): Row(May.STATUS_WRITE, about=True),
    ("GET", "/status-page/maintenance"): Row(May.INCIDENTS_READ),
    ("POST", "/status-page/maintenance"): Row(May.STATUS_PUBLISH, MAINTENANCE, also=May.INCIDENTS_READ),
    ("DELETE", "/status-page/maintenance/{maintenance_id}"): Row(
        May.STATUS_PUBLISH, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/status-page/warnings"): Row(May.INCIDENTS_READ),
    ("GET", "/status-page/windows"): Row(May.INCIDENTS_READ),
    ("PUT", "/status-page/windows/{window_id}"): Row(
        May.STATUS_PUBLISH, {"title": "Upgrades"}, about=True, also=May.INCIDENTS_READ
    ),
    ("DELETE", "/status-page/windows/{window_id}"): Row(
        May.STATUS_PUBLISH, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/status-page/subscribers"): Row(May.STATUS_WRITE),
    ("DELETE", "/status-page/subscribers/{subscriber_id}"): Row(May.STATUS_WRITE, about=True),
    ("POST", "/incidents/{reference}/status-page/entries/{entry_id}"): Row(
        May.STATUS_PUBLISH, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/incidents/{reference}/status-page"): Row(May.INCIDENTS_READ, about=True),
    ("POST", "/incidents/{reference}/status-page"): Row(
        May.STATUS_PUBLISH, {}, about=True, also=May.INCIDENTS_READ
    ),
    ("DELETE", "/incidents/{reference}/status-page"): Row(
        May.STATUS_PUBLISH, about=True, also=May.INCIDENTS_READ
    ),
    ("POST", "/incidents/{reference}/status-page/updates"): Row(
        May.STATUS_PUBLISH, {"message": "x"}, about=True, also=May.INCIDENTS_READ
    ),
    ("GET", "/calendar-feeds"): Row(May.ONCALL_READ),
    ("POST", "/calendar-feeds"): Row(May.ONCALL_READ, {}),
    ("DELETE", "/calendar-feeds/{feed_id}"): Row(May.ONCALL_READ, about=True),
    ("GET", "/bundles"): Row(May.BUNDLES_READ, instead=May.BUNDLES_WRITE),
    ("POST", "/bundles"): Row(
        May.BUNDLES_WRITE, {"bundle_id": str(uuid.uuid4()), "size": 99, "sha256": "0" * 64, "direct": False}
    ),
    ("POST", "/bundles/{bundle_id}/complete"): Row(May.BUNDLES_WRITE, {}, about=True),
    ("GET", "/bundles/{bundle_id}"): Row(May.BUNDLES_READ, about=True),
    ("GET", "/bundles/{bundle_id}/lines"): Row(May.BUNDLES_READ, about=True),
    ("POST", "/bundles/{bundle_id}/attach"): Row(
        May.BUNDLES_WRITE, {"incident": "INC-1"}, about=True, also=May.INCIDENTS_READ
    ),
    ("POST", "/bundles/{bundle_id}/release"): Row(May.BUNDLES_MANAGE, {"reason": "x"}, about=True),
    ("DELETE", "/bundles/{bundle_id}"): Row(May.BUNDLES_MANAGE, about=True),
}
# Of a caller's own sign-in: tried in tests/tocsin/test_login.py.
APART = {("POST", "/device/start"), ("POST", "/device/token"), ("DELETE", "/me/token")}
# Authenticated by a key in the address: neither session nor token counts there. With each method a
# format whose senders use it.
KEYED = {
    ("POST", "/webhooks/{format_name}/{source_key}"): "alertmanager",
    ("PUT", "/webhooks/{format_name}/{source_key}"): "alertmanager",
    ("GET", "/webhooks/{format_name}/{source_key}"): "uptimerobot",
    ("OPTIONS", "/webhooks/{format_name}/{source_key}"): "cloudevents",
}
# Pages: "open" without a session, "signed" for members, "incident": members of its workspace, others 404;
# "act": those who may write incidents, others 403, other workspaces 404; "staff": the admin's own sign-in;
# "keep": those who may edit components, other workspaces 404;
# a capability: members who hold it, 403 for other members.
PAGES: dict[str, str | May] = {
    "livez": "open", "readyz": "open", "metrics": "open", "docs": "open",
    "offline": "open", "offline-worker.js": "open",
    "api/v1/openapi.json": "open", "api/v1/": "open",
    "account/reauthenticate": "signed", "account/2fa/": "signed", "account/2fa/authenticate/": "signed",
    "account/2fa/reauthenticate/": "signed", "account/2fa/recovery-codes/": "signed",
    "account/2fa/recovery-codes/download/": "signed", "account/2fa/recovery-codes/generate/": "signed",
    "account/2fa/totp/activate/": "signed", "account/2fa/totp/deactivate/": "signed",
    "account/2fa/webauthn/": "signed", "account/2fa/webauthn/add/": "signed",
    "account/2fa/webauthn/keys/<int:pk>/edit/": "signed",
    "account/2fa/webauthn/keys/<int:pk>/remove/": "signed",
    "account/identity/<slug:provider_id>": "open", "account/identity/<slug:provider_id>/callback": "open",
    "settings/sign-in": "settings.write", "settings/sign-in/new": "settings.write",
    "settings/sign-in/required": "settings.write", "settings/sign-in/<int:pk>": "settings.write",
    "settings/sign-in/<int:pk>/remove": "settings.write",
    "account/2fa/webauthn/login/": "open", "account/2fa/webauthn/reauthenticate/": "signed",
    "sign-in": "open", "sign-in/once/<str:secret>": "open", "sign-out": "open",
    "find": "signed", "device": "signed",
    "collector": "signed", "collector/collector.pyz": "open", "collector/collector.pyz.sha256": "open",
    "bundles": May.BUNDLES_READ, "bundles/<str:bundle_id>": "incident",
    "bundles/<str:bundle_id>/log": "act", "bundles/<str:bundle_id>/download": "act",
    "bundles/<str:bundle_id>/<slug:verb>": "act",
    "style": "signed",
    "settings": "signed", "settings/profile": "signed", "settings/profile/sessions/end": "signed",
    "settings/profile/sessions/<slug:public_id>/end": "signed",
    "settings/workspace": "settings.write", "settings/members": "members.read",
    "sign-in/invitation/<str:secret>": "open", "account/workspaces": "signed",
    "settings/invitations/<int:invitation_id>/<slug:verb>": "members.write",
    "settings/members/new": "members.write", "settings/members/roles": "members.write",
    "settings/members/<str:username>/<slug:verb>": "members.write",
    "settings/tokens": "tokens.write", "settings/tokens/new": "tokens.write",
    "settings/tokens/<str:token_id>/rotate": "tokens.write",
    "settings/tokens/<str:token_id>/revoke": "tokens.write",
    "on-call": May.ONCALL_READ, "calendar/<str:secret>.ics": "open",
    "settings/calendars": May.ONCALL_READ, "settings/calendars/<int:pk>/revoke": "signed",
    "settings/on-call": May.ONCALL_WRITE, "settings/on-call/<int:pk>": May.ONCALL_WRITE,
    "settings/on-call/<int:pk>/<slug:verb>": "signed",
    "settings/channels": May.CHANNELS_READ, "settings/channels/new/<slug:kind>": May.CHANNELS_WRITE,
    "settings/channels/<int:channel_id>": May.CHANNELS_WRITE,
    "settings/channels/<int:channel_id>/test": "signed",
    "settings/channels/<int:channel_id>/delete": "signed",
    "settings/routes": May.CHANNELS_READ, "settings/routes/customize": "signed",
    "settings/routes/new": May.CHANNELS_WRITE, "settings/routes/<int:route_id>": May.CHANNELS_WRITE,
    "settings/routes/<int:route_id>/delete": "signed",
    "settings/deliveries": May.CHANNELS_READ, "settings/deliveries/<int:delivery_id>": May.CHANNELS_READ,
    "settings/deliveries/<int:delivery_id>/resend": "signed",
    "settings/contacts": "signed", "settings/contacts/quiet": "signed",
    "settings/contacts/<int:method_id>/<slug:verb>": "signed",
    "on-call/reachability": May.ONCALL_READ,
    "explain": May.CHANNELS_READ, "explain/people/<str:username>": May.CHANNELS_READ,
    "explain/events/<int:event_pk>": May.RULES_READ,
    "incidents/<str:reference>/explain": "incident",
    "heartbeats": May.SOURCES_READ, "heartbeats/ping/<str:key>": "open",
    "heartbeats/<int:heartbeat_id>": May.SOURCES_WRITE,
    "heartbeats/<int:heartbeat_id>/<slug:verb>": "signed",
    "settings/silences": May.INCIDENTS_READ, "settings/silences/new": May.SILENCES_WRITE,
    "settings/silences/<int:silence_id>": May.SILENCES_WRITE,
    "settings/silences/<int:silence_id>/end": "signed",
    "settings/maintenance": May.INCIDENTS_READ, "settings/maintenance/new": May.SILENCES_WRITE,
    "settings/maintenance/<int:window_id>": May.SILENCES_WRITE,
    "settings/maintenance/<int:window_id>/delete": "signed",
    "settings/escalation": May.ONCALL_WRITE, "settings/escalation/new": May.ONCALL_WRITE,
    "settings/escalation/defaults": "signed", "settings/escalation/<int:pk>": May.ONCALL_WRITE,
    "settings/escalation/<int:pk>/delete": "signed",
    "slack/events": "open", "slack/commands": "open", "slack/interactions": "open",
    "settings/slack": May.SETTINGS_WRITE, "settings/slack/check": "signed",
    "settings/slack/test": "signed", "settings/slack/default": "signed", "slack/link": "signed",
    "settings/slack/disconnect": "signed", "settings/slack/people": "signed",
    "settings/slack/people/<int:pk>/unlink": "signed",
    "drills": "signed", "drills/<int:drill_id>": "incident", "drills/<int:drill_id>/<slug:verb>": "signed",
    "incidents/<str:reference>/archive/restore": "act",
    "incidents/<str:reference>/attachments": "act", "attachments/<int:pk>": "signed",
    "attachments/<int:pk>/remove": "signed",
    "incidents/<str:reference>/escalate": "act",
    "incidents/<str:reference>/war-room": "act", "incidents/<str:reference>/war-room/repair": "act",
    "settings/status-page": "signed", "settings/status-page/delete": "signed",
    "settings/status-page/components/new": May.STATUS_WRITE,
    "settings/status-page/components/<slug:component_id>": May.STATUS_WRITE,
    "settings/status-page/components/<slug:component_id>/remove": "signed",
    "settings/status-page/maintenance/new": May.STATUS_PUBLISH,
    "settings/status-page/maintenance/<slug:maintenance_id>/cancel": "signed",
    "settings/status-page/windows/<int:window_id>": May.STATUS_PUBLISH,
    "settings/status-page/windows/<int:window_id>/hide": "signed",
    "settings/status-page/subscribers/<uuid:subscriber_id>/remove": "signed",
    "incidents/<str:reference>/status-page": "act",
    "incidents/<str:reference>/status-page/withdraw": "act",
    "incidents/<str:reference>/status-page/update": "act",
    "incidents/<str:reference>/status-page/allow/<int:entry_id>": "act",
    "status/<slug:slug>": "open", "status/<slug:slug>/<path:form>": "open",
    "status/<slug:slug>/subscribe": "open", "status/<slug:slug>/confirm/<str:token>": "open",
    "status/<slug:slug>/unsubscribe/<str:token>": "open",
    "settings/audit": "audit.read", "settings/audit.csv": "audit.read",
    "settings/sla": "settings.write", "settings/stages": May.SETTINGS_WRITE,
    "settings/update-templates": May.SETTINGS_WRITE, "reports/sla": "signed", "reports/sla.csv": "signed",
    "remediation": "signed", "remediation/new": May.REMEDIATION_RUN, "remediation/many": May.REMEDIATION_RUN,
    "remediation/actions": "signed",
    "remediation/policy": May.REMEDIATION_WRITE,
    "remediation/runs/<int:pk>": "signed", "remediation/runs/<int:pk>/<slug:verb>": "signed",
    "remediation/actions/<slug:slug>": May.REMEDIATION_WRITE,
    "remediation/actions/<slug:slug>/<slug:verb>": "signed",
    "setup": "settings.write", "setup/dismiss": "settings.write",
    "settings/system": "system.read", "settings/deployment": "system.read",
    "simulate": May.INCIDENTS_WRITE,
    "rules": "rules.read", "rules/new": "rules.write", "rules/check": "rules.write",
    "rules/test": "rules.write", "rules/<str:rule_id>": "signed",
    "rules/<str:rule_id>/<slug:verb>": "rules.write",
    "account/password": "signed", "account/confirm": "signed", "account/workspace/<slug:slug>": "signed",
    "": "signed", "incidents": "signed", "incidents/declare": "signed", "incidents/similar": "signed",
    "incidents/export": "signed", "incidents/bulk": "signed", "incidents/bulk/<int:pk>": "signed",
    "incidents/bulk/<int:pk>/undo": "signed", "incidents/<str:reference>/export": "incident",
    "incidents/<str:reference>": "incident", "incidents/<str:reference>/activity": "incident",
    "incidents/<str:reference>/peek": "incident",
    "incidents/<str:reference>/entries/<int:entry_id>": "incident",
    "incidents/<str:reference>/<slug:name>": "act",
    "activity": "signed", "analytics": "signed", "analytics.csv": "signed",
    "analytics/incidents": "signed",
    "components": "signed", "components/new": May.COMPONENTS_WRITE,
    "components/<int:pk>": "incident", "components/<int:pk>/edit": "keep",
    "components/<int:pk>/archive": "keep", "components/<path:name>": "keep",
    "postmortems": "signed", "postmortems/<str:reference>": "incident",
    "postmortems/<str:reference>/draft": "act", "postmortems/<str:reference>/preview": "act",
    "postmortems/<str:reference>/sections/<str:key>": "act", "postmortems/<str:reference>/comments": "act",
    "postmortems/<str:reference>/comments/<int:comment_id>/resolve": "act",
    "postmortems/<str:reference>/versions": "incident",
    "postmortems/<str:reference>/versions/<int:number>": "incident",
    "postmortems/<str:reference>/versions/<int:number>/restore": "act",
    "postmortems/<str:reference>/state/<slug:verb>": "act", "postmortems/<str:reference>/decide": "act",
    "postmortems/<str:reference>/waive": "act", "postmortems/<str:reference>/settings": "act",
    "postmortems/<str:reference>/export": "incident", "postmortems/<str:reference>/five-whys": "incident",
    "postmortems/<str:reference>/five-whys/<int:node_id>": "act",
    "postmortems/<str:reference>/lessons": "act", "public/postmortems/<str:key>": "open",
    "lessons": "signed", "lessons/<int:lesson_id>/remove": "act",
    "action-items": "signed", "action-items/new": "signed", "action-items/bulk": "signed",
    "action-items/export.csv": "signed", "action-items/<str:item>": "incident",
    "settings/trackers": May.SETTINGS_WRITE, "settings/trackers/<int:tracker_id>/delete": "signed",
    "trackers/<str:key>": "open",
    "settings/postmortems": May.TEMPLATES_WRITE,
    "settings/postmortems/<int:template_id>": May.TEMPLATES_WRITE,
    "settings/postmortems/<int:template_id>/copy": "signed",
    "settings/postmortems/<int:template_id>/archive": "signed",
    "panels/<str:name>": "signed", "admin/": "staff",
    "sources": May.SOURCES_READ, "sources/new": May.SOURCES_WRITE,
    "sources/<int:source_id>": May.SOURCES_READ,
    "sources/<int:source_id>/edit": May.SOURCES_WRITE, "sources/<int:source_id>/mapping": May.SOURCES_WRITE,
    "sources/<int:source_id>/test": May.SOURCES_WRITE, "sources/<int:source_id>/delete": May.SOURCES_WRITE,
    "sources/<int:source_id>/keys": "signed", "sources/<int:source_id>/secrets": "signed",
    "sources/<int:source_id>/secrets/<int:secret_id>/revoke": "signed",
    "quarantine": May.SOURCES_READ, "quarantine/<int:quarantine_id>": May.SOURCES_WRITE,
    "quarantine/<int:quarantine_id>/replay": "signed", "quarantine/<int:quarantine_id>/discard": "signed",
    # Addresses that senders of other services expect, authenticated by the source's key in the request.
    "v2/enqueue": "open", "v2/change/enqueue": "open", "generic/2010-04-15/create_event.json": "open",
    "v2/alerts": "open", "v2/alerts/<path:identifier>": "open", "v2/heartbeats/<path:name>": "open",
    "jsm/ops/api/v2/alerts": "open", "jsm/ops/api/v2/alerts/<path:identifier>": "open",
    "jsm/ops/api/v2/heartbeats/<path:name>": "open",
    "jsm/ops/integration/v2/alerts": "open", "jsm/ops/integration/v2/alerts/<path:identifier>": "open",
    "jsm/ops/integration/v2/heartbeats/<path:name>": "open",
    "api/v2/alerts": "open", "api/v1/webhooks/alertmanager/<slug:key>/api/v2/alerts": "open",
    "integrations/generic/<slug:number>/alert/<slug:key>": "open",
    "integrations/generic/<slug:number>/alert/<slug:key>/<path:routing>": "open",
}  # fmt: skip


@dataclass(frozen=True)
class Tenants:
    """Two workspaces with the same objects in each, and a browser for every role."""

    browsers: dict[str, Client]
    outsider: Client
    where: dict[str, str]


def browser_of(workspace: Workspace, role: str, name: str = "") -> Client:
    username = f"{name or role}.of.{workspace.slug}"
    user = User.objects.create_user(username, email=f"{username}@example.test", display_name=username)
    Membership.objects.create(workspace_id=workspace.pk, user=user, role=role)
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


@pytest.fixture(scope="module")
def tenants(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Tenants]:
    """Made once; each test undoes its changes by a savepoint, the last one takes everything along."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_tenants()
        transaction.set_rollback(True)


@pytest.fixture
def workspace(tenants: Tenants, db: None) -> Workspace:
    return Workspace.objects.get(slug="acme")


@pytest.fixture
def other_workspace(tenants: Tenants, db: None) -> Workspace:
    return Workspace.objects.get(slug="rival")


def make_tenants() -> Tenants:
    workspace = Workspace.objects.create(slug="acme", name="Acme")
    other_workspace = Workspace.objects.create(slug="rival", name="Rival")
    system = system_actor(workspace.pk)
    install_builtin_rules(system)
    declare_incident(system, title="Ours", components=["api"])
    token = issue_token(system, name="Spare", scopes=["events:write"])
    browsers = {role: browser_of(workspace, role) for role in ROLES}
    browser_of(workspace, "viewer", "spare")
    declare_incident(system, title="Ours too")
    note = add_entry(system, number=1, kind=EntryKind.NOTE, message="Ours")
    source, key = create_source(system, kind="generic", name="Ours")
    Client().post(f"/api/v1/webhooks/generic/{key}", b"not Ours", content_type="application/json")
    schedule, override, feed = _on_call(system)
    channel = create_channel(system, kind="log", name="Ours")
    route = save_route(system, RouteValues(name="Ours"))
    fact = Fact(workspace.pk, "Ours", "incident.opened", {"snapshot": {"title": "Ours"}})
    delivery = to_channel(fact, channel, "", priority=1, why="Ours", state="dead")
    delivery.save()
    draft_postmortem(system, 1)
    lesson = add_lesson(system, 1, lesson="Ours")
    why = add_why(system, 1, question="Ours")
    create_item(system, 1, title="Ours to be done")
    comment = add_comment(system, 1, section_key="went_well", body="Ours")
    policy = put_policy(system, values=PolicyValues("Ours", [{"wait_s": 60, "targets": []}]))
    heartbeat = create_heartbeat(system, HeartbeatValues("Ours", 60, 60))
    matcher = [Matcher("component", "=", "Ours")]
    silence = create_silence(system, SilenceValues(matcher, "Ours to be left", until_resolved=True))
    window = save_window(
        system,
        WindowValues("Ours", matcher, datetime.fromisoformat("2027-01-03T02:00"), 60, "UTC", "FREQ=DAILY"),
    )
    shown, work, subscriber = _status_page(system)
    Bundle.objects.create(
        workspace=workspace, public_id=SAMPLES["bundle_id"], summary="Ours", size=99, sha256="1" * 64,
        status="ready", made_at=timezone.now(),
    )  # fmt: skip
    provider, slack, person = _connections(system)
    where = {
        "update_template": "resolved", "identity_provider_id": str(provider.pk),
        "slack_team_id": str(slack.pk), "slack_person_id": str(person.pk),
        "offer_id": "1", "action_id": "1", "attachment_id": "1", "bundle_id": SAMPLES["bundle_id"],
        "key": "went_well", "number": "1", "comment_id": str(comment.pk), "why_id": str(why.pk),
        "lesson_id": str(lesson.pk), "item": "ACT-1",
        "stage": "assessment", "position": "1", "template": "light",
        "tracker_id": str(create_tracker(system, name="Ours").row.pk),
        "schedule_id": str(schedule.pk), "layer": "1", "override_id": str(override.pk),
        "feed_id": str(feed.row.pk), "channel_id": str(channel.pk), "route_id": str(route.pk),
        "delivery_id": str(delivery.pk), "kind": "log", "method_id": "1",
        "policy_id": str(policy.pk), "silence_id": str(silence.pk), "heartbeat_id": str(heartbeat.pk),
        "drill_id": str(plan_drill(system, DrillValues("Ours")).pk),
        "window_id": str(window.pk), "action": "scale_up", "component_id": shown.public_id,
        "maintenance_id": work.public_id, "subscriber_id": str(subscriber.public_id),
        "run_id": str(request_run(system, "INC-1", Request("scale_up")).pk),
        "source_id": str(source.pk), "secret_id": str(source.secrets.get().pk),
        "quarantine_id": str(source.quarantine.get().pk), "entry_id": str(note.pk), "other": "INC-2",
        "reference": "INC-1", "name": "api", "rule_id": "error_burst", "username": "spare.of.acme",
        "token_id": str(token.row.pk), "slug": workspace.slug,
        "invitation_id": str(invite_member(system, email="asked@example.test").invitation.pk),
    }  # fmt: skip
    return Tenants(browsers, browser_of(other_workspace, "admin"), where)


def _connections(system: Actor) -> tuple[Any, Any, Any]:
    provider = add_provider(system, **PROVIDER | {"name": "Ours"})
    slack = put_slack(system, values=SlackValues(announce_channel="Ours"))
    return provider, slack, link_member(system, username="spare.of.acme", slack_id="U0SPARE")


def _status_page(system: Actor) -> tuple[Any, Any, Any]:
    page = put_page(system, values={"slug": "acme", "title": "Ours"})
    shown = add_component(system, values={"name": "Ours", "component": "api"})
    soon = timezone.now() + timedelta(days=1)
    times = {"starts_at": soon, "ends_at": soon + timedelta(hours=1)}
    work = schedule_maintenance(system, title="Ours", components=[shown.public_id], **times)
    publish_incident(system, number=1, title="Ours")
    subscriber = Subscriber.objects.create(
        workspace_id=page.workspace_id, page=page, kind="email", address=encrypt("Ours@example.test")
    )
    return shown, work, subscriber


def _on_call(system: Actor) -> tuple[Any, Any, Any]:
    schedule = create_schedule(system, name="Ours")
    values = RotationValues(["spare.of.acme"], time(9), date(2026, 1, 1))
    put_rotation(system, schedule_id=schedule.pk, layer=1, values=values)
    soon = timezone.now() + timedelta(days=1)
    times = {"starts_at": soon, "ends_at": soon + timedelta(days=1)}
    override = create_override(system, schedule_id=schedule.pk, username="viewer.of.acme", **times)
    return schedule, override, create_feed(system, name="Ours", kinds=["shifts"], everybody=True)


def operations() -> list[tuple[str, str]]:
    paths = tocsin_api.get_openapi_schema()["paths"]
    return [(method.upper(), path.removeprefix("/api/v1")) for path, ms in paths.items() for method in ms]


def call(browser: Client, method: str, path: str, row: Row) -> Any:
    data = b"" if row.body is None else json.dumps(row.body).encode()
    return browser.generic(method, f"/api/v1{path}", data, content_type="application/json")


def role_may(role: str, capability: May | None) -> bool:
    return capability is None or allowed(Actor(1, "user", "x", role=Role(role)), capability)


def at_the_boundary(capability: May | None) -> list[str]:
    """The least role that may, and the one below it; `make fuzz` takes all."""
    may = [role_may(role, capability) for role in ROLES]
    assert may == sorted(may), "a role may do whatever the one below it may"
    least = may.count(False)
    return [*ROLES] if WHOLE else [*ROLES[max(0, least - 1) : least + 1]]


def test_every_operation_has_a_row_and_every_row_an_operation():
    assert set(operations()) == set(API) | set(KEYED) | APART


@pytest.mark.parametrize(("method", "path"), API, ids=lambda part: part)
def test_operation_lets_in_exactly_the_roles_of_its_row(tenants, method, path):
    row, address = API[method, path], path.format(**tenants.where)
    assert call(Client(), method, address, row).status_code == 401
    for role in at_the_boundary(row.may):
        response = call(tenants.browsers[role], method, address, row)
        may = role_may(role, row.may)
        assert (response.status_code not in {401, 403}) is may, (role, response.status_code, response.content)
        assert response.status_code < 500, response.content


@pytest.mark.parametrize(("method", "path"), API, ids=lambda part: part)
def test_operation_shows_another_workspace_nothing(tenants, method, path):
    row = API[method, path]
    response = call(tenants.outsider, method, path.format(**tenants.where), row)
    assert response.status_code < 500
    if row.about:
        assert response.status_code == 404, response.content
    for marker in (b"Ours", b"acme", b"Spare"):
        body = response.getvalue().replace(tenants.where["username"].encode(), b"").replace(b"/api/", b"")
        body = body.replace(b"/workspaces/acme/", b"")
        assert marker not in body, body


@pytest.mark.parametrize(("method", "path"), API, ids=lambda part: part)
def test_token_without_the_scope_is_refused_everywhere(tenants, workspace, method, path):
    row = API[method, path]
    scope = "events:write" if path.startswith("/bundles") else "bundles:write"
    text = issue_token(system_actor(workspace.pk), name="Narrow", scopes=[scope]).text
    browser = Client(headers={"authorization": f"Bearer {text}"})
    response = call(browser, method, path.format(**tenants.where), row)
    is_open = row.may is None and not row.person
    assert response.status_code == (200 if is_open else 403), response.content


@pytest.mark.parametrize("scope", Scope)
def test_token_is_allowed_exactly_by_its_scope(tenants, workspace, scope):
    text = issue_token(system_actor(workspace.pk), name="One scope", scopes=[scope]).text
    browser = Client(headers={"authorization": f"Bearer {text}"}, raise_request_exception=False)
    bearer, wrong = Actor(workspace.pk, "token", "x", scopes=frozenset({scope})), []
    for (method, path), row in API.items():
        response = call(browser, method, path.format(**tenants.where), row)
        may = not row.person and all(allowed(bearer, needed) for needed in (row.may, row.also) if needed)
        may = may or (row.instead is not None and allowed(bearer, row.instead))
        if (response.status_code not in {401, 403}) is not may or response.status_code >= 500:
            wrong.append((method, path, response.status_code))
    assert wrong == []


@pytest.mark.parametrize("scope", Scope)
def test_token_of_another_workspace_finds_nothing(tenants, other_workspace, scope):
    text = issue_token(system_actor(other_workspace.pk), name="Theirs", scopes=[scope, "admin"]).text
    browser = Client(headers={"authorization": f"Bearer {text}"}, raise_request_exception=False)
    # Operations on one object come first: the others create objects, numbered from one as well.
    rows = every(len(Scope), API.items(), first=[*Scope].index(scope))
    for (method, path), row in sorted(rows, key=lambda line: not line[1].about):
        response = call(browser, method, path.format(**tenants.where), row)
        about = 403 if row.person else 404
        assert response.status_code == about if row.about else response.status_code < 500, (method, path)
        assert b"Ours" not in body_of(response), (method, path)


@pytest.mark.parametrize(("method", "path"), sorted(KEYED))
def test_keyed_address_refuses_requests_without_its_key(tenants, method, path):
    address = path.format(format_name=KEYED[method, path], source_key="x" * 32)
    for browser in (Client(), tenants.outsider, *tenants.browsers.values()):
        assert call(browser, method, address, Row(None, {})).status_code == 404


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern) or route == "admin/":
            yield route
        else:
            yield from routes(pattern.url_patterns, route)


def pages() -> set[str]:
    """Every route but the API's operations, which have a table of their own."""
    return {
        route
        for route in routes(get_resolver().url_patterns)
        if not route.startswith("api/v1/") or route in PAGES
    }


def test_every_page_has_a_row_and_every_row_a_page():
    assert pages() == set(PAGES)


def test_every_address_below_the_api_is_an_operation():
    plain = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", r) for r in routes(get_resolver().url_patterns)}
    other = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route) for route in PAGES}
    below = {route.removeprefix("api/v1") for route in plain - other if route.startswith("api/v1/")}
    assert below == {path for _, path in [*API, *KEYED, *APART]}


# The values in addresses for `<str:name>`; a new kind of parameter needs a line here.
SAMPLES = {
    "provider_id": "nobodys",
    "secret": "x" * 43, "slug": "acme", "reference": "INC-1", "name": "acknowledge", "pk": "1",
    "rule_id": "error_burst", "verb": "enable", "username": "spare.of.acme", "token_id": "0",
    "bundle_id": "00000000-0000-4000-8000-000000000001",
    "public_id": "0" * 16, "identifier": "x", "routing": "team", "source_id": "1", "secret_id": "1",
    "quarantine_id": "1", "invitation_id": "1", "key": "went_well", "number": "1", "item": "ACT-1",
    "kind": "log", "method_id": "1", "entry_id": "1", "event_pk": "1",
    "component_id": "0" * 12, "maintenance_id": "0" * 12, "token": "forged", "form": "history",
    "subscriber_id": "00000000-0000-4000-8000-000000000001",
}  # fmt: skip


# Parameters that are primary keys of rows of the fixture.
IDS = {
    "template_id": PostmortemTemplate, "comment_id": Comment, "node_id": FactorNode, "lesson_id": Lesson,
    "channel_id": Channel, "route_id": Route, "delivery_id": Delivery, "entry_id": TimelineEntry,
    "heartbeat_id": Heartbeat, "silence_id": Silence, "window_id": MaintenanceWindow, "drill_id": Drill,
    "tracker_id": Tracker,
}  # fmt: skip


def address_of(route: str) -> str:
    if route == "panels/<str:name>":
        return f"/panels/{sorted(name for name, _ in _panels())[0]}"
    if route.startswith("components/"):
        pk = Component.across_workspaces.get(name="api").pk
        return "/" + route.replace("<int:pk>", str(pk)).replace("<path:name>", "api")
    for name, model in IDS.items():
        if f"<int:{name}>" in route:
            route = route.replace(f"<int:{name}>", str(model.across_workspaces.earliest("pk").pk))
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: SAMPLES[found[1]], route)


def _panels() -> list[tuple[str, Any]]:
    return [(panel.name, panel) for panel in PANELS]


def sent_to_sign_in(response: Any) -> bool:
    return response.status_code in {302, 303} and "/sign-in" in response["Location"]


@pytest.mark.parametrize("route", [route for route, kind in PAGES.items() if kind != "staff"])
def test_page_without_a_session_is_open_or_leads_to_sign_in(tenants, route):
    browser = Client(raise_request_exception=False)
    responses = [browser.get(address_of(route)), browser.post(address_of(route))]
    for response in responses:
        if PAGES[route] == "open":
            assert response.status_code < 500 or route == "readyz"
        else:
            assert sent_to_sign_in(response) or response.status_code == 405, (route, response.status_code)


@pytest.mark.parametrize(
    "route", [route for route, kind in PAGES.items() if kind in {"incident", "act", "keep"}]
)
def test_member_of_another_workspace_finds_no_page_of_the_incident(tenants, route):
    for response in (tenants.outsider.get(address_of(route)), tenants.outsider.post(address_of(route))):
        assert response.status_code in {404, 405}, (route, response.status_code)
        assert b"Ours" not in response.content


@pytest.mark.parametrize("role", ROLES)
def test_every_page_opens_for_every_role_and_only_writers_act(tenants, role):
    browser = tenants.browsers[role]
    for turn, (route, kind) in enumerate(PAGES.items()):
        its_turn = WHOLE or turn % len(ROLES) == ROLES.index(role) or isinstance(kind, May)
        if kind == "staff" or not its_turn:
            continue
        response = browser.get(address_of(route))
        assert response.status_code < 500 or route == "readyz", (route, response.status_code)
        if kind == "incident":
            assert response.status_code == 200, route
        if isinstance(kind, May):
            assert (response.status_code != 403) is role_may(role, kind), (route, response.status_code)
    assert (browser.post("/incidents/INC-1/acknowledge").status_code == 403) is (role == "viewer")


@pytest.mark.parametrize("name", sorted(name for name, _ in _panels()))
def test_panel_shows_another_workspace_nothing(tenants, name):
    response = tenants.outsider.get(f"/panels/{name}", {"key": "1"})
    assert response.status_code < 500
    assert b"Ours" not in response.content


@pytest.mark.parametrize("role", ROLES)
def test_page_that_needs_a_capability_is_refused_without_it(tenants, role):
    browser = tenants.browsers[role]
    for route, kind in PAGES.items():
        if kind not in set(May):
            continue
        for response in (browser.get(address_of(route)), browser.post(address_of(route))):
            if response.status_code != 405:
                assert (response.status_code != 403) is role_may(role, May(kind)), (
                    route,
                    response.status_code,
                )


@pytest.mark.parametrize("role", ROLES)
def test_menus_offer_exactly_what_a_role_may_open(tenants, role):
    text = tenants.browsers[role].get("/settings/profile").content.decode()
    for entry in (*NAVIGATION, *SETTINGS):
        may = not entry.capability or role_may(role, May(entry.capability))
        assert (f'href="{entry.url}"' in text) is may, entry.url
        assert tenants.browsers[role].get(entry.url).status_code in ({200, 302} if may else {403}), entry.url


@pytest.mark.parametrize("role", ROLES)
def test_members_of_every_role_are_not_staff(tenants, role):
    response = tenants.browsers[role].get("/admin/")
    assert response.status_code == 302
    assert "/admin/login" in response["Location"]


# Pages of the admin to sign in and out.
ADMIN_SIGN_IN = {"login/", "logout/"}
THEIR_OWN = {"password_change/", "password_change/done/"}


def admin_addresses() -> list[str]:
    """Every address of the admin, with the first thing of its kind."""
    below = next(r for r in get_resolver().url_patterns if str(r.pattern) == "admin/")
    found = {re.sub(r"<(?:\w+:)?\w+>", "1", route) for route in routes(below.url_patterns)}
    return sorted(route for route in found - ADMIN_SIGN_IN if "(" not in route)


@pytest.mark.long
def test_admin_allows_only_staff_by_their_permissions(tenants, make_user):
    staff = Client(raise_request_exception=False)
    staff.force_login(make_user("staff.without.permissions", is_staff=True))
    assert len(admin_addresses()) > 20
    for turn, route in enumerate(admin_addresses()[:: 1 if WHOLE else 3]):
        for browser in (Client(), *share([*tenants.browsers.values()], turn=turn, size=1)):
            for method in share(["GET", "POST"], turn=turn // len(tenants.browsers), size=1):
                response = browser.generic(method, f"/admin/{route}")
                assert response.status_code == 302, (route, response.status_code)
                assert "/admin/login" in response["Location"], route
        seen = staff.get(f"/admin/{route}")
        assert b"Ours" not in seen.content, route
        if route.count("/") > 1 and route not in THEIR_OWN:
            assert seen.status_code in {302, 403, 404}, (route, seen.status_code)
