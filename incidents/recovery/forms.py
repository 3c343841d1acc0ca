"""Form for reviewing a detected incident."""

from __future__ import annotations

from django import forms

from incidents.lifecycle.forms import ActionForm
from incidents.models import IncidentVerdict

NOT_REVIEWED = ("", "No verdict")


class VerdictForm(ActionForm):
    """Whether the incident was real; a reason if it was not. "No verdict" withdraws it."""

    verdict = forms.ChoiceField(
        label="Verdict", required=False, choices=[*IncidentVerdict.Verdict.choices, NOT_REVIEWED]
    )
    reason = forms.ChoiceField(
        label="Why it was not a problem",
        required=False,
        choices=[("", "Choose for a false positive"), *IncidentVerdict.Reason.choices],
    )
    note = forms.CharField(label="Note", required=False, max_length=500)

    def prepare(self) -> None:
        """Fill in the stored review, by default a false positive, the usual reason to open the form."""
        rows = IncidentVerdict.objects.of(self.incident.workspace_id)
        found = rows.filter(incident=self.incident).first()
        self.fields["verdict"].initial = found.verdict if found else IncidentVerdict.Verdict.FALSE_POSITIVE
        self.fields["reason"].initial = found.reason if found else ""
        self.fields["note"].initial = found.note if found else ""
