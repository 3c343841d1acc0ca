"""Session store with the user of each session, so that people can list and end their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Session
from accounts.sign_in.session_expiry import USED
from core.sql.compiled_queries import compiled

VIA: Final = "via"


class SessionStore(DatabaseSessions):
    """Django's database store whose rows also have the user, the address, and when it was last used."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the model of our table."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        """Load its data only, which is all that Django reads of the row on each page."""
        key = str(self.session_key)
        # a cookie may contain what PostgreSQL does not accept as text
        is_possible = key.isascii() and key.isalnum()
        if is_possible and (found := _data(key, timezone.now())):
            return Session(session_key=key, session_data=found[0])
        self._session_key = None  # like Django, forget an unknown key, so that none can be planted
        return None

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row of this session, with its owner from `data`."""
        row = cast("Session", super().create_model_instance(data))
        owner, via, used = data.get(SESSION_KEY), data.get(VIA, {}), data.get(USED)
        row.user_id = int(owner) if owner else None
        row.agent, row.address = via.get("agent", ""), via.get("address")
        row.seen_at = datetime.fromtimestamp(used, UTC) if used else timezone.now()
        return row


@compiled(str, datetime)
def _data(key: str, now: datetime) -> QuerySet[Session, str]:
    return Session.objects.filter(session_key=key, expire_date__gt=now).values_list("session_data", flat=True)


def remember_browser(request: HttpRequest) -> None:
    """Store which browser signed in, and from where, for the person's list of sessions."""
    agent = request.headers.get("User-Agent", "").replace("\0", "")[:200]
    request.session[VIA] = {"agent": agent, "address": request.META.get("REMOTE_ADDR") or None}
