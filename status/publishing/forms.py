"""Forms of publishing; the services validate."""

from __future__ import annotations

from django import forms


class PublishForm(forms.Form):
    """Publish an incident."""

    title = forms.CharField(max_length=120, required=False)
    confirmed = forms.BooleanField(required=False)


class UpdateForm(forms.Form):
    """A public update."""

    message = forms.CharField(max_length=20_000)
    confirmed = forms.BooleanField(required=False)


class WindowForm(forms.Form):
    """Publication of a maintenance window."""

    title = forms.CharField(label="Public title", max_length=120)
    components = forms.MultipleChoiceField(
        label="Components", required=False, widget=forms.CheckboxSelectMultiple()
    )
    confirmed = forms.BooleanField(label="Publish although it looks sensitive", required=False)


class MaintenanceForm(forms.Form):
    """Scheduled work."""

    title = forms.CharField(label="Title", max_length=120)
    description = forms.CharField(
        label="Description", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )
    starts_at = forms.DateTimeField(
        label="Starts", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    ends_at = forms.DateTimeField(label="Ends", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    components = forms.MultipleChoiceField(
        label="Components", required=False, widget=forms.CheckboxSelectMultiple()
    )
    confirmed = forms.BooleanField(label="Publish although it looks sensitive", required=False)
