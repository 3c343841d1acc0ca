"""Programs are stopped by SIGTERM, as a service manager does, one after another or all at once."""

from __future__ import annotations

import pytest

from tests.faults.burst import Burst, check_it_settles, during
from tests.faults.restarts import restart, roll
from tests.faults.running import Running

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]


def test_rolling_restart_in_the_middle_of_a_burst(tocsin: Running) -> None:
    burst = Burst()
    during(burst, tocsin, lambda: roll(tocsin))
    check_it_settles(burst, tocsin)


@pytest.mark.whole
def test_everything_is_stopped_in_the_middle_of_a_burst_and_started_again(tocsin: Running) -> None:
    burst = Burst()
    during(burst, tocsin, lambda: restart(tocsin))
    check_it_settles(burst, tocsin)
