"""Creates PDFs with typst in a child process with limits; PDF/UA if fonts have all characters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Semaphore
from typing import Final

from core.errors import Unavailable
from postmortems.export.blocks import blocks_of

TIMEOUT_S: Final = 20
WAIT_S: Final = 30
MAX_CHARS: Final = 400_000
CHILD: Final = Path(__file__).with_name("pdf_child.py")
_one_at_a_time = Semaphore(1)


def pdf_of(title: str, text: str) -> bytes:
    """The document as PDF. Raises Unavailable on a timeout or if typst is not installed."""
    data = json.dumps({"title": title, "blocks": blocks_of(text[:MAX_CHARS])})
    if not _one_at_a_time.acquire(timeout=WAIT_S):
        raise _unavailable("other PDFs are being created")
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(CHILD)],
            input=data.encode(),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired as error:
        raise _unavailable(f"it took longer than {TIMEOUT_S} s") from error
    finally:
        _one_at_a_time.release()
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        errors = done.stderr.decode(errors="replace").strip().splitlines()
        raise _unavailable(errors[-1][:200] if errors else f"typst ended with {done.returncode}")
    return done.stdout


def _unavailable(why: str) -> Unavailable:
    detail = f"The PDF could not be created: {why}. Markdown, HTML and JSON are available."
    return Unavailable(detail, headers={"Retry-After": "30"})
