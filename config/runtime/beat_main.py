"""`python -m config.runtime.beat_main`: beat, without Django and without the command line's weight."""

from __future__ import annotations

from config.runtime.beat import app

if __name__ == "__main__":
    app.Beat(quiet=True).run()
