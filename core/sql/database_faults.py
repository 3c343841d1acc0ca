"""Faults of the database itself: away, read-only, out of room. The same request may succeed later."""

from __future__ import annotations

from typing import Final

from django.db import InterfaceError, InternalError, OperationalError

# PostgreSQL refuses a write to a read-only database, and anything after a fault, with an internal error.
DATABASE_FAULTS: Final = (OperationalError, InterfaceError, InternalError)
