"""Tokens in the keyring of the operating system, if the package `keyring` is installed and works."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

SERVICE: Final = "tocsin"


class KeyringUnusableError(Exception):
    """The keyring is not installed, is locked, or stored nothing."""


def store_in_keyring(name: str, token: str) -> None:
    """Store a token under a name. Raises KeyringUnusableError if it was not stored."""
    with _keyring() as keyring:
        keyring.set_password(SERVICE, name, token)
        if keyring.get_password(SERVICE, name) != token:
            raise KeyringUnusableError("it stored nothing")


def read_from_keyring(name: str) -> str:
    """Return the token of a name, or "". Raises KeyringUnusableError."""
    with _keyring() as keyring:
        return keyring.get_password(SERVICE, name) or ""


def remove_from_keyring(name: str) -> None:
    """Remove the token of a name, if there is one. Raises KeyringUnusableError."""
    with _keyring() as keyring:
        if keyring.get_password(SERVICE, name) is not None:
            keyring.delete_password(SERVICE, name)


@contextmanager
def _keyring() -> Iterator[Any]:
    """Import the package lazily, only when a token is in it or is about to be."""
    try:
        keyring, errors = importlib.import_module("keyring"), importlib.import_module("keyring.errors")
    except ImportError as error:
        raise KeyringUnusableError("the package keyring is not installed") from error
    try:
        yield keyring
    except errors.KeyringError as error:
        words = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise KeyringUnusableError(words) from error
