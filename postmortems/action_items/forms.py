"""Forms of action items."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from accounts.actor import Actor
from accounts.selectors import members_of
from core.ui.forms import LongSelect
from postmortems.action_items.models import ActionItem, ItemKind, ItemStatus
from postmortems.learning.models import Priority


class ItemForm(forms.Form):
    """Form of an action item."""

    title = forms.CharField(
        label="What is to be done", max_length=200, help_text="At least three words, starting with a verb."
    )
    description = forms.CharField(
        label="Details", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": "3"})
    )
    assignee = forms.ChoiceField(label="Owner", required=False, widget=LongSelect)
    due_date = forms.DateField(label="Due", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(label="Kind", choices=ItemKind.choices, initial=ItemKind.PREVENT)
    priority = forms.ChoiceField(label="Priority", choices=Priority.choices, initial=Priority.MEDIUM)
    status = forms.ChoiceField(label="Status", choices=ItemStatus.choices, initial=ItemStatus.OPEN)
    outside_url = forms.URLField(
        label="Linked issue", required=False, max_length=500, assume_scheme="https",
        help_text="URL of an issue in GitHub, GitLab, Jira or Linear.",
    )  # fmt: skip
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    request_key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, item: ActionItem | None = None, **kwargs: Any) -> None:
        if item is not None:
            names = ("title", "description", "kind", "priority", "status", "version", "outside_url")
            kwargs["initial"] = {name: getattr(item, name) for name in names} | {
                "assignee": item.assignee.username if item.assignee else "",
                "due_date": item.due_date.isoformat() if item.due_date else "",
            }
        super().__init__(*args, **kwargs)
        people = [(member.user.username, member.user.label) for member in members_of(actor)]
        cast("forms.ChoiceField", self.fields["assignee"]).choices = [("", "Unassigned"), *people]

    def wanted(self) -> dict[str, Any]:
        """Arguments for the services."""
        return {k: v for k, v in self.cleaned_data.items() if k not in ("version", "request_key")}


class BulkForm(forms.Form):
    """Form of a bulk edit; empty fields are not changed."""

    status = forms.ChoiceField(required=False, choices=[("", "Keep status"), *ItemStatus.choices])
    priority = forms.ChoiceField(required=False, choices=[("", "Keep priority"), *Priority.choices])
    assignee = forms.CharField(required=False, max_length=150)
    due_date = forms.DateField(required=False)

    def wanted(self) -> dict[str, Any]:
        """The fields to change."""
        given = {name: value for name, value in self.cleaned_data.items() if value}
        if given.get("assignee") == "none":
            given["assignee"] = ""
        return given
