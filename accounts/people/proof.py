"""Records that a person reads mail at the address of their account."""

from __future__ import annotations

from django.db.models.functions import Now

from accounts.models import User


def prove_address(user_id: int, address: str) -> bool:
    """Verify a mailed secret for `address`. Returns whether that newly proves the account's address."""
    unproven = User.objects.filter(pk=user_id, email__iexact=address, address_proven_at=None)
    return bool(unproven.update(address_proven_at=Now()))
