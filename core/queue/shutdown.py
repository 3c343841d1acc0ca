"""Shutdown flag of a worker: running items are finished, no other is claimed."""

from __future__ import annotations

import threading
from typing import Final

STOPPING: Final = threading.Event()
