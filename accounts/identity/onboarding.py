"""Onboarding step about single sign-on."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.identity.models import IdentityProvider
from core.ui.onboarding import onboarding_step


@onboarding_step(
    "identity_provider",
    title="Connect your identity provider",
    why="Optional: people sign in with the account they have, and lose access here when they lose it there.",
    url="/settings/sign-in",
    link="Sign-in settings",
    order=70,
)
def _has_provider(actor: Actor) -> bool:
    return IdentityProvider.objects.of(actor.workspace_id).exists()
