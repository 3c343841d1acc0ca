"""`python -m bench.all`: every goal, then the results table in bench/README.md from the stored outcomes."""

from __future__ import annotations

import argparse
import sys
import traceback

from bench.__main__ import arguments, measure, scale_of
from bench.goals import GOALS
from bench.harness.readme import write_results
from bench.harness.scale import Scale


def main() -> int:
    """Measure all goals; a failed one is reported at the end and does not stop the others."""
    parser = argparse.ArgumentParser(prog="python -m bench.all", description=__doc__)
    parser.add_argument("--table", action="store_true", help="measure nothing, only rewrite the table")
    options = arguments(parser).parse_args()
    failed = [] if options.table else [goal for goal in GOALS if not _passes(goal, scale_of(options))]
    if not options.smoke:
        write_results()
    if failed:
        print(f"\nNot reached or not measured: {', '.join(map(str, failed))}")
    return 1 if failed else 0


def _passes(goal: int, scale: Scale) -> bool:
    try:
        return measure(goal, scale).passed
    except Exception:
        traceback.print_exc()
        return False


if __name__ == "__main__":
    sys.exit(main())
