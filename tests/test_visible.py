"""What a person types or a network sends, and others see: no character that cannot be seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.memory import MemoryGraph
from msgs.rfid import RenameCard
from msgs.setting_keys import LEAVES, SettingError, check
from msgs.topics import LED_FRAME
from msgs.visible import visible_json
from nodes.rfid.changes import rename
from nodes.rfid.outcome import Refused
from nodes.web.live_updates import LiveUpdates
from terminal.lines import plain
from tests.builders import led_frame
from tests.rfid.conftest import RED, Scenario
from tests.web.conftest import LABEL, Desk
from web.account import user_problem, viewer_name_problem

HIDDEN = (
    "\x00\x07\x1b\x7f\x85\xad\N{ARABIC LETTER MARK}\N{MONGOLIAN VOWEL SEPARATOR}"
    "\N{ZERO WIDTH SPACE}\N{RIGHT-TO-LEFT MARK}\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
    "\N{RIGHT-TO-LEFT OVERRIDE}\N{WORD JOINER}\N{LEFT-TO-RIGHT ISOLATE}"
    "\N{ZERO WIDTH NO-BREAK SPACE}\N{HANGUL FILLER}\N{HANGUL CHOSEONG FILLER}"
    "\N{BRAILLE PATTERN BLANK}\N{TAG LATIN SMALL LETTER A}"
)
"""Characters that cannot be seen, one of each kind."""

VISIBLE = "Zoë's car \N{ELECTRIC PLUG} \N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16} (2), 东"
ALONE = (" ", "\N{COMBINING ACUTE ACCENT}", "\N{VARIATION SELECTOR-16}", "\N{ZERO WIDTH JOINER}")
"""What can be seen beside other characters only."""


def is_name_of_card(name: str) -> bool:
    return rename(Scenario().state, RenameCard(uid=RED, name=name)) is not Refused.NAME


NAMES: dict[str, Callable[[str], bool]] = {
    "card": is_name_of_card,
    "device": lambda name: not viewer_name_problem(name),
    "user": lambda name: not user_problem(name),
}


@pytest.mark.parametrize("is_name", NAMES.values(), ids=NAMES)
def test_a_name_has_only_what_can_be_seen(is_name: Callable[[str], bool]) -> None:
    assert is_name(VISIBLE)
    for hidden in HIDDEN:
        assert not is_name(f"An{hidden}na"), ascii(hidden)
        assert not is_name(hidden), ascii(hidden)
    for alone in ALONE:
        assert not is_name(alone), ascii(alone)


def takes(key: str, text: str) -> bool:
    """Return whether a setting takes a text."""
    try:
        check(key, text)
    except SettingError:
        return False
    return True


TEXTS = [key for key in LEAVES if takes(key, "plain")]


@pytest.mark.parametrize("key", TEXTS)
def test_no_setting_takes_what_cannot_be_seen(key: str) -> None:
    for hidden in HIDDEN:
        assert not takes(key, f"pl{hidden}ain"), ascii(hidden)


def test_the_name_of_a_network_may_have_joined_signs() -> None:
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"
    check("wlan.ssid", family)


def test_a_page_shows_a_sign_for_what_cannot_be_seen(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    owner = desk.owner()
    desk.logins.open_viewer(desk.login_check.account.change_count, f"Ki{HIDDEN}tchen")  # of before
    page = owner.get("/user").text
    assert f"Ki{'?' * len(HIDDEN)}tchen" in page
    assert not set(page) & (set(HIDDEN))


def test_the_live_values_show_a_sign_for_what_cannot_be_seen(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    bus, led = graph.bus("web"), graph.bus("led")
    said: list[Any] = []
    updates = LiveUpdates(bus, LABEL, False, lambda live: said.append(msgspec.json.decode(live)))
    updates.watch(True)
    led.publish(LED_FRAME, led_frame(caption=f"a{HIDDEN}b"))
    graph.advance(1.0)
    shown = {each["caption"] for each in (*said, msgspec.json.decode(updates.once()))}
    assert f"a{'?' * len(HIDDEN)}b" in shown
    assert not any(set(each) & set(HIDDEN) for each in shown)


def test_the_terminal_shows_a_sign_for_what_cannot_be_seen() -> None:
    assert plain(f"a{HIDDEN}b") == f"a{'?' * len(HIDDEN)}b"
    assert plain(VISIBLE) == VISIBLE


def test_json_stays_what_it_is_but_for_what_cannot_be_seen() -> None:
    text = f"{VISIBLE} \\ \\u0007 \\b \n \t"
    assert msgspec.json.decode(visible_json(msgspec.json.encode(text).decode())) == text
