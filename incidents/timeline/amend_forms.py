"""Forms of stakeholder updates and of amendments to entries."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django import forms
from django.utils import timezone

from core.errors import NotFound
from incidents.lifecycle.forms import ActionForm, words_field
from incidents.models import TimelineEntry
from incidents.selectors import affected_components
from incidents.timeline.forms import EntryForm
from incidents.timeline.selectors import entry_for
from incidents.timeline.services.notes import planned_update
from incidents.timeline.services.templates import update_templates_of
from incidents.timeline.update_templates import begin_update, fill_next_update, template_for

_MINUTES: Final = (15, 30, 60, 120, 240, 480, 1440)


class UpdateForm(ActionForm):
    """A stakeholder update, its audience, and when the next one follows."""

    message = words_field("Update", required=True, rows=9)
    audience = forms.ChoiceField(
        choices=[("public", "Public: stakeholders"), ("internal", "Internal: this workspace")],
        initial="public",
        widget=forms.RadioSelect,
    )
    next_update = forms.TypedChoiceField(
        label="Next update",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "From the SLA target")]
        + [(str(m), f"In {m} minutes" if m <= 60 else f"In {m // 60} hours") for m in _MINUTES],
    )
    request_key = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def prepare(self) -> None:
        requested = self.initial.get("template", "")
        templates = update_templates_of(self.incident.workspace_id)
        name = requested if requested in templates else template_for(self.incident.status)
        names = [one.component.name for one in affected_components(self.actor, self.incident)]
        self.fields["message"].initial = begin_update(
            templates[name].text, title=self.incident.title, impact=self.incident.impact, components=names
        )
        self.fields["message"].help_text = "{next_update} becomes the time of the next update."
        self.fields["request_key"].initial = uuid.uuid4().hex
        self.templates = [(word, one.label, word == name) for word, one in templates.items()]

    def next_at(self) -> datetime | None:
        """Return the time of the next update; None: by the SLA target. Needs a valid form."""
        minutes: int | None = self.cleaned_data["next_update"]
        return None if minutes is None else timezone.now() + timedelta(minutes=minutes)

    def preview(self) -> str:
        if "preview" not in self.data:
            return ""
        due = self.next_at() or planned_update(self.incident, timezone.now())
        return fill_next_update(self.cleaned_data["message"], due)


class _AmendmentForm(EntryForm):
    """One entry, as it was when the form was created."""

    amendments = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def requested_entry(self) -> TimelineEntry | None:
        """Return the entry in the URL, if any."""
        given = str(self.initial.get("entry", ""))
        if not (given.isascii() and given.isdecimal() and len(given) < 19):
            return None
        try:
            return entry_for(self.actor, self.incident, int(given))
        except NotFound:
            return None

    def prepare(self) -> None:
        entry = self.requested_entry()
        if entry is not None:
            self.initial["amendments"] = entry.amendment_count
            if "message" in self.fields:
                self.initial["message"] = entry.text


class RewordForm(_AmendmentForm):
    """The new text."""

    message = words_field("Text", required=True, rows=6)


class WithdrawForm(_AmendmentForm):
    """The reason for withdrawing an entry."""

    reason = words_field("Why? (optional)", rows=2)
