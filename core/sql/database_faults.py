"""Faults of the database itself: down, read-only, out of space. The same request may succeed later."""

from __future__ import annotations

from typing import Final

from django.db import InterfaceError, InternalError, OperationalError

# PostgreSQL raises an internal error for a write to a read-only database, and for anything after a fault.
DATABASE_FAULTS: Final = (OperationalError, InterfaceError, InternalError)
