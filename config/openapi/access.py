"""Which capability each operation of the API needs, for its document; the services enforce it themselves."""

from __future__ import annotations

import re
from typing import Final

from accounts.permissions import TABLE, Capability

_May = Capability
WRITES: Final = "POST|PUT|PATCH|DELETE"
# (methods, path below /api/v1 ({} is any segment), capability); the first match counts.
RULES: Final = (
    ("GET", "/me|/workspaces", None),
    (WRITES, "/me/token|/workspaces.*|/device/.*", None),
    ("POST", "/events|/changes", _May.EVENTS_WRITE),
    ("GET", "/incidents/{}/(postmortem|five-whys|action-items)", _May.POSTMORTEMS_READ),
    ("GET", "/(postmortems|lessons|action-items).*", _May.POSTMORTEMS_READ),
    ("POST", "/postmortems/{}/publish", _May.POSTMORTEMS_PUBLISH),
    ("POST", "/postmortems/{}/approvals", _May.POSTMORTEMS_READ),
    (WRITES, "/action-items.*|/incidents/{}/action-items", _May.ACTION_ITEMS_WRITE),
    ("GET|" + WRITES, "/trackers.*", _May.SETTINGS_WRITE),
    ("GET", "/postmortem-templates.*", _May.POSTMORTEMS_READ),
    (WRITES, "/postmortem-templates.*", _May.TEMPLATES_WRITE),
    (WRITES, "/(postmortems|lessons).*", _May.POSTMORTEMS_WRITE),
    (WRITES, "/incidents/{}/(postmortem|five-whys|lessons).*", _May.POSTMORTEMS_WRITE),
    ("GET", "/status-page/subscribers", _May.STATUS_WRITE),
    ("GET", "/status-page.*", _May.INCIDENTS_READ),
    (WRITES, "/incidents/{}/status-page.*", _May.STATUS_PUBLISH),
    (WRITES, "/status-page/(components/{}/state|maintenance.*|windows.*)", _May.STATUS_PUBLISH),
    (WRITES, "/status-page.*", _May.STATUS_WRITE),
    ("POST", "/incidents/{}/runs|/remediation/runs/.*", _May.REMEDIATION_RUN),
    ("GET", "/explain/simulation", _May.ONCALL_READ),
    ("GET", "/explain/events", _May.RULES_READ),
    ("GET", "/explain/.*|/incidents/{}/explain", _May.CHANNELS_READ),
    ("GET", "/(silences|maintenance-windows).*", _May.INCIDENTS_READ),
    (WRITES, "/(silences|maintenance-windows).*", _May.SILENCES_WRITE),
    (WRITES, "/remediation/(actions/.*|policy)", _May.REMEDIATION_WRITE),
    (WRITES, "/stage-templates/.*|/update-templates/.*|/sla/policies.*", _May.SETTINGS_WRITE),
    ("GET|" + WRITES, "/(identity-providers|identity-requirement|slack).*", _May.SETTINGS_WRITE),
    ("GET", "/simulations/events", _May.INCIDENTS_READ),
    (WRITES, "/simulations", _May.INCIDENTS_WRITE),
    ("GET", "/(rules).*", _May.RULES_READ),
    (WRITES, "/rules.*", _May.RULES_WRITE),
    ("GET", "/quarantine/{}", _May.SOURCES_WRITE),
    ("GET", "/(sources|heartbeats|quarantine).*", _May.SOURCES_READ),
    (WRITES, "/(sources|heartbeats|quarantine).*", _May.SOURCES_WRITE),
    (WRITES, "/components.*", _May.COMPONENTS_WRITE),
    ("POST", "/deliveries/{}/resend", _May.INCIDENTS_WRITE),
    ("GET", "/(channels|routes|deliveries).*", _May.CHANNELS_READ),
    (WRITES, "/(channels|routes).*", _May.CHANNELS_WRITE),
    ("POST", "/on-call/swaps", _May.INCIDENTS_WRITE),
    ("GET", "/(on-call|escalation-policies).*", _May.ONCALL_READ),
    (WRITES, "/(on-call|escalation-policies).*", _May.ONCALL_WRITE),
    ("GET|" + WRITES, "/calendar-feeds.*", _May.ONCALL_READ),
    ("GET", "/bundles.*", _May.BUNDLES_READ),
    ("POST", "/bundles|/bundles/{}/(complete|attach)", _May.BUNDLES_WRITE),
    (WRITES, "/bundles.*", _May.BUNDLES_MANAGE),
    ("GET", "/members", _May.MEMBERS_READ),
    ("GET|" + WRITES, "/(members|invitations).*", _May.MEMBERS_WRITE),
    ("GET|" + WRITES, "/tokens.*", _May.TOKENS_WRITE),
    ("GET", "/audit", _May.AUDIT_READ),
    ("GET", "/(incidents|analytics|sla|stage-templates|update-templates).*", _May.INCIDENTS_READ),
    ("GET", "/(components|changes|remediation|bulk-actions|attachments|drills).*", _May.INCIDENTS_READ),
    (WRITES, "/(incidents|bulk-actions|attachments|drills).*", _May.INCIDENTS_WRITE),
)  # fmt: skip
_COMPILED: Final = tuple(
    (frozenset(methods.split("|")), re.compile(path.replace("{}", r"[^/]+")), capability)
    for methods, path, capability in RULES
)
_PLACE: Final = re.compile(r"\{\w+\}")


def capability_of(method: str, path: str) -> Capability | None:
    """Return the required capability; None where any authenticated caller may call."""
    address = _PLACE.sub("x", path.removeprefix("/api/v1"))
    for methods, pattern, capability in _COMPILED:
        if method.upper() in methods and pattern.fullmatch(address):
            return capability
    return None


def access_words(capability: Capability) -> str:
    """Return the requirement as a sentence."""
    role, scope = TABLE[capability]
    return f"Needs the scope `{scope.value}`, or the role {role.value} or higher."
