"""By which verified methods people can be reached; the sources register themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from core.registry import Registry

# workspace -> person -> their verified methods, as text that names each once
ContactSource = Callable[[int], Mapping[int, Sequence[str]]]
CONTACT_SOURCES: Final[Registry[ContactSource]] = Registry("source of contact methods")


def verified_methods(workspace_id: int) -> dict[int, tuple[str, ...]]:
    """The verified methods of every person of a workspace, in their order."""
    found: dict[int, list[str]] = {}
    for source in CONTACT_SOURCES:
        for user_id, methods in source(workspace_id).items():
            found.setdefault(user_id, []).extend(methods)
    return {user_id: tuple(methods) for user_id, methods in found.items()}
