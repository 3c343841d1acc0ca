"""Executor base class: validates, previews, starts and polls actions. Approval is decided elsewhere."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final

from core.registry import Registry
from remediation.executors.placeholders import Placeholder, parameters_in

MAX_OUTPUT_BYTES: Final = 64_000


class Progress(StrEnum):
    """Progress of a started action."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_STARTED = "not_started"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Order:
    """A complete order for an executor. `secrets` never appears in a preview or an output."""

    run_id: int
    action: str
    target: str
    arguments: Mapping[str, Any]
    config: Mapping[str, Any]
    timeout_s: int
    steps: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """Report of an executor: progress, exit code or HTTP status, output, and the reason."""

    progress: Progress
    code: int | None = None
    output: str = ""
    reason: str = ""


class Executor(ABC):
    """An executor; one file each in `remediation/executors/`."""

    kind: ClassVar[str]
    title: ClassVar[str]
    can_probe: ClassVar[bool] = False
    by_hand: ClassVar[bool] = False
    is_local: ClassVar[bool] = False  # can only be polled on the worker's host

    @abstractmethod
    def faults(self, config: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Validation errors of an action's configuration: (field, message)."""

    def parameters(self, config: Mapping[str, Any]) -> dict[str, Placeholder]:
        """Placeholders whose values are given with the request of a run. Raises PlaceholderError."""
        return parameters_in(config)

    @abstractmethod
    def preview(self, order: Order) -> str:
        """Dry run: what would be done, in full. Raises core.errors.Problem if it is impossible."""

    @abstractmethod
    def start(self, order: Order, handle: dict[str, Any]) -> Report:
        """Start it, once. Stores what polling needs in `handle`. Called in a worker, outside transactions."""

    def poll(self, order: Order, handle: Mapping[str, Any]) -> Report:
        """Report of a started action."""
        return self.probe(order, handle)

    def probe(self, order: Order, handle: Mapping[str, Any]) -> Report:
        """Report after the worker that started it died."""
        return Report(Progress.UNKNOWN, reason="This kind of action cannot be queried. Check manually.")


EXECUTORS: Final[Registry[Executor]] = Registry("executor")


def executor(cls: type[Executor]) -> type[Executor]:
    """Class decorator that registers the executor."""
    EXECUTORS.add(cls.kind, cls())
    return cls


def executor_for(kind: str) -> Executor:
    """The executor of that kind. Raises LookupError."""
    return _discovered().get(kind)


@functools.cache
def _discovered() -> Registry[Executor]:
    return EXECUTORS.discover("remediation.executors")
