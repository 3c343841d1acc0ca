"""Errors of the client, each with the exit code of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130


class TocsinError(Exception):
    """Base of errors that end a call. `exit_code` is that of the command line."""

    exit_code = REFUSED


class BadUsageError(TocsinError):
    """An unknown word, flag or value."""

    exit_code = USAGE


class UnreachableError(TocsinError):
    """The server cannot be reached, or responds with 5xx or 429 after all retries."""

    exit_code = UNREACHABLE

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class RefusedError(TocsinError):
    """The server refused: `status`, `code` and `errors` are those of its problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.errors: list[dict[str, Any]] = list(problem.get("errors") or [])
        detail = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        missing = [e for e in self.errors if str(e.get("message", "")) not in detail]
        faults = [f"{e.get('field', '')}: {e.get('message', '')}" for e in missing]
        super().__init__("; ".join([detail.rstrip(".") if faults else detail, *faults]))
