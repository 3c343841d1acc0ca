"""Schemathesis, all phases and checks, against the whole application in this process.

    python -m tests.api.fuzz --cases 20000 [--seed 1] [--phases stateful fuzzing]

Calls the ASGI application with both raw endpoints, on its own PostgreSQL and Valkey. Goes on with other
seeds until so many cases were tried. Prints every failure once, and the figure.
Exit status 1 when anything failed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from typing import Any

from tests import servers

PHASES = ["examples", "coverage", "fuzzing", "stateful"]
# A limit returns 429, which this run would reach; everything else is as in production.
LIMITS = {"API_LIMIT_PER_CALLER": "100000000", "EVENT_LIMIT_PER_TOKEN": "100000000"}
# An unsupported method must return 405, but these match another address: /incidents/{reference}.
LEFT_OUT = (
    "unsupported_method",
    # A title that is in use, a date in the past: refused by 422, as documented.
    "positive_data_acceptance",
)


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=PHASES)
    given = parser.parse_args()
    servers.start()
    try:
        return _report(*_try(given.cases, given.seed, _prepared(), given.phases))
    finally:
        servers.stop()


def _prepared() -> str:
    """The text of a token that may do everything, on a fresh database with something to work on."""
    os.environ.update(LIMITS)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from accounts.actor import system_actor
    from accounts.models import Scope
    from accounts.tokens.services import issue_token
    from accounts.workspaces.services import create_bare_workspace
    from detection.rules.services.rules import install_builtin_rules
    from incidents.correlation.services.opening import declare_incident
    from incidents.sla.services.clocks import seed_policies

    workspace = create_bare_workspace(slug="fuzz", name="Fuzz")
    actor = system_actor(workspace.pk)
    seed_policies(workspace.pk)
    install_builtin_rules(actor)
    declare_incident(actor, title="Checkout is down", components=["api"])
    return issue_token(actor, name="Fuzz", scopes=list(Scope)).text


async def _application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    from config.asgi import application

    if scope["type"] == "lifespan":
        raise RuntimeError("this application takes no lifespan messages")  # the server then does without
    scope["client"] = ("192.0.2.1", 1)
    scope["headers"] = [(n, b"localhost" if n == b"host" else v) for n, v in scope["headers"]]
    await application(scope, receive, send)


def _try(wanted: int, seed: int, token: str, phases: list[str]) -> tuple[Counter[str], dict[str, str]]:
    cases, failures, began, reported = Counter[str](), dict[str, str](), time.monotonic(), 0
    while cases.total() < wanted:
        for event in _one_run(seed, token, wanted, phases):
            _take_in(event, cases, failures)
            if cases.total() >= reported + 500:
                reported, took = cases.total(), time.monotonic() - began
                print(f"{reported:,} cases, {len(failures)} failures, {took:.0f} s", flush=True)
        seed += 1
    return cases, failures


def _one_run(seed: int, token: str, wanted: int, phases: list[str]) -> Any:
    from schemathesis.engine import from_schema

    return from_schema(_schema(seed, token, wanted, phases)).execute()


def _take_in(event: Any, cases: Counter[str], failures: dict[str, str]) -> None:
    from schemathesis.engine import events

    if isinstance(event, events.ScenarioFinished):
        cases[event.phase.name] += len(event.recorder.cases)
        _note(event.recorder, failures)
    elif isinstance(event, events.NonFatalError):
        failures.setdefault(f"{event.label}: {event.info.title}", str(event.info))


def _schema(seed: int, token: str, most: int, phases: list[str]) -> Any:
    import schemathesis
    from schemathesis.config import SchemathesisConfig

    config = SchemathesisConfig()
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", _application, config=config, timeout=60)
    operations = sum(1 for _ in schema.get_all_operations())
    config._seed = seed
    schema.config.update(headers={"Authorization": f"Bearer {token}"}, continue_on_failure=True, workers=1)
    schema.config.generation.update(max_examples=max(2, most // operations // 2), no_shrink=True)
    schema.config.phases.update(phases=phases)
    # 413: a text beyond its longest can make the body larger than any may be.
    schema.config.checks.negative_data_rejection.expected_statuses.append("413")
    for name in LEFT_OUT:
        getattr(schema.config.checks, name).enabled = False
    return schema


def _note(recorder: Any, failures: dict[str, str]) -> None:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                case = recorder.cases[case_id].value
                name = f"{case.operation.label}: {check.name}"
                words = f"{check.failure_info.failure.message}\n    {case.as_curl_command()[:1500]}"
                failures.setdefault(name, words)


def _report(cases: Counter[str], failures: dict[str, str]) -> int:
    for name, words in failures.items():
        print(f"\nFAILED {name}\n    {words}")
    parts = ", ".join(f"{phase.lower()} {count:,}" for phase, count in cases.items())
    print(f"\n{cases.total():,} cases ({parts}), {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
