"""Forms of sources and their mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from detection.models import Source
from detection.webhooks.format import webhook_formats
from detection.webhooks.mapping.definition import CHOICES, DEFAULT, SIGNATURE, TABLES
from incidents.vocabulary import Severity

LABELS: Final = {
    "each": (
        "List of elements",
        "Such as alerts[*]. Empty: the body is the one element.",
    ),
    "title": ("Title", "Required in every element."),
    "description": ("Description", ""),
    "component": ("Component", "Empty: the name of the source."),
    "key": ("Key", "Key of the alert: must be the same when firing and when resolved."),
    "group": ("Group", "Alerts with the same value share an incident."),
    "state": ("State", "Firing, resolved, acknowledged or ignored."),
    "severity": ("Severity", ""),
    "event_type": ("Type", ""),
    "occurred_at": ("Time", "ISO 8601, or seconds or milliseconds since 1970."),
    "url": ("Link", ""),
    "labels": ("Labels", "An object, or a list of name:value texts."),
    "version": ("Version", "Of a change."),
    "author": ("Author", "Of a change."),
}
NUMBERS: Final = {"min": "0", "max": "10080", "inputmode": "numeric"}


def kind_choices() -> list[tuple[str, str]]:
    """Return every webhook format by its title."""
    return sorted(((one.name, one.title) for one in webhook_formats()), key=lambda pair: pair[1].lower())


class StyledForm(forms.Form):
    """Base form with styled widgets and marked errors."""

    def styled(self) -> StyledForm:
        """Return the form, ready to be shown."""
        for name, field in self.fields.items():
            if not isinstance(field.widget, forms.HiddenInput | forms.CheckboxInput):
                field.widget.attrs.setdefault("class", "input")
            if self.is_bound and name in self.errors:
                field.widget.attrs |= {
                    "aria-invalid": "true",
                    "aria-describedby": f"{self[name].auto_id}_error",
                }
        return self


class SourceForm(StyledForm):
    """Name of a source, and the effect of its alerts."""

    kind = forms.ChoiceField(label="Sender")
    name = forms.CharField(label="Name", max_length=80, help_text="Shown in incidents and lists.")
    default_severity = forms.ChoiceField(
        label="Default severity", choices=Severity.choices, initial=Severity.SEV3
    )
    reopen_minutes = forms.IntegerField(
        label="Reopen within (minutes)", min_value=0, max_value=10_080, initial=30,
        help_text="An alert that fires again within this time reopens its incident.",
        widget=forms.NumberInput(attrs=NUMBERS),
    )  # fmt: skip
    opens_incidents = forms.BooleanField(
        label="Alerts open incidents by their own severity", required=False, initial=True,
        help_text="Off: alerts are events counted by rules.",
    )  # fmt: skip
    enabled = forms.BooleanField(label="Enabled", required=False, initial=True)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, source: Source | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source is not None:
            del self.fields["kind"]
            self.initial.update({name: getattr(source, name) for name in self.fields})
        else:
            self.fields["kind"] = forms.ChoiceField(label="Sender", choices=kind_choices())
            for name in ("enabled", "version", "opens_incidents"):
                del self.fields[name]


class SecretForm(StyledForm):
    """A secret the sender signs with."""

    text = forms.CharField(
        label="Secret", min_length=8, max_length=500, strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


class MappingForm(StyledForm):
    """Fields of a mapping, and a body for the preview."""

    kind = forms.ChoiceField(
        label="Each element is",
        choices=[
            ("alert", "An alert: opens and resolves by its state"),
            ("event", "An event: counted by the rules"),
            ("change", "A change, such as a deployment"),
        ],
    )
    body = forms.CharField(
        label="Sample body", required=False, max_length=65_536, strip=False,
        widget=forms.Textarea(attrs={"rows": "12", "spellcheck": "false"}),
    )  # fmt: skip
    source_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, mapping: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, words) in LABELS.items():
            self.fields[name] = forms.CharField(
                label=label, help_text=words, required=False, max_length=500,
                widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
            )  # fmt: skip
        for name, choices in TABLES.items():
            self.fields[name] = forms.CharField(
                label=f"Custom values for {name}", required=False, max_length=6000,
                help_text=f"One per line, such as P1 = {choices[0]}. Meanings: {', '.join(choices)}.",
                widget=forms.Textarea(attrs={"rows": "3", "spellcheck": "false"}),
            )  # fmt: skip
        for name in (
            "default_state",
            "default_severity",
            "change_kind",
            "signature_algorithm",
            "signature_encoding",
        ):
            offered = [(value, value or "The source's") for value in CHOICES[name]]
            self.fields[name] = forms.ChoiceField(
                label=name.replace("_", " ").capitalize(), choices=offered, required=False
            )
        for name in ("signature_header", "signature_prefix"):
            self.fields[name] = forms.CharField(
                label=name.replace("_", " ").capitalize(), required=False, max_length=100
            )
        self._start(mapping)

    def _start(self, mapping: Mapping[str, Any]) -> None:
        for name in self.fields:
            value = mapping.get(name, getattr(DEFAULT, name, ""))
            if name in TABLES:
                value = "\n".join(f"{word} = {meaning}" for word, meaning in dict(value).items())
            if name not in ("body", "source_version"):
                self.initial[name] = value

    def mapping(self) -> dict[str, Any]:
        """Return the entered mapping: only what differs from the default."""
        given = {
            name: value for name, value in self.cleaned_data.items() if name not in ("body", "source_version")
        }
        given |= {name: _words(given[name]) for name in TABLES}
        return {name: value for name, value in given.items() if value != getattr(DEFAULT, name)}

    def groups(self) -> list[tuple[str, list[Any]]]:
        """Return the fields in groups for the page."""
        more = ["severities", "states", "default_severity", "default_state", "change_kind"]
        return [
            ("Fields", [self[name] for name in LABELS]),
            ("Values", [self[name] for name in more]),
            ("Signature", [self[name] for name in SIGNATURE]),
        ]


def _words(text: str) -> dict[str, str]:
    pairs = [text_line.partition("=") for text_line in text.splitlines() if text_line.strip()]
    return {word.strip(): meaning.strip() for word, _, meaning in pairs}
