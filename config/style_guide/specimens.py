"""Components of the style guide, with texts that test their limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from config.style_guide.charts import charts
from incidents.vocabulary import Impact, Severity, Status

COLOURS: Final = {
    "Ground": ("canvas", "surface", "raised", "sunken", "hover", "chosen"),
    "Lines": ("line", "line-strong"),
    "Ink": ("ink", "ink-2", "ink-3", "solid", "on-solid"),
    "Meaning": ("accent", "accent-soft", "brand", "good", "good-soft", "good-line"),
    "Severity": tuple(f"sev{n}{part}" for n in range(1, 5) for part in ("", "-soft", "-line")),
}
SIZES: Final = ("xs", "sm", "base", "lg", "xl", "2xl")
TONES: Final = (("", "Plain"), ("good", "Good"), ("warn", "Warning"), ("error", "Error"))
ICONS: Final = (
    "siren", "list", "search", "plus", "check", "circle-check", "circle-alert", "triangle-alert", "info",
    "clock", "user-round", "pencil", "ellipsis", "chevron-down", "x", "copy", "cloud-off", "wifi-off", "lock",
    "globe", "activity", "archive", "bell", "radio", "message-square", "log-out", "menu", "key-round",
)  # fmt: skip
LIVE: Final = (
    ("live", "Live"),
    ("late", "Reconnecting"),
    ("away", "Not live, polling every 10 s"),
    ("off", "Connecting"),
)
LONG_WORD: Final = "Payments-" + "x" * 150
RIGHT_TO_LEFT: Final = "לא ניתן להתחבר לשרת התשלומים מאז תשע בבוקר"
LONG_TITLE: Final = (
    "Webhooks to partners time out after release 2026.11.20 and are retried until the queue overflows, while "
    "the status page still says that everything is well and no one was paged at all"
)


class Specimen(forms.Form):
    """Form with every kind of field."""

    text = forms.CharField(label="Text", help_text="Help is shown under the field.", initial="Checkout API")
    choice = forms.ChoiceField(label="Choice", choices=[("a", "First"), ("b", LONG_TITLE)])
    words = forms.CharField(
        label="Several lines", widget=forms.Textarea(attrs={"rows": "3"}), initial=LONG_WORD
    )
    agree = forms.BooleanField(label="A box to check", required=False, initial=True)
    radio = forms.ChoiceField(
        label="One of few", choices=[("x", "This"), ("y", "That")], widget=forms.RadioSelect
    )
    off = forms.CharField(label="Not now", disabled=True, required=False, initial="Cannot be changed here")


def specimens() -> dict[str, Any]:
    """Return the context of the style page."""
    refused = Specimen({"words": "kept", "choice": "a", "radio": "x"}, auto_id="refused_%s")
    refused.add_error(None, "This form was refused; what was typed is preserved.")
    refused.fields["text"].widget.attrs |= {"aria-invalid": "true", "aria-describedby": "refused_text_error"}
    return {
        "colours": COLOURS, "sizes": SIZES, "tones": TONES, "icons": ICONS,
        "long_word": LONG_WORD, "long_title": LONG_TITLE, "right_to_left": RIGHT_TO_LEFT,
        "form": Specimen(), "refused": refused,
        "severities": Severity.values, "statuses": Status.values, "impacts": Impact.values,
        "now": timezone.now(), "earlier": timezone.now() - timedelta(hours=3, minutes=7), "live_states": LIVE,
        "failing": {"title": "Component health"}, **charts(timezone.localdate()),
    }  # fmt: skip
