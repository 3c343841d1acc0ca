"""Admin pages of configuration: changed through the services, with audit row and facts as everywhere."""

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
from accounts.audit.admin_history import Audited
from accounts.models import Role, User
from core.errors import Problem

if TYPE_CHECKING:
    ThingForm = forms.ModelForm[Any]
else:  # generic for the type checker only
    ThingForm = forms.ModelForm

REFUSAL: Final = "tocsin.refusal"  # where a request carries what the service refused
STALE: Final = "It was changed after this page was opened. Nothing was saved; reload the page first."


class Lines(SimpleArrayField):
    """A list of texts, one a line; empty lines are left out."""

    def to_python(self, value: Any) -> Any:
        """The texts."""
        if isinstance(value, str):
            value = "\n".join(line.strip() for line in value.splitlines() if line.strip())
        return super().to_python(value)


class ServiceForm(ThingForm):
    """Offers only what belongs to the workspace, refuses a page that is out of date, shows a refusal."""

    read_mark = forms.CharField(required=False, widget=forms.HiddenInput)
    refusal: ClassVar[Problem | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["read_mark"] = self.mark = _mark_of(self.initial)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                field.queryset = _of_workspace(field.queryset, self.instance.workspace_id)

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError where the page is out of date or the service refused."""
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
    """The same for the same values; objects count by their key."""
    plain = {
        name: sorted(one.pk for one in value) if isinstance(value, list) and _are_rows(value) else value
        for name, value in values.items()
    }
    return hashlib.sha256(repr(sorted(plain.items())).encode()).hexdigest()[:32]


def _are_rows(values: list[Any]) -> bool:
    return all(isinstance(one, models.Model) for one in values)


def _of_workspace(rows: Any, workspace_id: int) -> Any:
    """Those of the workspace: its members where they are people."""
    if rows.model is User:
        return rows.filter(memberships__workspace_id=workspace_id)
    return rows.filter(workspace_id=workspace_id)


class ThroughService(Audited):
    """`editable` fields are changed by `apply`; all others are for looking. Nothing is added or deleted."""

    form = ServiceForm
    editable: ClassVar[tuple[str, ...]] = ()
    formfield_overrides: ClassVar[Any] = {
        ArrayField: {"form_class": Lines, "delimiter": "\n", "widget": forms.Textarea(attrs={"rows": 4})},
        models.URLField: {"assume_scheme": "https"},
    }

    def apply(self, actor: Actor, thing: Any, changes: Mapping[str, Any]) -> None:
        """Call the service. Raises Problem where it refuses; nothing is changed then."""
        raise NotImplementedError

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Everything but `editable`; what no form may hold, such as a secret, is on no page."""
        hidden = {*self.editable, *(self.exclude or ())}
        fields = (*self.opts.fields, *self.opts.many_to_many)
        return tuple(
            one.name for one in fields if one.editable and not one.primary_key and one.name not in hidden
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What can be changed comes first."""
        rest = self.get_readonly_fields(request, obj)
        mark = ["read_mark"] if self.has_change_permission(request, obj) else []
        return [*self.editable, *mark, *rest]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, which shows what the service refused a moment ago."""
        made = super().get_form(request, obj, change=change, **kwargs)
        return type("RefusingForm", (made,), {"refusal": request.META.get(REFUSAL)})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On the pages and by the API only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the pages and by the API only."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page; what the service refuses is shown beside the fields, with what was typed."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Problem as problem:
            if request.method != "POST":
                raise
            request.META[REFUSAL] = problem  # rolled back; the form is shown again with it
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Through the service."""
        user = request.user
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name in self.editable}
        if isinstance(user, User) and changes:
            actor = Actor(obj.workspace_id, "user", user.label, user_id=user.pk, role=Role.ADMIN)
            self.apply(actor, obj, changes)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing more: the service did it."""
