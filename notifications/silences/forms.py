"""Forms of silences and maintenance windows; the services validate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from notifications.silences.matching import Matcher, matchers_from, parse_matchers
from notifications.silences.models import MaintenanceWindow, Silence
from notifications.silences.services.silences import MAX_DURATION, SilenceValues
from notifications.silences.services.windows import WindowValues

MATCHERS_HELP: Final = (
    "One condition per line; all must match: component = api, type != other, title ~ *timeout*, "
    "label.team = search, incident = INC-42."
)
ENDS: Final = (
    ("60", "In 1 hour"), ("240", "In 4 hours"), ("1440", "In 1 day"), ("10080", "In 7 days"),
    ("resolved", "When all matching incidents are resolved"), ("idle", "When nothing matched for 1 hour"),
)  # fmt: skip
KEEP: Final = "keep"


class MatchersForm(forms.Form):
    """Fields common to silences and windows."""

    matchers = forms.CharField(
        label="Matches", max_length=5000, help_text=MATCHERS_HELP, widget=forms.Textarea(attrs={"rows": "3"})
    )
    includes_sev1 = forms.BooleanField(label="Include SEV1 (managers only)", required=False)

    def clean_matchers(self) -> list[Matcher]:
        """Parse the matchers. Raises ValidationError naming the line."""
        try:
            return parse_matchers(self.cleaned_data["matchers"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class SilenceForm(MatchersForm):
    """A new silence that starts now, or an existing one."""

    ends = forms.ChoiceField(label="Ends", choices=ENDS)
    reason = forms.CharField(label="Reason", max_length=500)

    field_order = ("matchers", "ends", "reason", "includes_sev1")

    def __init__(self, *args: Any, silence: Silence | None = None, **kwargs: Any) -> None:
        """`silence`: the one to change, with the option to leave its end unchanged."""
        if silence is not None:
            kwargs["initial"] = {
                "matchers": "\n".join(str(one) for one in matchers_from(silence.matchers)),
                "ends": KEEP, "reason": silence.reason, "includes_sev1": silence.includes_sev1,
            }  # fmt: skip
        super().__init__(*args, **kwargs)
        self._silence = silence
        if silence is not None:
            self.fields["ends"] = forms.ChoiceField(label="Ends", choices=((KEEP, "Unchanged"), *ENDS))

    def changes(self) -> dict[str, Any]:
        """Arguments for `update_silence`."""
        data, values = self.cleaned_data, self.values()
        found = {name: data[name] for name in ("matchers", "reason", "includes_sev1")}
        if data["ends"] == KEEP or self._silence is None:
            return found
        latest = values.ends_at or self._silence.starts_at + MAX_DURATION
        return found | {
            "ends_at": latest, "until_resolved": values.until_resolved, "idle_s": values.idle_s,
        }  # fmt: skip

    def values(self) -> SilenceValues:
        """Arguments for the service."""
        data = self.cleaned_data
        ends = data["ends"]
        ends_at = timezone.now() + timedelta(minutes=int(ends)) if ends.isdecimal() else None
        return SilenceValues(
            matchers=data["matchers"],
            reason=data["reason"],
            ends_at=ends_at,
            until_resolved=ends == "resolved",
            idle_s=3600 if ends == "idle" else None,
            includes_sev1=data["includes_sev1"],
        )


class WallClockField(forms.DateTimeField):
    """A naive local time of another zone, also one that does not exist in the viewer's zone."""

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            found: datetime | None = super().to_python(value)
        return found


class WindowForm(MatchersForm):
    """A maintenance window."""

    name = forms.CharField(label="Name", max_length=120)
    local_start = WallClockField(
        label="First start",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    minutes = forms.IntegerField(label="Minutes", min_value=1, max_value=10_080, initial=60)
    zone = forms.CharField(label="Time zone", max_length=64, help_text="Such as Europe/Berlin.")
    rule = forms.CharField(
        label="Repeats",
        max_length=200,
        required=False,
        help_text="Such as FREQ=WEEKLY;BYDAY=SU or FREQ=MONTHLY;BYDAY=1SU. Empty: once.",
    )

    field_order = ("name", "matchers", "local_start", "minutes", "zone", "rule", "includes_sev1")

    @staticmethod
    def initial_of(window: MaintenanceWindow) -> dict[str, Any]:
        """Initial form values of a window."""
        return {
            "name": window.name,
            "matchers": "\n".join(str(one) for one in matchers_from(window.matchers)),
            "local_start": window.local_start[:16],
            "minutes": window.duration_s // 60,
            "zone": window.zone,
            "rule": window.rule,
            "includes_sev1": window.includes_sev1,
        }

    def values(self) -> WindowValues:
        """Arguments for the service."""
        data = self.cleaned_data
        return WindowValues(
            name=data["name"],
            matchers=data["matchers"],
            local_start=data["local_start"].replace(tzinfo=None),
            duration_s=data["minutes"] * 60,
            zone=data["zone"].strip(),
            rule=data["rule"],
            includes_sev1=data["includes_sev1"],
        )
