"""No configuration key is stored without an effect."""

import re
from pathlib import Path

import pytest

from nodes.dcs import key_table, keys
from nodes.dcs.key_table import KEYS, KeyAccess

pytestmark = pytest.mark.req("DCS-7")

BY_NAME = {row.name: row for row in KEYS}
NODE = Path(keys.__file__).parent


@pytest.mark.parametrize("name", [row.name for row in KEYS if row.used_by])
def test_the_file_that_follows_a_key_names_it(name: str) -> None:
    used_by = NODE / BY_NAME[name].used_by
    text = used_by.read_text(encoding="utf-8")
    assert re.search(rf'"{name}"', text) or (
        name == key_table.HEARTBEAT and "key_table.HEARTBEAT" in text
    )


def test_only_what_has_one_value_is_followed_by_no_file() -> None:
    unfollowed = {row.name for row in KEYS if row.access is not KeyAccess.READ and not row.used_by}
    assert unfollowed == {
        "ResetRetries",
        "StopTransactionOnEVSideDisconnect",
        "UnlockConnectorOnEVSideDisconnect",
    }
    assert all(BY_NAME[name].effect.startswith("Only ") for name in unfollowed)
