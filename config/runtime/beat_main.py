"""Runs beat without Celery's command line: `python -m config.runtime.beat_main`."""

from __future__ import annotations

from config.runtime.beat import app

if __name__ == "__main__":
    app.Beat(quiet=True).run()
