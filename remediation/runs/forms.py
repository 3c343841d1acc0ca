"""Form of an action's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from core.ui.forms import styled
from remediation.executors.placeholders import Placeholder

PREFIX: Final = "arg"
MAX_TEXT: Final = 200


class ArgumentsForm(forms.Form):
    """A field per parameter, such as `arg-replicas` for `replicas`, validated by its type."""

    def __init__(self, parameters: Mapping[str, Placeholder], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data if data and f"{PREFIX}-" in " ".join(data) else None, prefix=PREFIX)
        for name, one in parameters.items():
            self.fields[name] = _field(one)
        styled(self)


def _field(one: Placeholder) -> forms.Field:
    label = one.name.replace("_", " ").capitalize()
    if one.choices:
        return forms.ChoiceField(label=label, choices=[(word, word) for word in one.choices])
    if one.most is not None:
        words = f"A whole number {one.range}."
        return forms.IntegerField(label=label, min_value=one.least, max_value=one.most, help_text=words)
    return forms.CharField(label=label, max_length=MAX_TEXT)
