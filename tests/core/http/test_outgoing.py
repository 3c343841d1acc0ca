"""Outgoing requests of every module: none reaches an internal address, all reach an allowed network."""

from __future__ import annotations

import ast
import contextlib
from ipaddress import ip_network
from types import SimpleNamespace
from uuid import uuid4

import pytest
from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from accounts.identity.http_session import GuardedSession
from accounts.oncall import importing
from core.http.child_guard import RefusedConnectionError, confine
from core.queue.retry import PassingError, PermanentError
from core.secrets.encryption import encrypt
from core.secrets.signing import new_webhook_secret
from detection.language_model.client import Endpoint, ask
from notifications.channels.kind import CHANNEL_KINDS, Target
from notifications.deliveries.message import Message
from remediation.executors.base import Order, executor_for
from tests.architecture.source import ROOT, product, tree
from tests.fakes.receiver import Receiver, Reply, running

MESSAGE = Message("1", "test", "Test", ("A line",))
SECURITY = ROOT / "docs" / "reference" / "security.md"
SIGNED = new_webhook_secret()


def by_channel(kind: str, config: dict[str, str], **secrets: str) -> None:
    CHANNEL_KINDS.get(kind).send(Target(config, {k: (v,) for k, v in secrets.items()}), MESSAGE)


def by_action(kind: str, **config: str) -> None:
    executor_for(kind).start(Order(7, "scale_up", "checkout", {}, config, 60), {})


def by_subscription(url: str) -> None:
    from status.subscriptions import sending  # models may be imported only after the servers run

    page = SimpleNamespace(slug="acme", title="Acme")
    subscriber = SimpleNamespace(
        page=page, public_id=uuid4(), secret=encrypt(SIGNED), address=encrypt(url), subscriber_state="pending"
    )
    sending._post(
        SimpleNamespace(kind="confirm", subscriber=subscriber, payload={}, public_id=uuid4(), attempts=1)
    )


def by_calendar(url: str) -> None:
    schedule = SimpleNamespace(source="url", sealed_url=encrypt(url), etag="", calendar_text="")
    importing._fetched(schedule)


def by_health_check(url: str) -> None:
    from remediation.recovery import watching

    watching._failure(url)


def by_verification(url: str) -> None:
    from remediation.runs.services import settling

    action = SimpleNamespace(health_url=url)
    settling._is_healthy(SimpleNamespace(action=action, snapshot={"target": "checkout"}, component=None))


def by_slack_file(url: str) -> None:
    from warroom.inbound import images

    images._download(SimpleNamespace(token="xoxb-1"), {"url_private": url})


def by_slack_response(url: str) -> None:
    from warroom.inbound import processing
    from warroom.slack.text import Reply

    processing._respond(url, Reply("Done."))


CALLS = {
    "accounts/identity/http_session.py": lambda url: GuardedSession().get(url),
    "accounts/oncall/importing.py": by_calendar,
    "detection/language_model/client.py": lambda url: ask(Endpoint(url, "model", "key"), "{}"),
    "notifications/channels/kinds/apprise_url.py": lambda url: by_channel(
        "apprise", {}, url=url.replace("http", "json")
    ),
    "notifications/channels/kinds/pagerduty.py": lambda url: by_channel(
        "pagerduty", {"url": url}, routing_key="k"
    ),
    "notifications/channels/kinds/slack.py": lambda url: by_channel("slack", {}, webhook_url=url),
    "notifications/channels/kinds/webhook.py": lambda url: by_channel("webhook", {"url": url}, secret=SIGNED),
    "remediation/executors/kubernetes.py": lambda url: by_action(
        "kubernetes", server=url, namespace="shop", deployment="checkout", operation="restart"
    ),
    "remediation/executors/webhook.py": lambda url: by_action("webhook", url=f"{url}/x"),
    "remediation/recovery/watching.py": by_health_check,
    "remediation/runs/services/settling.py": by_verification,
    "status/subscriptions/sending.py": by_subscription,
    "warroom/inbound/images.py": by_slack_file,
    "warroom/inbound/processing.py": by_slack_response,
}


@pytest.fixture(scope="module")
def inside():
    with running(Receiver(lambda received: Reply(body=b"{}"))) as receiver:
        yield receiver


@pytest.mark.parametrize("place", CALLS)
@pytest.mark.django_db
def test_no_call_reaches_an_inside_address(inside, settings, place):
    settings.APPRISE_SCHEMES = frozenset({"json"})
    refusals = (PassingError, PermanentError, OAuth2Error, ValueError, KeyError)
    for allowed, arrive in (((), 0), ((ip_network("127.0.0.0/8"),), 1)):
        settings.HTTP_ALLOWED_NETWORKS = allowed
        inside.received.clear()
        with contextlib.suppress(*refusals):
            CALLS[place](inside.url)
        assert min(len(inside.received), 1) == arrive, (place, allowed)


def test_child_of_a_host_with_a_refused_address_reaches_none(monkeypatch):
    hooks = []
    monkeypatch.setattr("core.http.child_guard.sys.addaudithook", hooks.append)
    refused = confine(["127.0.0.0/8"])
    [look] = hooks
    inside = ("127.0.0.1", 80)
    look("socket.connect", (None, inside))
    with pytest.raises(RefusedConnectionError):
        look("subprocess.Popen", ("uname",))
    look("socket.connect", (None, inside))
    for target in (("::1", 80, 0, 0), inside):
        with pytest.raises(RefusedConnectionError, match=r"0\.0\.0\.1 is not a public address"):
            look("socket.connect", (None, target))
    look("socket.sendmsg", (None, None))
    assert len(refused) == 3


def test_every_place_that_calls_out_is_here_and_in_the_docs():
    found = {str(path) for path in product() if path.parts[0] not in {"tocsin", "core"} and _calls_out(path)}
    assert found == set(CALLS)
    document = SECURITY.read_text()
    assert [place for place in CALLS if f"`{place}`" not in document] == []


def _calls_out(path) -> bool:
    """Whether a file takes the HTTP client, or has a child process do so."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            names = {one.name for one in node.names}
            if (node.module == "core.http.client" and "request" in names) or (
                node.module == "core.http" and "client" in names
            ):
                return True
            if node.module == "core.http.child_guard":
                return True
    return False
