"""One of two hosts is lost under load: the other continues its work, nothing twice."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest
import requests

from tests.fakes.receiver import Received, Receiver, Reply
from tests.fakes.receiver import running as receiving
from tests.faults.burst import SETTLED_WITHIN_S, Burst, check_it_settles, during
from tests.faults.crowd import Crowd, sign_in
from tests.faults.hosts import Host, two_hosts

pytestmark = [
    pytest.mark.faults,
    pytest.mark.whole,
    pytest.mark.xdist_group("hosts"),
    pytest.mark.timeout(600),
]
TOKEN = re.compile(r"\btcs_[A-Za-z0-9]+_[A-Za-z0-9_-]+")
REACHED_WITHIN_S = 60.0
CHANNELS = 3
TAKEN_BACK_S = 75.0  # the lease of the host that was lost, and a busy machine
UNDELIVERED = "select count(*) from notifications_delivery where state = 'pending'"
DELIVERED = """
select count(*), count(distinct (channel_id, incident_id)), count(*) filter (where outcome = 'sent')
  from notifications_delivery where event_kind = 'incident.opened' and channel_id is not null
"""
DUE = """
with due as (
  update incidents_slaclock c set deadline = now(), warn_at = now() - interval '1 second', due_at = now()
    from incidents_incident i
   where i.id = c.incident_id and i.number = %s and c.kind = 'acknowledge' returning 1)
select count(*) from due
"""
BREACHES = """
select c.breaches, (select count(*) from incidents_timelineentry t
                     where t.incident_id = i.id and t.kind = 'sla' and t.message like '%%acknowledge%%')
  from incidents_slaclock c join incidents_incident i on i.id = c.incident_id
 where i.number = %s and c.kind = 'acknowledge'
"""


@dataclass
class Held:
    """A webhook receiver. While `open` is cleared it acts on a call and does not respond."""

    open: threading.Event = field(default_factory=threading.Event)
    waiting: int = 0

    def respond(self, received: Received) -> Reply:
        """Act, and respond when it is open."""
        if not self.open.is_set():
            self.waiting += 1
            self.open.wait(REACHED_WITHIN_S)
        return Reply()


@pytest.fixture(scope="module")
def held() -> Iterator[tuple[Held, Receiver]]:
    found = Held()
    found.open.set()
    with receiving(Receiver(found.respond)) as receiver:
        yield found, receiver
        found.open.set()


@pytest.fixture(scope="module")
def hosts(held: tuple[Held, Receiver]) -> Iterator[tuple[Host, Host]]:
    with two_hosts(HTTP_ALLOWED_NETWORKS="127.0.0.0/8") as both:
        yield both


@pytest.fixture(scope="module")
def cookie(hosts: tuple[Host, Host]) -> str:
    """A session begun on the host that will be lost.

    By the link of the host that started last, for the newest of a person's links ends the older ones.
    """
    for printed_by in hosts:
        with suppress(requests.HTTPError):
            return sign_in(hosts[0], printed_by)
    raise AssertionError("no printed link works")


def test_lost_host_loses_nothing_and_the_other_continues(
    hosts: tuple[Host, Host], held: tuple[Held, Receiver], cookie: str
) -> None:
    (lost, left), (hold, receiver) = hosts, held
    _add_channels(lost, left, receiver.url)
    burst = Burst(services=6, each=40)
    assert _signed_in(left, cookie), "a session of the one host is valid on the other"
    stopped = left.stop_programs("outbound")
    hold.open.clear()

    def lose() -> None:
        assert left.until(lambda: hold.waiting, SETTLED_WITHIN_S), "the host never sent anything"
        lost.die()
        for one in stopped:
            one.resume()
        hold.open.set()

    with closing(lost.listen(cookie)) as broken, closing(left.listen(cookie)) as going_on:
        during(burst, lost, lose, 0.5, left)
        assert Crowd([going_on], [], []).count_reached(b'"incidents"', REACHED_WITHIN_S), "the stream goes on"
        assert _ends(broken)
    check_it_settles(burst, left)
    assert left.until(lambda: left.row(UNDELIVERED) == (0,), TAKEN_BACK_S), "leases of the lost host end"
    wanted = 6 * CHANNELS
    assert left.row(DELIVERED) == (wanted, wanted, wanted)
    _check_calls(receiver, wanted, in_flight=hold.waiting)


def test_sign_in_live_updates_and_timers_go_on_at_the_host_that_is_left(
    hosts: tuple[Host, Host], cookie: str
) -> None:
    _, left = hosts
    assert _signed_in(left, cookie)
    with closing(left.listen(cookie)) as stream:
        burst = Burst(services=1, each=20)
        burst.send(left)
        assert Crowd([stream], [], []).count_reached(b'"incidents"', REACHED_WITHIN_S)
    check_it_settles(burst, left)
    body = {"title": "Late", "severity": "sev1"}
    response = requests.post(f"{left.url}/api/v1/incidents", json=body, timeout=20)
    number = int(response.json()["reference"].removeprefix("INC-"))
    assert left.row(DUE, number) == (1,)
    assert left.until(lambda: left.row(BREACHES, number)[0] == 1, REACHED_WITHIN_S)
    settled = Burst(services=1, each=20)  # by when a second entry would be there
    settled.send(left)
    check_it_settles(settled, left)
    breaches, warned_and_missed = left.row(BREACHES, number)
    assert (breaches, warned_and_missed <= 2) == (1, True)


def _add_channels(lost: Host, left: Host, url: str) -> None:
    """Webhook channels for each opened incident, created with the token that the first start printed."""
    assert left.until(lambda: TOKEN.search(lost.log() + left.log()), REACHED_WITHIN_S)
    [token] = {*TOKEN.findall(lost.log()), *TOKEN.findall(left.log())}
    as_admin = {"Authorization": f"Bearer {token}"}
    ids = []
    for number in range(CHANNELS):
        body = {"kind": "webhook", "name": f"Hook {number}", "config": {"url": f"{url}/{number}"}}
        response = requests.post(f"{left.url}/api/v1/channels", json=body, headers=as_admin, timeout=20)
        assert response.status_code == 201, response.text
        ids.append(response.json()["id"])
    route = {"name": "Opened", "event_kinds": ["incident.opened"], "channel_ids": ids}
    response = requests.post(f"{lost.url}/api/v1/routes", json=route, headers=as_admin, timeout=20)
    assert response.status_code == 201, response.text


def _signed_in(host: Host, cookie: str) -> bool:
    """Whether a page is shown rather than the sign-in page."""
    headers = {"Cookie": cookie}
    page = requests.get(f"{host.url}/incidents", headers=headers, allow_redirects=False, timeout=20)
    return page.status_code == 200


def _ends(stream: socket.socket) -> bool:
    """Whether the stream of the lost host ended, so that its page opens another."""
    try:
        while stream.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


def _check_calls(receiver: Receiver, wanted: int, *, in_flight: int) -> None:
    """Each notification has one id; repeated are only those whose response the lost host never got."""
    opened = [one for one in receiver.received if one.json()["event"] == "incident.opened"]
    calls = Counter(one.headers["webhook-id"] for one in opened)
    assert len(calls) == wanted
    assert calls.total() - wanted <= in_flight
    incidents = Counter((one.path, one.json()["incident_id"]) for one in opened)
    assert len(incidents) == wanted
