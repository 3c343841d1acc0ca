"""`python -m bench GOAL…`: measure goals by number; exit status 1 when one misses its bound."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from importlib import import_module

import django

from bench.goals import GOALS
from bench.harness.machine import facts
from bench.harness.report import Report
from bench.harness.scale import SMOKE, Scale

SEPARATE = {
    "analysis": "bench.analysis.measure",
    "bundles": "bench.bundles",
    "inside": "bench.inside.measure",
    "opening": "bench.opening",
    "outbound": "bench.outbound.measure",
    "tally": "bench.tally",
    "templates": "bench.templates.measure",
}


def arguments(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the arguments of every entry point."""
    parser.add_argument(
        "--smoke", action="store_true", help="tiny sizes, only to see that it works; stores nothing"
    )
    for name, words in (
        ("repetitions", "runs of each candidate"),
        ("seconds", "seconds of one load"),
        ("stored", "events stored for goal 11"),
    ):
        parser.add_argument(f"--{name}", type=int, help=words)
    return parser


def scale_of(options: argparse.Namespace) -> Scale:
    """Return the requested sizes."""
    given = {name: getattr(options, name) for name in ("repetitions", "seconds", "stored")}
    return replace(SMOKE if options.smoke else Scale(), **{k: v for k, v in given.items() if v is not None})


def measure(goal: int, scale: Scale) -> Report:
    """Run one goal, print its outcome, and store it unless it was a smoke run."""
    report = GOALS[goal](scale)
    report.print()
    if not scale.is_smoke:
        report.save(facts())
    return report


def separate(module: str) -> int:
    """Run a benchmark with options of its own; needs the apps to be loaded."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("TOCSIN_ENV", "test")
    django.setup()
    return int(import_module(module).main())


def main() -> int:
    """Measure the goals on the command line, in order; those of SEPARATE have their own options."""
    if module := SEPARATE.get("".join(sys.argv[1:2])):
        del sys.argv[1]
        return separate(module)
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("goals", nargs="+", type=int, choices=sorted(GOALS), metavar="GOAL")
    options = arguments(parser).parse_args()
    reports = [measure(goal, scale_of(options)) for goal in options.goals]
    return 0 if all(report.passed for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
