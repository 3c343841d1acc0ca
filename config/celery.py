"""The Celery app: two queues, and the whole beat schedule as one table."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("tocsin")
app.autodiscover_tasks()
