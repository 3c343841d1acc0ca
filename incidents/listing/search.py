"""Search providers for incidents and components."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.selectors import members_named
from core.errors import Invalid, NotFound
from core.search.providers import SearchHit, SearchProvider, search_provider
from incidents.listing.commands import ROLES, VERBS, Command, parse_command
from incidents.listing.search_selectors import components_named, incidents_named
from incidents.models import Incident
from incidents.reference import parse_reference
from incidents.vocabulary import ResponseRole


@search_provider
class Incidents(SearchProvider):
    """Incidents by number, then by words of the title: open ones first."""

    name = "incidents"
    title = "Incidents"
    icon = "siren"
    order = 10

    def find(self, actor: Actor, text: str, limit: int) -> Sequence[SearchHit]:
        return [_found(one) for one in incidents_named(actor, text, number=_number(text), limit=limit)]


def _number(text: str) -> int:
    try:
        return parse_reference(text)
    except (Invalid, NotFound):
        return 0


def _found(one: Incident) -> SearchHit:
    more = f"{one.reference} · {one.get_severity_display()} · {one.get_status_display()}"
    return SearchHit(one.title, f"/incidents/{one.reference}", more)


@search_provider
class Commands(SearchProvider):
    """Actions such as `sev1 INC-39`, `@maya lead INC-39`, `resolve 39`, with a confirmation."""

    name = "commands"
    title = "Commands"
    icon = "terminal"
    order = 5

    def find(self, actor: Actor, text: str, limit: int) -> Sequence[SearchHit]:
        require(actor, Capability.INCIDENTS_WRITE)
        command = parse_command(text)
        if command is None:
            return []
        named = incidents_named(actor, "", number=command.number, limit=1)
        is_known = any(one.number == command.number for one in named)
        return _offered(actor, command, limit) if is_known else []


def _offered(actor: Actor, command: Command, limit: int) -> list[SearchHit]:
    ref = f"INC-{command.number}"
    if command.severity:
        to = f"/incidents/{ref}/severity?severity={command.severity}"
        return [SearchHit(f"Set {ref} to {command.severity.upper()}", to)]
    if command.person:
        role = ROLES[command.role or "commander"]
        return [
            SearchHit(
                f"Make {member.user.label} {role.label.lower()} of {ref}",
                f"/incidents/{ref}/assign?{_assigning(member.user.username, role)}",
                member.user.username,
            )
            for member in members_named(actor, command.person, limit=limit)
        ]
    if not command.verb:
        return []
    verb, words = VERBS[command.verb]
    return [SearchHit(f"{words} {ref}", f"/incidents/{ref}/{verb}")]


def _assigning(username: str, role: ResponseRole) -> str:
    return urlencode({"role": role.value, "username": username})


@search_provider
class Components(SearchProvider):
    """Components by the start of the name, then by any part of it."""

    name = "components"
    title = "Components"
    icon = "boxes"
    order = 30

    def find(self, actor: Actor, text: str, limit: int) -> Sequence[SearchHit]:
        found = components_named(actor, text, limit=limit)
        return [SearchHit(one.name, f"/components/{one.pk}", "component") for one in found]
