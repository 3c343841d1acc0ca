"""An upgrade with data: an older version is filled, stopped in a burst, and today's is started on its data.

    python -m tests.faults.upgrade [--of cf17db6]

The older version comes out of this repository's history and starts its own servers; it gets the demo, people,
sources, rules and incidents in every state over its API. All that its API showed must be shown afterwards,
every acknowledged event be stored and counted once, and every page open. Prints what was compared and how
long the migrations took. Exit status 1 when anything is missing; 0 and a sentence about it where the older
version is not in this clone.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from config.paths import ROOT
from tests.faults.account import account
from tests.faults.burst import SETTLED_WITHIN_S, Burst, during
from tests.faults.older_data import fill, missing, pages_that_fail, what_is_known
from tests.faults.running import Running, running

OLDER: Final = "cf17db6"
ACKNOWLEDGED_WITHIN_S: Final = 1800


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """The files of that revision in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="tocsin-older-") as folder:
        packed = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True)
        subprocess.run(["tar", "x"], cwd=folder, input=packed.stdout, check=True)
        yield Path(folder)


def is_in_history(revision: str) -> bool:
    """False in a shallow clone and where the source is no clone."""
    command = ["git", "cat-file", "-e", f"{revision}^{{commit}}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0


def upgrade(tocsin: Running) -> tuple[Burst, float]:
    """Stop the older version in the middle of a burst and start today's.

    Returns the burst and the seconds until ready.
    """
    burst, took = Burst(services=20, each=50, seed=21, within_s=ACKNOWLEDGED_WITHIN_S), 0.0

    def change() -> None:
        nonlocal took
        tocsin.stop(signal.SIGTERM)
        tocsin.root, began = ROOT, time.monotonic()
        tocsin.start(ACKNOWLEDGED_WITHIN_S)
        took = time.monotonic() - began

    during(burst, tocsin, change, share=0.4)
    tocsin.until(lambda: not _lost(burst, tocsin), SETTLED_WITHIN_S)
    return burst, took


def _lost(burst: Burst, tocsin: Running) -> dict[str, Any]:
    """What is missing or doubled of a burst; nothing when all is right."""
    found = account(burst, tocsin)
    kinds = ("lost", "doubled", "uncounted", "incidents_lost", "incidents_doubled", "undelivered")
    return {kind: getattr(found, kind) for kind in kinds if getattr(found, kind)}


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", default=OLDER, help="the older version: a revision of this repository")
    given = parser.parse_args()
    if not is_in_history(given.of):
        print(f"Not run: {given.of} is not in this clone's history. `git fetch --unshallow` brings it.")
        return 0
    with tree_of(given.of) as older:

        class Older(Running):
            """Runs the older files until it is upgraded."""

            root = older

        with running(Older, is_migrated=False) as tocsin:
            known = fill(tocsin)
            before = what_is_known(tocsin, known)
            burst, took = upgrade(tocsin)
            gone = missing(before, what_is_known(tocsin, known))
            pages, failing = pages_that_fail(tocsin, known)
            wrong = [*gone, *failing, *(f"{k}: {v}" for k, v in _lost(burst, tocsin).items())]
    print(f"{given.of} → this tree: ready after {took:.0f} s; {len(before)} documents compared, ", end="")
    print(f"{burst.services * burst.each} events sent across the upgrade, {pages} pages opened")
    print("\n".join(wrong) or "Nothing is missing, doubled or fails.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
