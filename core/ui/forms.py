"""Form styling, and service errors shown beside their fields."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import escape
from typing import Any, TypeVar
from zoneinfo import available_timezones

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.errors import Invalid

F = TypeVar("F", bound=forms.BaseForm)
_BARE = (forms.HiddenInput, forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)


@cache
def time_zones() -> list[tuple[str, str]]:
    """Return every time zone as a choice, UTC first."""
    return [(zone, zone.replace("_", " ")) for zone in ("UTC", *sorted(available_timezones() - {"UTC"}))]


def styled(form: F) -> F:
    """Set the CSS classes of the form's widgets and tie errors to their fields for screen readers."""
    for name, field in form.fields.items():
        if not isinstance(field.widget, _BARE):
            field.widget.attrs.setdefault("class", "input")
        if form.is_bound and name in form.errors:
            field.widget.attrs["aria-invalid"] = "true"
            field.widget.attrs["aria-describedby"] = f"{form[name].auto_id}_error"
    return form


class LongSelect(forms.Select):
    """Select box for hundreds of options: Django renders a template for each (600 time zones: 100 ms)."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """Render the box; its choices have no groups."""
        given = flatatt(self.build_attrs(self.attrs, attrs))
        inside = options_html(self.choices, *self.format_value(value))
        return format_html('<select name="{}"{}>{}</select>', name, given, inside)


def options_html(choices: Iterable[tuple[Any, Any]], chosen: str = "") -> SafeString:
    """Render the options of a select box, of (value, label), without groups; None is an empty value."""
    pairs = (("" if value is None else str(value), str(words)) for value, words in choices)
    return SafeString("".join(_option(value, words, chosen) for value, words in pairs))


def _option(value: str, words: str, chosen: str) -> str:
    selected = " selected" if value == chosen else ""
    return f'<option value="{escape(value)}"{selected}>{escape(words)}</option>'


def note_faults(form: forms.BaseForm, refusal: Invalid) -> None:
    """Add the faults of a service to their fields of the form, others to the form as a whole."""
    for fault in refusal.faults:
        named = fault.field.split("[")[0]
        words = f"{fault.message[:1].upper()}{fault.message[1:]}."
        form.add_error(named if named in form.fields else None, words)
    if not refusal.faults:
        form.add_error(None, refusal.detail)
