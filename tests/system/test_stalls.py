"""A machine that stands still: safety opens and says so, and the charge goes on (ERR-R)."""

import os
import signal
import time

import pytest

from msgs.topics import SAFETY_STATUS
from tests.system.box import Box

pytestmark = pytest.mark.system

STALL_S = 0.4  # more than safety's own cycle may be late, less than the hardware watchdog's 1.0 s


@pytest.mark.req("ERR-R")
def test_a_machine_that_stood_still_is_named_and_the_charge_goes_on(charging_somehow: Box) -> None:
    box = charging_somehow
    since_s = time.monotonic()
    stopped = [pid for pid in box.processes() if pid != box.supervisor]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STALL_S)
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    box.until(SAFETY_STATUS, lambda said: bool(said.faults), since_s=since_s)
    assert not box.stays_closed(since_s)
    assert box.last(SAFETY_STATUS).message.retries == 1


def test_an_opening_for_another_reason_is_no_machine_that_stood_still(
    charging_somehow: Box,
) -> None:
    box = charging_somehow
    since_s = time.monotonic()
    box.act("pull")
    box.event("contacts_open", since_s)
    with pytest.raises(AssertionError):
        box.stays_closed(since_s)
    box.act("plug")  # which clears the fault (ERR-1)
