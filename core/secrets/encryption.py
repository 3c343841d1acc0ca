"""Encrypts stored secrets with a key derived from SECRET_KEY.

To change SECRET_KEY, put the old one into SECRET_KEY_FALLBACKS: secrets encrypted with it stay readable.
"""

from __future__ import annotations

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class DecryptionError(ValueError):
    """The text was encrypted with an unknown key or was tampered with."""


def encrypt(text: str) -> str:
    """Encrypt and authenticate a text; the result differs on each call."""
    return _box(_keys()).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Decrypt a text. Raises DecryptionError."""
    try:
        return _box(_keys()).decrypt(token.encode()).decode()
    except InvalidToken:
        raise DecryptionError("a stored secret cannot be read: was SECRET_KEY changed?") from None


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tocsin secrets at rest")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
