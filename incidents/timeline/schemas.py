"""Schemas of the timeline API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from ninja import Schema
from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field

from incidents.validation import TEXT_LENGTH
from incidents.vocabulary import EntryKind, Severity, Status

_PUBLIC: Final = AliasChoices("public", "is_public", "isPublic")
Words = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH)]


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


KindWord = Annotated[Literal["note", "update"], BeforeValidator(_lower)]


class Body(Schema):
    """Unknown fields are refused by name rather than ignored."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class NoteIn(Body):
    """An internal note."""

    message: Words = Field(validation_alias=AliasChoices("message", "note", "notes", "text"))


class UpdateIn(NoteIn):
    """An update for stakeholders."""

    public: bool = Field(True, validation_alias=_PUBLIC)
    next_update_at: datetime | None = Field(
        None,
        description="Time of the next update, with a time zone, within seven days; default by the SLA "
        "target. `{next_update}` in the message becomes that time.",
    )


class EntryIn(NoteIn):
    """A note, which may have happened earlier, or an update, which may be public."""

    kind: KindWord = Field("note", validation_alias=AliasChoices("kind", "type"))
    public: bool = Field(False, validation_alias=_PUBLIC)
    occurred_at: datetime | None = Field(
        None,
        validation_alias=AliasChoices("occurred_at", "timestamp"),
        description="When it happened, with a time zone; a note only, and not in the future.",
    )


class EntryTimeIn(Body):
    """When the event described in a note happened."""

    occurred_at: datetime = Field(description="With a time zone; not in the future.")


class EntryOut(Schema):
    """One timeline entry, newest first in lists."""

    id: int
    kind: EntryKind
    message: str
    is_public: bool
    author: str
    occurred_at: datetime
    pinned_at: datetime | None = None
    time_corrected_at: datetime | None = Field(None, description="When the time of a note was corrected.")
    amendments: int = Field(0, description="How often it was changed; `GET …/amendments` has every text.")
    withdrawn_at: datetime | None = None
    data: dict[str, Any]


class AmendmentIn(Body):
    """Another text, a withdrawal (`message` is the reason), or a publication."""

    kind: Literal["reworded", "withdrawn", "published"]
    message: Annotated[str, Field(max_length=TEXT_LENGTH)] = ""
    based_on: int | None = Field(None, ge=0, description="`amendments` of the entry as it was read.")


class AmendmentOut(Schema):
    """One text of an entry. `number` 0 and kind `written` is the original."""

    number: int
    kind: str
    message: str
    by: str
    at: datetime


class ActOut(Schema):
    """One line of the full activity: a timeline entry, or a change in the audit trail."""

    source: Literal["timeline", "audit"]
    id: int
    at: datetime
    by: str
    kind: str = Field(description="The entry's kind, or the audited action (`incident.severity`).")
    message: str
    changes: dict[str, Any] = Field(description="Of an audit row: field -> [before, after].")


class RelatedIncidentOut(Schema):
    """A related incident."""

    number: int
    incident_id: str
    title: str
    severity: Severity
    status: Status
    detected_at: datetime
    url: str
    reasons: list[str] = Field([], description="Why Tocsin linked it; empty: a person did, or it is no link.")


class RelatedOut(Schema):
    """Each incident is in one list only. `recurrence`: earlier ones of the same fingerprint, up to 100."""

    linked: list[RelatedIncidentOut] = Field(description="Linked by a person, or by Tocsin with reasons.")
    earlier: list[RelatedIncidentOut] = Field(description="Earlier ones of the same fingerprint.")
    neighbours: list[RelatedIncidentOut] = Field(description="Affected the same component within 24 hours.")
    same_type: list[RelatedIncidentOut] = Field(description="The latest before it of its type.")
    recurrence: int
