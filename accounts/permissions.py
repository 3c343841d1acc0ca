"""Capability table by role and scope. Services call `require`; anything not listed is denied."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.actor import Actor
from accounts.models import Role, Scope
from core.errors import Forbidden


class Capability(StrEnum):
    """One thing an actor may be allowed to do."""

    EVENTS_WRITE = "events.write"
    INCIDENTS_READ = "incidents.read"
    INCIDENTS_WRITE = "incidents.write"
    RULES_READ = "rules.read"
    RULES_WRITE = "rules.write"
    COMPONENTS_WRITE = "components.write"
    POSTMORTEMS_READ = "postmortems.read"
    POSTMORTEMS_WRITE = "postmortems.write"
    POSTMORTEMS_PUBLISH = "postmortems.publish"
    ACTION_ITEMS_WRITE = "action_items.write"
    TEMPLATES_WRITE = "templates.write"
    SOURCES_READ = "sources.read"
    SOURCES_WRITE = "sources.write"
    MEMBERS_READ = "members.read"
    MEMBERS_WRITE = "members.write"
    TOKENS_WRITE = "tokens.write"
    CHANNELS_READ = "channels.read"
    CHANNELS_WRITE = "channels.write"
    SILENCES_WRITE = "silences.write"
    SILENCES_SEV1 = "silences.sev1"
    AUDIT_READ = "audit.read"
    SETTINGS_WRITE = "settings.write"
    ONCALL_READ = "oncall.read"
    ONCALL_WRITE = "oncall.write"
    SYSTEM_READ = "system.read"
    REMEDIATION_RUN = "remediation.run"
    REMEDIATION_WRITE = "remediation.write"
    BUNDLES_READ = "bundles.read"
    BUNDLES_WRITE = "bundles.write"
    BUNDLES_MANAGE = "bundles.manage"
    STATUS_PUBLISH = "status.publish"
    STATUS_WRITE = "status.write"


RANK: Final = {Role.VIEWER: 0, Role.RESPONDER: 1, Role.MANAGER: 2, Role.ADMIN: 3}

# capability -> (minimum role of a person, token scope that grants it)
TABLE: Final[dict[Capability, tuple[Role, Scope]]] = {
    Capability.EVENTS_WRITE: (Role.RESPONDER, Scope.EVENTS_WRITE),
    Capability.INCIDENTS_READ: (Role.VIEWER, Scope.INCIDENTS_READ),
    Capability.INCIDENTS_WRITE: (Role.RESPONDER, Scope.INCIDENTS_WRITE),
    Capability.RULES_READ: (Role.VIEWER, Scope.INCIDENTS_READ),
    Capability.RULES_WRITE: (Role.ADMIN, Scope.ADMIN),
    Capability.COMPONENTS_WRITE: (Role.MANAGER, Scope.ADMIN),
    Capability.POSTMORTEMS_READ: (Role.VIEWER, Scope.INCIDENTS_READ),
    Capability.POSTMORTEMS_WRITE: (Role.RESPONDER, Scope.INCIDENTS_WRITE),
    Capability.POSTMORTEMS_PUBLISH: (Role.MANAGER, Scope.ADMIN),
    Capability.ACTION_ITEMS_WRITE: (Role.RESPONDER, Scope.INCIDENTS_WRITE),
    Capability.TEMPLATES_WRITE: (Role.MANAGER, Scope.ADMIN),
    Capability.SOURCES_READ: (Role.VIEWER, Scope.INCIDENTS_READ),
    Capability.SOURCES_WRITE: (Role.ADMIN, Scope.ADMIN),
    Capability.MEMBERS_READ: (Role.VIEWER, Scope.INCIDENTS_READ),
    Capability.MEMBERS_WRITE: (Role.ADMIN, Scope.ADMIN),
    Capability.TOKENS_WRITE: (Role.ADMIN, Scope.ADMIN),
    Capability.CHANNELS_READ: (Role.VIEWER, Scope.INCIDENTS_READ),
    Capability.CHANNELS_WRITE: (Role.ADMIN, Scope.ADMIN),
    Capability.SILENCES_WRITE: (Role.RESPONDER, Scope.INCIDENTS_WRITE),
    Capability.SILENCES_SEV1: (Role.MANAGER, Scope.ADMIN),
    Capability.AUDIT_READ: (Role.MANAGER, Scope.ADMIN),
    Capability.SETTINGS_WRITE: (Role.ADMIN, Scope.ADMIN),
    Capability.ONCALL_READ: (Role.VIEWER, Scope.INCIDENTS_READ),
    Capability.ONCALL_WRITE: (Role.MANAGER, Scope.ADMIN),
    Capability.SYSTEM_READ: (Role.ADMIN, Scope.ADMIN),
    Capability.REMEDIATION_RUN: (Role.RESPONDER, Scope.INCIDENTS_WRITE),
    Capability.REMEDIATION_WRITE: (Role.ADMIN, Scope.ADMIN),
    Capability.BUNDLES_READ: (Role.VIEWER, Scope.INCIDENTS_READ),
    Capability.BUNDLES_WRITE: (Role.RESPONDER, Scope.BUNDLES_WRITE),
    Capability.BUNDLES_MANAGE: (Role.ADMIN, Scope.ADMIN),
    Capability.STATUS_PUBLISH: (Role.RESPONDER, Scope.INCIDENTS_WRITE),
    Capability.STATUS_WRITE: (Role.MANAGER, Scope.ADMIN),
}


def allowed(actor: Actor, capability: Capability) -> bool:
    """Return whether `actor` has `capability`: by role, by scope, and with a personal token by both."""
    least, scope = TABLE[capability]
    if actor.kind == "system":
        return True
    if actor.role is not None and RANK[actor.role] < RANK[least]:
        return False
    is_session = actor.role is not None and actor.token_id is None
    return is_session or scope in actor.scopes or Scope.ADMIN in actor.scopes


def require(actor: Actor, capability: Capability) -> None:
    """Raise `Forbidden` naming the missing role or scope unless `actor` has `capability`."""
    if not allowed(actor, capability):
        least, scope = TABLE[capability]
        has_role = actor.role is None or RANK[actor.role] >= RANK[least]
        need = f"a token with the scope {scope}" if has_role else f"the role {least} or higher"
        raise Forbidden(
            f"{actor.label} may not do this ({capability}): it needs {need}. Nothing was changed."
        )


def require_scope(actor: Actor, *scopes: Scope) -> None:
    """Raise `Forbidden` if `actor` uses a token that has none of `scopes`.

    For what each person may do with what is theirs, whatever their role: a token needs the scope for it.
    """
    if actor.token_id is not None and actor.scopes.isdisjoint({*scopes, Scope.ADMIN}):
        need = f"a token with the scope {scopes[0]}"
        raise Forbidden(f"{actor.label} may not do this: it needs {need}. Nothing was changed.")
