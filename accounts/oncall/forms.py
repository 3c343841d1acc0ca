"""Forms of the on-call pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django import forms
from django.utils import timezone

from accounts.oncall.calendar_sources import CALENDAR_SOURCES
from accounts.oncall.ical_guard import MAX_BYTES
from accounts.oncall.models import OnCallRotation
from accounts.oncall.validation import RotationValues
from core.ui.forms import LongSelect, time_zones

WEEKDAYS: Final = tuple(
    enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))
)
_TIME: Final = {"type": "time"}
_MOMENT: Final = {"type": "datetime-local"}


class ScheduleForm(forms.Form):
    """A schedule's name and time zone."""

    name = forms.CharField(label="Name", max_length=120, help_text="Such as “Platform primary”.")
    time_zone = forms.ChoiceField(
        label="Time zone", choices=time_zones, widget=LongSelect, help_text="Hand-offs follow its local time."
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class RotationForm(forms.Form):
    """One layer of a schedule."""

    layer = forms.IntegerField(
        label="Layer", min_value=1, max_value=10, initial=1, help_text="A higher layer overrides a lower one."
    )
    participants = forms.CharField(
        label="People", help_text="User names in rotation order, separated by commas."
    )
    unit = forms.ChoiceField(label="Turns of", choices=OnCallRotation.Unit.choices, initial="week")
    length = forms.IntegerField(label="Length", min_value=1, max_value=28, initial=1)
    handoff_weekday = forms.TypedChoiceField(
        label="Hand-off day", choices=WEEKDAYS, coerce=int, initial=0, help_text="For weekly rotation."
    )
    handoff_time = forms.TimeField(
        label="Hand-off time", initial="09:00", widget=forms.TimeInput(attrs=_TIME, format="%H:%M")
    )
    starts_on = forms.DateField(
        label="First day", initial=date.today, widget=forms.DateInput(attrs={"type": "date"})
    )
    ends_on = forms.DateField(
        label="Ends before",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: never.",
    )
    active_from = forms.TimeField(
        label="Active from", required=False, widget=forms.TimeInput(attrs=_TIME, format="%H:%M"),
        help_text="Empty: all day.",
    )  # fmt: skip
    active_to = forms.TimeField(
        label="Active until", required=False, widget=forms.TimeInput(attrs=_TIME, format="%H:%M")
    )
    active_weekdays = forms.TypedMultipleChoiceField(
        label="Active on", choices=WEEKDAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def values(self) -> RotationValues:
        """Return the values for the service."""
        data = dict(self.cleaned_data)
        del data["layer"]
        people = [name.strip().lower() for name in data.pop("participants").split(",") if name.strip()]
        return RotationValues(participants=people, **data)


class OverrideForm(forms.Form):
    """Person and time of an override."""

    username = forms.CharField(label="Who", max_length=150, help_text="A user name.")
    starts_at = forms.DateTimeField(
        label="From", widget=forms.DateTimeInput(attrs=_MOMENT, format="%Y-%m-%dT%H:%M")
    )
    ends_at = forms.DateTimeField(
        label="Until", widget=forms.DateTimeInput(attrs=_MOMENT, format="%Y-%m-%dT%H:%M")
    )
    reason = forms.CharField(label="Reason", max_length=200, required=False)


class SwapForm(forms.Form):
    """Two shifts to exchange between their people."""

    shift_id = forms.TypedChoiceField(label="Shift", coerce=int)
    other_shift_id = forms.TypedChoiceField(label="Swap with", coerce=int)

    def __init__(self, *args: Any, shifts: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("shift_id", "other_shift_id"):
            field = self.fields[name]
            if isinstance(field, forms.TypedChoiceField):
                field.choices = shifts


class CalendarForm(forms.Form):
    """The calendar a schedule is imported from."""

    url = forms.CharField(
        label="Calendar URL", max_length=2000, required=False, help_text="https address of an iCalendar feed."
    )
    file = forms.FileField(label="Or a file", required=False, help_text="An .ics file of at most 512 kB.")

    def data_read(self) -> bytes:
        """Return the file's content, truncated one byte after the limit."""
        file = self.cleaned_data["file"]
        return bytes(file.read(MAX_BYTES + 1)) if file else b""


class FeedForm(forms.Form):
    """A new calendar feed."""

    name = forms.CharField(label="Name", max_length=120, initial="My shifts")
    kinds = forms.MultipleChoiceField(label="Shows", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kinds"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(one.name, one.title) for one in CALENDAR_SOURCES]
            field.initial = CALENDAR_SOURCES.names()


def moment_words(moment: datetime) -> str:
    """Return an instant in the viewer's time zone, for a select box."""
    return timezone.localtime(moment).strftime("%a %d %b %H:%M")
