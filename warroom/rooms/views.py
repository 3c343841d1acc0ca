"""Actions of the incident page: open or repair the war room."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from accounts.sign_in.page_authentication import current_actor
from core.ui.htmx import done
from incidents.reference import parse_reference
from warroom.rooms.services.planning import repair_room, request_room


@require_POST
def open_room(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: open a room; 303."""
    number = parse_reference(reference)
    request_room(current_actor(request), number=number)
    return _done(request, number, "Opening war room")


@require_POST
def repair(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: retry failed steps; 303."""
    number = parse_reference(reference)
    again = repair_room(current_actor(request), number=number)
    return _done(request, number, f"{again} {'step' if again == 1 else 'steps'} will be tried again")


def _done(request: HttpRequest, number: int, message: str) -> HttpResponse:
    url = f"/incidents/INC-{number}"
    return done(request, message, url=url, topics=[f"incident:{number}"])
