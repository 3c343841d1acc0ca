"""Unreliable receivers: of every ten calls three fail, some of them after they acted."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.pagerduty import PagerDuty
from tests.fakes.receiver import Received, Receiver, Reply, running
from tests.fakes.slack_messages import Slack
from tests.fakes.smtp import Mailbox, smtp_server

KINDS = ("webhook", "slack", "pagerduty", "email")
BEFORE, AFTER = ("429", "503", "reset"), ("lost",)


@dataclass
class Dice:
    """Which fault the next call meets, and how many of each there were."""

    random: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def throw(self, faults: tuple[str, ...], share: float) -> str:
        """The name of a fault, or nothing."""
        with self.lock:
            self.calls += 1
            fault = self.random.choice(faults) if self.random.random() < share else ""
            self.faults[fault] += 1
        return fault

    def before(self) -> Reply | None:
        """What a call meets before it acts."""
        fault = self.throw(BEFORE, 0.2)
        replies = {
            "429": Reply(429, headers={"Retry-After": "1"}), "503": Reply(503), "reset": Reply(drops=True)
        }  # fmt: skip
        return replies.get(fault)

    def after(self) -> Reply | None:
        """What a call meets after it acted."""
        return Reply(drops=True) if self.throw(AFTER, 0.12) else None


class FlakyMailbox(Mailbox):
    """Replies 451 before or after it stored a message."""

    def __init__(self, dice: Dice) -> None:
        super().__init__()
        self.dice = dice

    async def take_data(self, server: Any, session: Any, envelope: Any) -> str:
        if self.dice.throw(("503",), 0.2):
            return "451 try again"
        reply: str = await super().take_data(server, session, envelope)
        return "451 lost" if self.dice.throw(AFTER, 0.12) else reply


FlakyMailbox.handle_DATA = FlakyMailbox.take_data


@dataclass
class FlakyReceivers:
    """All of them. `hooked`: webhook-id -> how often it was acted on."""

    dice: Dice
    webhook: Receiver
    slack: Slack
    pagerduty: PagerDuty
    mailbox: Mailbox
    smtp_port: int
    hooked: Counter[str]

    def acted(self) -> dict[str, Counter[str]]:
        """Kind -> id of a delivery -> how often the receiver acted on it."""
        return {
            "webhook": Counter({key.removeprefix("msg_"): n for key, n in self.hooked.items()}),
            "slack": Counter(str(one["metadata"]["event_payload"]["delivery"]) for one in self.slack.posted),
            "pagerduty": Counter(str(e["dedup_key"]).split("-", 2)[2] for e in self.pagerduty.events),
            "email": Counter(str(one["Message-ID"])[3:39] for one in self.mailbox.messages),
        }

    @property
    def environment(self) -> dict[str, str]:
        """What leads a program to them."""
        return {
            "HTTP_ALLOWED_NETWORKS": "127.0.0.0/8",
            "SMTP_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "MAIL_FROM": "Tocsin <tocsin@example.com>",
            "LYING": f"{self.webhook.url} {self.slack.url} {self.pagerduty.url}",
        }


@dataclass(frozen=True)
class Account:
    """What became of the deliveries. doubled: acted on twice where the receiver has no key to know by."""

    planned: int
    sent: int
    lost: int
    doubled: int
    repeats: int
    calls: int
    faults: int

    def is_right(self) -> bool:
        """Every one arrived, none twice."""
        return self.planned == self.sent and not self.lost and not self.doubled


def account(flaky: FlakyReceivers, rows: list[tuple[str, str, str]]) -> Account:
    """Compare rows of (kind, id, outcome) with what the receivers did."""
    acted = flaky.acted()
    sent = [(kind, key) for kind, key, outcome in rows if outcome == "sent"]
    known = {(kind, key) for kind, key, _ in rows}
    unplanned = [(kind, key) for kind in KINDS for key in acted[kind] if (kind, key) not in known]
    repeats = sum(counts.total() - len(counts) for counts in acted.values())
    unkeyed = acted["slack"].total() - len(acted["slack"])
    return Account(
        planned=len(rows),
        sent=len(sent),
        lost=sum(1 for kind, key in sent if not acted[kind][key]) + len(rows) - len(sent),
        doubled=unkeyed + len(unplanned),
        repeats=repeats - unkeyed,
        calls=flaky.dice.calls,
        faults=flaky.dice.faults.total() - flaky.dice.faults[""],
    )


@contextmanager
def flaky_receivers(seed: int) -> Iterator[FlakyReceivers]:
    """Serve all kinds until the block ends."""
    dice, hooked = Dice(random.Random(seed)), Counter[str]()
    lock = threading.Lock()

    def act(received: Received) -> Reply:
        if early := dice.before():
            return early
        with lock:
            hooked[received.headers["webhook-id"]] += 1
        return dice.after() or Reply()

    with ExitStack() as stack:
        slack = stack.enter_context(running(Slack()))
        pagerduty = stack.enter_context(running(PagerDuty()))
        slack.fault, slack.after = dice.before, dice.after
        pagerduty.before, pagerduty.after = dice.before, dice.after
        mailbox = FlakyMailbox(dice)
        port = stack.enter_context(smtp_server(mailbox))
        webhook = stack.enter_context(running(Receiver(act)))
        yield FlakyReceivers(dice, webhook, slack, pagerduty, mailbox, port, hooked)
