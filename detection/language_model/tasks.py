"""Queue handler of requests to a language model."""

from __future__ import annotations

from datetime import timedelta

from core.queue.handlers import works_on
from detection.language_model.writing import write_text
from detection.models import ModelRequest
from detection.queues import MODEL


@works_on(MODEL, ModelRequest, related=("incident",), keep=timedelta(days=30))
def ask_model(item: ModelRequest) -> None:
    """Process the request about the incident of an item."""
    write_text(item)
