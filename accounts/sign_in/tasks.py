"""Celery's door to the accounts."""

from __future__ import annotations

from celery import shared_task

from accounts.sign_in.session_store import SessionStore


@shared_task(name="accounts.prune", ignore_result=True)
def prune_sessions() -> None:
    """Forget sign-ins that ran out."""
    SessionStore.clear_expired()
