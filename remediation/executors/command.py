"""Runs commands of the allow-list `REMEDIATION_COMMANDS`, by a shim that outlives the worker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from core.errors import Invalid
from core.redaction import redact
from remediation.executors import shim
from remediation.executors.base import MAX_OUTPUT_BYTES, Executor, Order, Progress, Report, executor
from remediation.executors.placeholders import (
    Placeholder,
    PlaceholderError,
    filled,
    is_whole,
    parameters_in,
    placeholders_in,
)

FOLDER: Final = "remediation"
DETACH_WITHIN_S: Final = 10


@executor
class Command(Executor):
    """Runs an argv template from the settings. Actions refer to commands by name only."""

    kind = "command"
    title = "Command"
    can_probe = True
    is_local = True

    def faults(self, config: Mapping[str, Any]) -> list[tuple[str, str]]:
        """`command` must be on the allow-list, with an absolute program and placeholders that are known."""
        name = config.get("command")
        if name not in settings.REMEDIATION_COMMANDS:
            known = ", ".join(sorted(settings.REMEDIATION_COMMANDS)) or "none"
            return [("command", f"is not on the allow-list REMEDIATION_COMMANDS; known: {known}")]
        if fault := _template_fault(settings.REMEDIATION_COMMANDS[name]):
            return [("command", f"{name} of REMEDIATION_COMMANDS: {fault}")]
        return [(key, "is not a setting of a command") for key in config if key not in {"command"}]

    def parameters(self, config: Mapping[str, Any]) -> dict[str, Placeholder]:
        """Parameters of the command on the allow-list."""
        return parameters_in(settings.REMEDIATION_COMMANDS.get(str(config.get("command")), []))

    def preview(self, order: Order) -> str:
        """The exact argv, one element per line."""
        return "\n".join(self.argv(order))

    def argv(self, order: Order) -> list[str]:
        """The program and its arguments. Raises Invalid for a refused name or value."""
        faults = self.faults(order.config)
        if faults:
            raise Invalid(f"{order.action}: command {faults[0][1]}. Nothing was run.")
        template: list[str] = settings.REMEDIATION_COMMANDS[order.config["command"]]
        values = {"component": order.target, "run": order.run_id, **order.arguments}
        try:
            return [template[0], *(filled(part, values) for part in template[1:])]
        except PlaceholderError as error:
            raise Invalid(f"{order.action}: {error}. Nothing was run.") from error

    def start(self, order: Order, handle: dict[str, Any]) -> Report:
        """Start the shim with the command, in its own session, and return immediately."""
        spool = spool_of(order.run_id)
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle["spool"] = str(spool)
        order_file = {"argv": self.argv(order), "timeout_s": order.timeout_s, "limit": MAX_OUTPUT_BYTES}
        subprocess.run(  # the shim detaches itself, so this returns once it runs
            [sys.executable, "-I", "-S", shim.__file__, str(spool), json.dumps(order_file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=spool, env={"PATH": "/usr/bin:/bin", **order.secrets}, timeout=DETACH_WITHIN_S, check=True,
        )  # fmt: skip
        return Report(Progress.RUNNING)

    def probe(self, order: Order, handle: Mapping[str, Any]) -> Report:
        """Report from the files of the shim: a result, a start with a live or dead process, or nothing."""
        spool = spool_of(order.run_id)
        if (result := shim.read(spool / shim.RESULT)) is not None:
            return _ended(result)
        started = shim.read(spool / shim.STARTED)
        if started is None:
            spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            if shim.give_up_start(spool):  # it never will: the shim now refuses
                return Report(Progress.NOT_STARTED, reason="The command never started.")
            return Report(Progress.RUNNING)  # the shim is about to record its start
        if started.get("boot_id") == shim.boot_id() and shim.is_alive(started):
            return Report(Progress.RUNNING)
        return Report(Progress.UNKNOWN, reason="The command started, but left no result.")


def _template_fault(template: list[str]) -> str:
    """Validation error of a command in the settings, or ""."""
    if not template or not Path(template[0]).is_absolute():
        return "the program must be an absolute path"
    if partial := [part for part in template[1:] if not is_whole(part)]:
        return f"{partial[0]!r}: a placeholder must be a whole argument"
    try:
        placeholders_in(template[1:])
    except PlaceholderError as error:
        return str(error)
    return ""


def spool_of(run_id: int) -> Path:
    """Directory for the files of a run's shim, on this host."""
    return Path(settings.DATA_DIR) / FOLDER / f"run-{run_id}"


def _ended(result: Mapping[str, Any]) -> Report:
    output, code = redact(str(result.get("output", ""))), result.get("code")
    if result.get("timed_out"):
        limit = result.get("timeout_s")
        if not result.get("killed"):
            return Report(
                Progress.UNKNOWN, code, output, f"It ran longer than {limit} s and could not be killed."
            )
        return Report(Progress.FAILED, code, output, f"It ran longer than {limit} s and was killed.")
    if code == 0:
        return Report(Progress.SUCCEEDED, 0, output)
    return Report(Progress.FAILED, code, output, f"It ended with exit code {code}.")
