"""Django forms in this site's dress; the services' refusals beside the fields they are about."""

from __future__ import annotations

from typing import TypeVar

from django import forms

from core.errors import Invalid

F = TypeVar("F", bound=forms.BaseForm)
_BARE = (forms.HiddenInput, forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)


def dressed(form: F) -> F:
    """The form with its widgets' classes set, and what is wrong with each tied to it for screen readers."""
    for name, field in form.fields.items():
        if not isinstance(field.widget, _BARE):
            field.widget.attrs.setdefault("class", "input")
        if form.is_bound and name in form.errors:
            field.widget.attrs["aria-invalid"] = "true"
            field.widget.attrs["aria-describedby"] = f"{form[name].auto_id}_error"
    return form


def note_faults(form: forms.BaseForm, refusal: Invalid) -> None:
    """Put what a service refused beside the fields; what is about no field of the form on top."""
    for fault in refusal.faults:
        named = fault.field.split("[")[0]
        words = f"{fault.message[:1].upper()}{fault.message[1:]}."
        form.add_error(named if named in form.fields else None, words)
    if not refusal.faults:
        form.add_error(None, refusal.detail)
