"""A browser that is signed in as someone."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.actor import Actor
from accounts.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def browser_for(actor: Actor, **options: Any) -> Client:
    """A test client with the actor's session."""
    client = Client(**options)
    client.force_login(User.objects.get(pk=actor.user_id), backend=BACKEND)
    return client
