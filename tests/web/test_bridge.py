"""Requests from the server's threads: one that cannot be sent fails in its thread alone."""

import pytest

from msgs.methods import SET_SETTINGS
from msgs.requests import Status
from msgs.settings import SetArguments
from nodes.web.bridge import Bridge
from tests.web.conftest import RunningNode


def test_arguments_that_no_message_can_have_fail_in_the_thread_that_asks(node: RunningNode) -> None:
    too_large = SetArguments(changes={"main_fuse_a": 10**30})
    with pytest.raises(OverflowError):
        Bridge(node.bus).ask(SET_SETTINGS, too_large)
    silent = Bridge(node.bus).ask(SET_SETTINGS, SetArguments(changes={}))  # as long as its timeout
    assert silent.status is Status.TIMEOUT
    assert Bridge(node.bus).call(lambda: "the loop runs on", timeout_s=10.0) == "the loop runs on"
