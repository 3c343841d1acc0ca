"""Writes the summary of an incident with a language model. Until then the rule-based analysis is shown.

The model gets redacted facts and one request. Anything but a valid response within 8 s is discarded.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from core.queue.items import error_text, settle
from core.queue.retry import PassingError, PermanentError
from core.rate_limit.store import consume
from detection.language_model.answer import InvalidResponseError, ModelResponse, parse_response
from detection.language_model.client import Endpoint, ask, endpoint
from detection.language_model.prompt import request_text, tokens
from detection.models import ModelRequest
from detection.sources.own_keys import masked
from incidents.analysis.draft import ModelText
from incidents.analysis.models import Analysis, Author
from incidents.analysis.selectors import newest_analysis
from incidents.analysis.services import record_model_text
from incidents.models import Incident

MAX_FAILURES: Final = 5  # in a row; then no requests are sent while the newest of them is recent
FAILURES_COUNT_FOR: Final = timedelta(minutes=5)
DAY_S: Final = 86_400
Outcome = ModelRequest.Outcome


def write_text(item: ModelRequest) -> None:
    """Send the request about the item's incident and settle the item, whatever the result."""
    where, shown = endpoint(), newest_analysis(item.incident)
    if where is None or shown is None or shown.author != Author.OFFLINE or item.incident.is_private:
        settle(item, outcome=Outcome.SKIPPED)
        return
    facts = masked(item.workspace_id, facts_shown(item.incident, shown))
    sent = request_text(where.model, facts, secrets.token_hex(12))
    if why := _why_not(item, tokens(sent)):
        settle(item, outcome=Outcome.SKIPPED, last_error=why)
        return
    _note_sent(item, sent)
    _ask(item, where, shown, sent)


def _ask(item: ModelRequest, where: Endpoint, shown: Analysis, sent: str) -> None:
    if not connection.in_atomic_block:
        connection.close()  # not held while the model responds
    try:
        response = parse_response(ask(where, sent), len(shown.advice))
    except (PassingError, PermanentError, InvalidResponseError) as error:
        settle(item, outcome=Outcome.FAILED, last_error=error_text(error))
        return
    text = _text(item.workspace_id, where, shown, response, sent)
    stored = record_model_text(item.workspace_id, item.incident_id, text)
    settle(item, outcome=Outcome.WRITTEN if stored else Outcome.OVERTAKEN)


def _text(
    workspace_id: int, where: Endpoint, shown: Analysis, response: ModelResponse, sent: str
) -> ModelText:
    summary = masked(workspace_id, response.summary)
    return ModelText(shown.revision, where.model, response.category, summary, tuple(response.ranking), sent)


def _why_not(item: ModelRequest, cost: int) -> str:
    """Return why no request is sent; "" if one may be. Charges the tokens to the day's budget."""
    if item.attempts > 1:
        return "The worker ended while the request was running; it is not repeated."
    if _fails(item.workspace_id):
        return f"The last {MAX_FAILURES} requests failed; requests continue after 5 minutes."
    most = settings.LANGUAGE_MODEL_DAILY_TOKENS
    if consume(f"language-model:{item.workspace_id}", most, wanted=cost, window_s=DAY_S) < cost:
        return f"The day's budget of {most:,} tokens is used up (LANGUAGE_MODEL_DAILY_TOKENS)."
    return ""


def _fails(workspace_id: int) -> bool:
    """Return whether the last five requests, all of the last five minutes, failed."""
    requests = ModelRequest.objects.of(workspace_id).filter(
        settled_at__gt=Now() - FAILURES_COUNT_FOR, outcome__in=(Outcome.FAILED, Outcome.WRITTEN)
    )
    newest = list(requests.order_by("-settled_at").values_list("outcome", flat=True)[:MAX_FAILURES])
    return len(newest) == MAX_FAILURES and set(newest) == {Outcome.FAILED}


def _note_sent(item: ModelRequest, sent: str) -> None:
    """Store the request before it is sent, while this worker holds the item."""
    held = ModelRequest.objects.of(item.workspace_id).filter(
        pk=item.pk, attempts=item.attempts, due_at=item.due_at
    )
    held.update(sent_text=sent)


def facts_shown(incident: Incident, shown: Analysis) -> dict[str, Any]:
    """Return the facts for the model: conclusions and evidence of the rule-based analysis."""
    cause = shown.cause
    first = cause.get("first_failing") or {}
    return {
        "title": incident.title,
        "type": incident.incident_type,
        "severity": incident.severity,
        "category_by_rules": shown.category,
        "summary_by_rules": shown.summary,
        "failed_first": first.get("reason", ""),
        "recommended_actions": [f"{n}. {one['text']}" for n, one in enumerate(shown.advice, 1)],
        "messages": [
            {"template": one["template"], "count": one["count"], "sources": one["sources"]}
            for one in cause.get("templates", ())
        ],
        "changes": [
            {name: one.get(name, "") for name in ("kind", "component", "summary", "seconds_before")}
            for one in cause.get("changes", ())
        ],
        "sources": [list(pair) for pair in list(cause.get("source_distribution", {}).items())[:10]],
    }
