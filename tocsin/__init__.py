"""Client of Tocsin: the command line, the collector and the library.

from tocsin import Client
Client("https://tocsin.example", token="tcs_…").submit_event(source="api", level="ERROR", message="…")
"""

from __future__ import annotations

from typing import Any

__all__ = ["Client"]


def __getattr__(name: str) -> Any:
    """Import the client lazily: redaction and collector do not need it."""
    if name == "Client":
        from tocsin.client import Client

        return Client
    raise AttributeError(f"module 'tocsin' has no attribute {name!r}")
