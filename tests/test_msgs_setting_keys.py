"""Settings as a table: keys, values, and texts of errors."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msgs.setting_keys import LEAVES, SettingError, check, flatten, unflatten
from msgs.settings import Settings


def test_every_setting_has_a_key_and_takes_its_own_default() -> None:
    defaults = flatten(msgspec.to_builtins(Settings()))
    del defaults["locked"], defaults["stored"], defaults["lost"]
    assert set(defaults) == set(LEAVES)
    for key, value in defaults.items():
        check(key, value)


HOURS = (
    'schedule.hours: expected a list of at most 16 texts, each a text as "mon-fri,sun 22:00-06:00",'
    ' with " 10 A" at its end for a limit; got '
)
HOUR = (
    'schedule.hours: entry 2: expected a text as "mon-fri,sun 22:00-06:00", with " 10 A" at its end'
    " for a limit; got "
)

WRONG = [
    ("schedule.hours", ["mon 22:00-06:00", "night", "day"], f'{HOUR}"night"'),
    ("schedule.hours", ["mon 22:00-06:00", 7], f"{HOUR}7"),
    ("schedule.hours", ["mon 22:00-06:00"] * 17, f"{HOURS}a list of 17"),
    ("schedule.hours", "mon 22:00-06:00", f'{HOURS}"mon 22:00-06:00"'),
    ("hotspot.channel", 14, "hotspot.channel: expected a whole number from 1 to 13; got 14"),
    ("hotspot.channel", "11", 'hotspot.channel: expected a whole number from 1 to 13; got "11"'),
    ("hotspot.enabled", 1, "hotspot.enabled: expected true or false; got 1"),
    ("operating_mode", "fast", 'operating_mode: expected one of charging, fleet; got "fast"'),
    (
        "wlan.ssid",
        "x" * 33,
        "wlan.ssid: expected the name of a network, at most 32 characters that can be seen; "
        f'got "{"x" * 33}"',
    ),
    (
        "wlan.ssid",
        "Home\n",
        "wlan.ssid: expected the name of a network, at most 32 characters that can be seen; "
        'got "Home\\n"',
    ),
    (
        "house_meter.host",
        "a/b",
        'house_meter.host: expected an IP address or a host name; got "a/b"',
    ),
    ("main_fuse_a", 5, "main_fuse_a: expected a current from 6 to 125 A or null; got 5"),
    (
        "proxy.user",
        ["me"],
        "proxy.user: expected a user name of at most 64 characters without a colon; got a list",
    ),
    (
        "hotspot.chanel",
        11,
        "hotspot.chanel: unknown setting; expected one of hotspot.enabled, hotspot.ssid,"
        " hotspot.channel",
    ),
    (
        "hotspot",
        True,
        "hotspot: expected a table with some of hotspot.enabled, hotspot.ssid, hotspot.channel",
    ),
]


@pytest.mark.parametrize(("key", "value", "words"), WRONG)
def test_a_wrong_value_names_its_key_and_what_was_expected(
    key: str, value: Any, words: str
) -> None:
    with pytest.raises(SettingError) as refused:
        check(key, value)
    assert str(refused.value) == words


def test_an_unknown_section_names_those_that_there_are() -> None:
    with pytest.raises(SettingError, match=r"hotspt: unknown setting; .*hotspot, house_meter"):
        check("hotspt", {"channel": 11})
    with pytest.raises(SettingError, match=r"locked: unknown setting"):
        check("locked", [])


@pytest.mark.parametrize("key", sorted(LEAVES))
def test_every_setting_has_a_text_for_its_allowed_values(key: str) -> None:
    with pytest.raises(SettingError, match=f"{key}: expected .*; got a dict"):
        check(key, {})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_write_is_shown_as_itself(value: float) -> None:
    with pytest.raises(SettingError, match=f"main_fuse_a: expected .*; got {value}"):
        check("main_fuse_a", value)


def test_a_value_that_is_shown_is_cut() -> None:
    with pytest.raises(SettingError) as refused:
        check("wlan.ssid", "x" * 10_000)
    assert len(str(refused.value)) < 200


VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 99), st.text("ab. ", max_size=5))
TABLES = st.dictionaries(st.sampled_from(sorted(LEAVES)), VALUES)


@given(TABLES)
def test_a_table_becomes_a_tree_and_back(table: dict[str, Any]) -> None:
    assert flatten(unflatten(table)) == table


@given(
    st.recursive(
        VALUES, lambda inner: st.dictionaries(st.text("ab. ", max_size=5), inner), max_leaves=9
    )
)
def test_no_tree_is_more_than_a_wrong_setting(tree: Any) -> None:
    for key, value in flatten({"hotspot": tree, "elsewhere": tree}).items():
        if key not in LEAVES:
            with pytest.raises(SettingError):
                check(key, value)
