"""Forms of postmortems; the services validate."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from accounts.actor import Actor
from accounts.selectors import members_of
from core.ui.forms import LongSelect
from postmortems.documents.models import Postmortem
from postmortems.documents.texts import MAX_SECTION_CHARS


class SectionForm(forms.Form):
    """Text of a section and its base version."""

    text = forms.CharField(
        required=False,
        max_length=MAX_SECTION_CHARS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "14", "spellcheck": "true", "data-editor-text": ""}),
    )
    base_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    client_id = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)


class CommentForm(forms.Form):
    """A comment on a section."""

    section_key = forms.SlugField(widget=forms.HiddenInput)
    body = forms.CharField(label="Comment", max_length=5000, widget=forms.Textarea(attrs={"rows": "2"}))
    quote = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    parent = forms.IntegerField(required=False, widget=forms.HiddenInput)


class DetailsForm(forms.Form):
    """Title, owner and the meeting."""

    title = forms.CharField(label="Title", max_length=200)
    owner = forms.ChoiceField(label="Owner", required=False, widget=LongSelect)
    due_at = forms.DateTimeField(
        label="Review due", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    meeting_at = forms.DateTimeField(
        label="Review meeting", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    meeting_minutes = forms.IntegerField(label="Meeting length in minutes", min_value=5, max_value=480)
    public_link = forms.BooleanField(
        label="Public link",
        required=False,
        help_text="Anyone with the link can read the sections for everyone.",
    )

    def __init__(
        self, *args: Any, actor: Actor, postmortem: Postmortem, may_publish: bool, **kwargs: Any
    ) -> None:
        names = ("title", "due_at", "meeting_at", "meeting_minutes", "public_link")
        initial = {name: getattr(postmortem, name) for name in names}
        initial["owner"] = postmortem.owner.username if postmortem.owner else ""
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        people = [(m.user.username, m.user.label) for m in members_of(actor)]
        cast("forms.ChoiceField", self.fields["owner"]).choices = [("", "No owner"), *people]
        if not may_publish:
            del self.fields["public_link"]
