"""Inspects one bundle in a process of its own with limits: `python -m bundles.inspection.child FILE`.

The environment variable `REDACTION_RULES` has the installation's own rules.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Final

from bundles.inspection.archive import HostileArchiveError
from bundles.inspection.report import inspect
from tocsin.redaction.own_rules import OwnRule

RULES: Final = "REDACTION_RULES"
MAX_CPU_S: Final = 60
MAX_MEMORY_BYTES: Final = 512 * 2**20


def main() -> None:
    """Print the report, or the reason of the refusal, as JSON."""
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    try:
        own = [OwnRule(rule) for rule in json.loads(os.environ.get(RULES, "[]"))]
        report = inspect(Path(sys.argv[1]), own)
    except HostileArchiveError as error:
        found: dict[str, object] = {"refused": str(error)}
    else:
        found = {**report._asdict(), "is_leaking": report.is_leaking}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
