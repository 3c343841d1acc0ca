"""Celery tasks: each calls one service."""

from __future__ import annotations

from datetime import timedelta

from core.queue.handlers import works_on
from postmortems.drafting.models import DraftRequest
from postmortems.drafting.requests import write_requested
from postmortems.queues import DRAFT


@works_on(DRAFT, DraftRequest, keep=timedelta(days=7), related=("incident",))
def write_draft(request: DraftRequest) -> None:
    """Write the draft that was asked for."""
    write_requested(request.incident, creates=request.creates)
