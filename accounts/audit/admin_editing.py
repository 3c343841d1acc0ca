"""Admin pages for configuration, changed through the services with audit entries and events."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.forms import SimpleArrayField
from django.db import models
from django.http import HttpRequest, HttpResponse

from accounts.actor import Actor
from accounts.audit.admin_history import AuditedAdmin
from accounts.models import Role, User
from core.errors import Problem

if TYPE_CHECKING:
    ThingForm = forms.ModelForm[Any]
else:  # generic for the type checker only
    ThingForm = forms.ModelForm

REFUSAL: Final = "tocsin.refusal"  # where a request carries the service's error
STALE: Final = "It was changed after this page was opened. Nothing was saved; reload the page first."


class Lines(SimpleArrayField):
    """A list of texts, one per line; empty lines are dropped."""

    def to_python(self, value: Any) -> Any:
        """Return the list of texts."""
        if isinstance(value, str):
            value = "\n".join(line.strip() for line in value.splitlines() if line.strip())
        return super().to_python(value)


class ServiceForm(ThingForm):
    """Form that offers only objects of the workspace, refuses an outdated page, and shows service errors."""

    read_mark = forms.CharField(required=False, widget=forms.HiddenInput)
    refusal: ClassVar[Problem | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["read_mark"] = self.mark = _mark_of(self.initial)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                field.queryset = _of_workspace(field.queryset, self.instance.workspace_id)

    def clean(self) -> dict[str, Any]:
        """Raise ValidationError if the page is outdated or the service refused."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("read_mark") not in ("", self.mark):
            raise forms.ValidationError(STALE, code="stale")
        if self.refusal is not None:
            self._show(self.refusal)
        return dict(cleaned)

    def _show(self, problem: Problem) -> None:
        for fault in problem.faults:
            name = fault.field.rpartition(".")[2]
            if name in self.fields:
                self.add_error(name, fault.message)
            else:
                self.add_error(None, f"{fault.field} {fault.message}")
        if not problem.faults:
            self.add_error(None, problem.detail)


def _mark_of(values: Mapping[str, Any]) -> str:
    """Return a value that is equal for equal field values; objects count by their key."""
    plain = {
        name: sorted(one.pk for one in value) if isinstance(value, list) and _are_rows(value) else value
        for name, value in values.items()
    }
    return hashlib.sha256(repr(sorted(plain.items())).encode()).hexdigest()[:32]


def _are_rows(values: list[Any]) -> bool:
    return all(isinstance(one, models.Model) for one in values)


def _of_workspace(rows: Any, workspace_id: int) -> Any:
    """Return the objects of the workspace; for people, its members."""
    if rows.model is User:
        return rows.filter(memberships__workspace_id=workspace_id)
    return rows.filter(workspace_id=workspace_id)


class ServiceAdmin(AuditedAdmin):
    """Admin whose `editable` fields are changed by `apply`, all others read-only.

    Nothing is added or deleted.
    """

    form = ServiceForm
    editable: ClassVar[tuple[str, ...]] = ()
    formfield_overrides: ClassVar[Any] = {
        ArrayField: {"form_class": Lines, "delimiter": "\n", "widget": forms.Textarea(attrs={"rows": 4})},
        models.URLField: {"assume_scheme": "https"},
    }

    def apply(self, actor: Actor, thing: Any, changes: Mapping[str, Any]) -> None:
        """Call the service. Raises Problem without changing anything if it refuses."""
        raise NotImplementedError

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return everything but `editable`; secrets and the like are not shown at all."""
        hidden = {*self.editable, *(self.exclude or ())}
        fields = (*self.opts.fields, *self.opts.many_to_many)
        return tuple(
            one.name for one in fields if one.editable and not one.primary_key and one.name not in hidden
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the editable fields first."""
        rest = self.get_readonly_fields(request, obj)
        mark = ["read_mark"] if self.has_change_permission(request, obj) else []
        return [*self.editable, *mark, *rest]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, with the service's last error."""
        made = super().get_form(request, obj, change=change, **kwargs)
        return type("RefusingForm", (made,), {"refusal": request.META.get(REFUSAL)})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: adding is possible on the pages and by the API only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: deleting is possible on the pages and by the API only."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page; errors of the service are shown beside the fields, with the input."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Problem as problem:
            if request.method != "POST":
                raise
            request.META[REFUSAL] = problem  # rolled back; the form is shown again with it
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save through the service."""
        user = request.user
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name in self.editable}
        if isinstance(user, User) and changes:
            actor = Actor(obj.workspace_id, "user", user.label, user_id=user.pk, role=Role.ADMIN)
            self.apply(actor, obj, changes)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: the service saved everything."""
