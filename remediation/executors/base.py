"""What an executor is: checks, shows, starts, asks and stops; it decides nothing about whether it may act."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final

from core.registry import Registry
from remediation.executors.placeholders import Placeholder, asked_in

MAX_OUTPUT_BYTES: Final = 64_000


class Progress(StrEnum):
    """What is known of something that was started."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_STARTED = "not_started"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, complete. `secrets` never appears in a preview or an output."""

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
    """How it stands: progress, the exit code or HTTP status, output, and why where it needs words."""

    progress: Progress
    code: int | None = None
    output: str = ""
    reason: str = ""


class Executor(ABC):
    """One way of carrying out actions; one file each in `remediation/executors/`."""

    kind: ClassVar[str]
    title: ClassVar[str]
    can_probe: ClassVar[bool] = False
    by_hand: ClassVar[bool] = False
    is_local: ClassVar[bool] = False  # what it started can be asked only on the host of the worker

    @abstractmethod
    def faults(self, config: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What is wrong with the configuration of an action: (field, message); empty when nothing is."""

    def asks(self, config: Mapping[str, Any]) -> dict[str, Placeholder]:
        """The placeholders whose values whoever requests a run gives. Raises PlaceholderError."""
        return asked_in(config)

    @abstractmethod
    def preview(self, order: Order) -> str:
        """What would be done, in full and without doing it. Raises core.errors.Problem when it cannot be."""

    @abstractmethod
    def start(self, order: Order, handle: dict[str, Any]) -> Report:
        """Do it, once. Fills `handle` with what finds it again. Called in a worker, outside transactions."""

    def poll(self, order: Order, handle: Mapping[str, Any]) -> Report:
        """How something started stands."""
        return self.probe(order, handle)

    def probe(self, order: Order, handle: Mapping[str, Any]) -> Report:
        """What can be known after the worker that started it died."""
        return Report(Progress.UNKNOWN, reason="This kind of action cannot be queried. Check manually.")


EXECUTORS: Final[Registry[Executor]] = Registry("executor")


def executor(cls: type[Executor]) -> type[Executor]:
    """Class decorator: register the executor."""
    EXECUTORS.add(cls.kind, cls())
    return cls


def executor_for(kind: str) -> Executor:
    """The executor of that kind. Raises LookupError naming the known ones."""
    return _discovered().get(kind)


@functools.cache
def _discovered() -> Registry[Executor]:
    return EXECUTORS.discover("remediation.executors")
