"""Queue handler of analyses."""

from __future__ import annotations

from django.utils import timezone

from core.queue.handlers import works_on
from detection.analysis.services.analysing import analyse_incident
from detection.models import AnalysisJob
from detection.queues import ANALYSIS


@works_on(ANALYSIS, AnalysisJob, batch=5)
def analyse(job: AnalysisJob) -> None:
    """Analyse the incident of a job."""
    analyse_incident(job.workspace_id, job.incident_id, now=timezone.now())
