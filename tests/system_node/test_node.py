"""The system node on the bus in memory: what it keeps, what it refuses, what survives."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus import Answer, Call, PlaceError, Status
from bus.generations import encode, read_valid_or_raise
from bus.memory import MemoryGraph
from bus.store import StoreError
from bus.wire import unpack
from msgs.heartbeat import NodeState
from msgs.label import LABEL_FILE, Label
from msgs.led import DARK, Color, Effect, Light
from msgs.methods import RESTART_BOX, SET_SETTINGS
from msgs.requests import ReasonArguments, StopReason
from msgs.restart import RESTART_FILE, AskedRestart
from msgs.setting_keys import LEAVES, table_of
from msgs.settings import PhaseAssignment, SetArguments, Settings
from msgs.stored import Stored
from nodes.modbus_map.meter_map import map_names
from nodes.system.label import own_label
from nodes.system.node import MOST_WAITING, STORE_S, Parameters
from tests.disk import disk_is_full, full_disk
from tests.system_node.conftest import Box, build_system

MAPS = ", ".join(map_names())

HOUSE = {"enabled": True, "manufacturer": "tq", "host": "192.168.1.20"}


def label_of(box: Box) -> Label:
    return msgspec.json.decode((box.state_dir / LABEL_FILE).read_bytes(), type=Label)


# --- the start --------------------------------------------------------------------------------


@pytest.mark.req("LAB-1")
def test_the_label_is_there_when_the_node_is_ready(tmp_path: Path) -> None:
    bus = MemoryGraph(seed=1, state_dir=tmp_path).bus("system")
    seen: list[tuple[NodeState, bool]] = []
    bus.on_state(lambda state: seen.append((state, (tmp_path / LABEL_FILE).exists())))
    build_system(bus, Parameters())
    assert seen == [(NodeState.READY, True)]


@pytest.mark.req("LAB-1")
def test_a_started_box_keeps_its_label_and_says_none_of_its_secrets(new_box: Box) -> None:
    frames: list[bytes] = []
    new_box.graph.tap(frames.append)
    new_box.start()
    label = label_of(new_box)
    new_box.restart()
    new_box.set({"hotspot": {"channel": 6}})
    assert label_of(new_box) == label
    for secret in (label.recovery_key, label.wlan_password, *(card.uid for card in label.rfid)):
        assert not any(secret.encode() in frame for frame in frames)


def test_a_label_that_cannot_be_understood_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / LABEL_FILE).write_text("{}")
    bus = MemoryGraph(seed=1, state_dir=tmp_path).bus("system")
    with pytest.raises(PlaceError, match=r"label\.json cannot be understood"):
        build_system(bus, Parameters())
    assert bus.state is NodeState.STARTING
    assert (tmp_path / LABEL_FILE).read_text() == "{}"


@pytest.mark.req("WEB-10")
def test_the_hotspot_bears_the_serial_number_until_it_is_given_a_name(box: Box) -> None:
    assert box.now().hotspot.ssid == label_of(box).serial
    assert box.set({"hotspot": {"ssid": "Garage"}}).hotspot.ssid == "Garage"
    assert box.set({"hotspot": {"ssid": ""}}).hotspot.ssid == label_of(box).serial


@pytest.mark.req("RFID-6")
def test_a_new_box_has_the_defaults_and_nothing_stored(box: Box) -> None:
    settings = box.now()
    assert not settings.authorization.required
    assert settings == msgspec.structs.replace(Settings(), hotspot=settings.hotspot)
    assert box.stored() == {}
    assert len(box.said) == 1


def test_settings_are_known_when_the_node_is_ready(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    bus = graph.bus("system")
    said: list[NodeState | str] = []
    bus.on_state(said.append)
    graph.tap(lambda frame: said.append(unpack(frame)[0]))
    build_system(bus, Parameters())
    graph.advance(0.1)
    assert said.index("settings") < said.index(NodeState.READY)


def test_what_is_published_is_what_get_answers(box: Box) -> None:
    box.set({"proxy": {"enabled": True, "address": "10.0.0.1"}})
    assert box.ask("get").result == box.now()


# --- factory ----------------------------------------------------------------------------------


def test_factory_settings_lie_under_what_is_stored_and_are_not_stored(new_box: Box) -> None:
    new_box.start({"authorization": {"required": True}, "hotspot": {"channel": 3}})
    assert new_box.now().authorization.required
    assert new_box.now().locked == ()
    assert new_box.stored() == {}
    new_box.set({"authorization": {"required": False}})
    assert new_box.stored() == {"authorization": {"required": False}}
    new_box.restart({"authorization": {"required": True}, "usb": {"allow_init": True}})
    assert not new_box.now().authorization.required
    assert new_box.now().usb.allow_init  # a later launch file's counts
    assert new_box.now().hotspot.channel == 11


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            {"factory": {"hotspot": {"channel": 14}}},
            "factory.hotspot.channel: expected a whole number from 1 to 13; got 14",
        ),
        ({"factory": {"hotspt": {}}}, "factory.hotspt: unknown setting; expected one of "),
        (
            {"factory": {"monitoring": {"enabled": True}}},
            "factory.monitoring.enabled: expected off while house_meter.enabled is off",
        ),
        (
            {"settings": {"house_meter.manufacturer": "abc"}},
            f'settings.house_meter.manufacturer: expected one of {MAPS}; got "abc"',
        ),
        ({"settings": {"main_fuse_a": 126}}, "settings.main_fuse_a: expected a current from 6"),
    ],
)
def test_wrong_settings_of_a_launch_file_are_wrong_parameters(
    parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(parameters, Parameters)
    assert str(refused.value).startswith(words)


# --- set --------------------------------------------------------------------------------------


@pytest.mark.req("MET-4", "WEB-7")
def test_a_change_is_published_answered_and_stored_alone(box: Box) -> None:
    assert box.set({"phase_assignment": "L2"}).phase_assignment is PhaseAssignment.L2
    assert box.stored() == {"phase_assignment": "L2"}
    assert len(box.said) == 2
    assert (box.state_dir / "settings.json").stat().st_mode & 0o777 == 0o600
    box.set({"hotspot.channel": 1})
    assert box.stored() == {"phase_assignment": "L2", "hotspot": {"channel": 1}}


def test_a_setting_set_to_what_it_is_stays_set_when_the_default_changes(box: Box) -> None:
    box.set({"hotspot": {"channel": 11}})
    assert box.stored() == {"hotspot": {"channel": 11}}
    assert len(box.said) == 1  # nothing has changed for others


def test_a_change_that_changes_nothing_costs_no_write(box: Box) -> None:
    box.set({"hotspot": {"channel": 6}})
    before = (box.state_dir / "settings.json").stat().st_ino
    box.set({"hotspot": {"channel": 6}})
    box.set({})
    assert (box.state_dir / "settings.json").stat().st_ino == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hotspot": {"channel": 14}}, "hotspot.channel: expected a whole number from 1 to 13"),
        ({"hotspot": {"chanel": 6}}, "hotspot.chanel: unknown setting; expected one of"),
        ({"hotspot": 6}, "hotspot: expected a table with some of hotspot.enabled"),
        ({"locked": []}, "locked: unknown setting"),
        ({"solar_meter": {"manufacturer": "nobody"}}, f'expected one of {MAPS}; got "nobody"'),
    ],
)
def test_a_wrong_value_is_refused_with_a_reason(
    box: Box, changes: dict[str, Any], words: str
) -> None:
    assert words in box.refused(changes)


def test_a_change_is_made_as_a_whole_or_not_at_all(box: Box) -> None:
    changes = {"lan_dhcp_server": True, "hotspot": {"channel": 0}, "proxy": {"port": -1}}
    assert box.wrong_keys(changes) == {"hotspot.channel", "proxy.port"}


@pytest.mark.req("WEB-10", "NET-1")
def test_hotspot_and_wlan_connection_are_never_both_on(box: Box) -> None:
    both = {"hotspot.enabled", "wlan.enabled"}
    assert box.wrong_keys({"wlan": {"enabled": True, "ssid": "Home"}}) == both
    box.set({"wlan": {"enabled": True, "ssid": "Home"}, "hotspot": {"enabled": False}})
    assert box.wrong_keys({"hotspot": {"enabled": True}}) == both


@pytest.mark.req("MET-8")
def test_monitoring_needs_a_house_meter(box: Box) -> None:
    both = {"monitoring.enabled", "main_fuse_a"}
    assert box.wrong_keys({"monitoring": {"enabled": True}}) == both
    box.set({"house_meter": HOUSE, "main_fuse_a": 25})
    assert box.set({"monitoring": {"enabled": True}}).monitoring.enabled
    assert box.wrong_keys({"house_meter": {"enabled": False}}) == {"monitoring.enabled"}


@pytest.mark.req("MET-1")
def test_monitoring_needs_the_main_fuse(box: Box) -> None:
    box.set({"house_meter": HOUSE})
    assert box.wrong_keys({"monitoring": {"enabled": True}}) == {"main_fuse_a"}
    settings = box.set({"monitoring": {"enabled": True}, "main_fuse_a": 25})
    assert (settings.monitoring.enabled, settings.main_fuse_a) == (True, 25.0)
    assert box.wrong_keys({"main_fuse_a": None}) == {"main_fuse_a"}


@pytest.mark.req("MET-6")
def test_fleet_charging_has_no_external_meters(box: Box) -> None:
    box.set({"house_meter": HOUSE})
    assert box.wrong_keys({"operating_mode": "fleet"}) == {"house_meter.enabled"}
    settings = box.set({"operating_mode": "fleet", "house_meter": {"enabled": False}})
    assert settings.house_meter.host == "192.168.1.20"  # for when it goes back
    assert box.wrong_keys({"house_meter": {"enabled": True}}) == {"house_meter.enabled"}


@pytest.mark.req("WEB-12")
@pytest.mark.parametrize("port", [53, 7090, 65536, -1])
def test_a_proxy_is_never_at_a_reserved_port(box: Box, port: int) -> None:
    assert box.wrong_keys({"proxy": {"port": port}}) == {"proxy.port"}


def test_changes_asked_for_at_once_are_all_made_and_each_judged_after_the_one_before(
    box: Box,
) -> None:
    answers: list[Answer[Settings]] = []
    wanted: list[dict[str, Any]] = [
        {"hotspot.channel": 1},
        {"hotspot.enabled": False},
        {"wlan": {"enabled": True, "ssid": "Home"}},  # only after the one before
        {"hotspot.enabled": True},  # only before the one before
        {"usb.allow_init": True},
    ]
    for changes in wanted:
        box.peers["web"].request(SET_SETTINGS, SetArguments(changes=changes), answers.append)
    box.graph.advance(1.0)
    assert [answer.status for answer in answers] == [Status.OK] * 3 + [Status.REFUSED, Status.OK]
    assert box.stored() == {
        "hotspot": {"channel": 1, "enabled": False},
        "wlan": {"enabled": True, "ssid": "Home"},
        "usb": {"allow_init": True},
    }
    assert [said.usb.allow_init for said in box.said] == [False] * 4 + [True]


def test_more_changes_than_may_wait_for_the_disk_are_refused_with_a_reason(box: Box) -> None:
    answers: list[Answer[Settings]] = []
    for channel in range(MOST_WAITING + 3):
        changes = {"hotspot.channel": channel % 2 + 1}
        box.peers["web"].request(SET_SETTINGS, SetArguments(changes=changes), answers.append)
    box.graph.advance(1.0)
    statuses = [answer.status for answer in answers]
    assert statuses.count(Status.NOT_READY) == 2
    assert statuses.count(Status.OK) == MOST_WAITING + 1


def test_a_change_that_cannot_be_stored_is_refused_and_not_published(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object) -> None:
        raise disk_is_full(path)

    monkeypatch.setattr("bus.generations.replace_file", full)
    reason = box.refused({"hotspot": {"channel": 6}})
    assert reason.startswith("Nothing was changed: the disk of the box is full. Try again;")
    assert any("No space left on device" in line.text for line in box.graph.lines)
    monkeypatch.undo()
    assert box.set({"usb": {"allow_init": True}}).hotspot.channel == 11


# --- RFID-7 -----------------------------------------------------------------------------------


@pytest.mark.req("RFID-7")
def test_authorization_is_not_changed_while_a_vehicle_is_plugged(box: Box) -> None:
    box.plugged = True
    box.say()
    assert "no vehicle to be plugged" in box.refused({"authorization": {"required": True}})
    box.set({"hotspot": {"channel": 6}})  # the others are not concerned
    box.plugged = False
    box.say()
    assert box.set({"authorization": {"required": True}}).authorization.required


@pytest.mark.req("RFID-7")
@pytest.mark.parametrize(
    "mode",
    [
        DARK,
        Light(color=Color.BLUE, effect=Effect.OFF),
        Light(color=Color.GREEN, effect=Effect.STEADY),
        Light(color=Color.WHITE, effect=Effect.BLINK),
        Light(color=Color.ORANGE, effect=Effect.STEADY),
    ],
)
def test_authorization_is_changed_only_while_the_mode_indicator_is_blue(
    box: Box, mode: Light
) -> None:
    box.mode = mode
    box.say()
    assert "charge-mode indicator to be blue" in box.refused({"authorization": {"required": True}})


@pytest.mark.req("RFID-7")
@pytest.mark.parametrize("silent", ["session", "led"])
def test_authorization_is_not_changed_when_nobody_knows_whether_it_may(
    box: Box, silent: str
) -> None:
    box.graph.kill(silent)
    for _ in range(4):
        box.graph.advance(0.9)
        box.say()
    assert f"{silent} is silent" in box.refused({"authorization": {"required": True}})


def test_authorization_asked_for_as_it_is_is_no_change(box: Box) -> None:
    box.plugged = True
    box.say()
    before, published = box.now(), len(box.said)
    assert box.set({"authorization": {"required": False}}) == before
    assert len(box.said) == published


def test_authorization_off_and_on_touches_nothing_but_the_settings(new_box: Box) -> None:
    (new_box.state_dir / "cards.json").write_text('{"cards": ["04A1B2C3"]}')
    new_box.start({"authorization": {"required": True}})

    def files() -> dict[str, bytes]:
        found = {each.name: each.read_bytes() for each in new_box.state_dir.iterdir()}
        return {name: found[name] for name in found if not name.startswith("settings.json")}

    before = files()
    for required in (False, True, False):
        assert new_box.set({"authorization": {"required": required}}).authorization.required is (
            required
        )
    assert files() == before


# --- locks ------------------------------------------------------------------------------------

GIVEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    # what the launch file gives and then holds, what is refused
    ({"authorization": {"required": True}}, {"authorization": {"required": False}}),
    ({"phase_assignment": "L3-L1-L2"}, {"phase_assignment": "L1"}),
    ({"main_fuse_a": 25.0}, {"main_fuse_a": 63.0}),
    ({"house_meter": HOUSE | {"port": 1502, "unit": 3}}, {"house_meter.unit": 7}),
    ({"solar_meter": {"enabled": False}}, {"solar_meter.enabled": True}),
]


@pytest.mark.parametrize(("given", "refused"), GIVEN)
def test_what_the_launch_file_gives_holds_over_what_is_stored_and_is_locked(
    new_box: Box, given: dict[str, Any], refused: dict[str, Any]
) -> None:
    new_box.given = given
    new_box.start()
    shown = msgspec.to_builtins(new_box.now())
    for section, values in given.items():
        assert shown[section] == (shown[section] | values if isinstance(values, dict) else values)
    (key,) = new_box.wrong_keys(refused)
    assert key in new_box.now().locked
    assert key.split(".")[0] == next(iter(refused)).split(".")[0]


def test_only_the_keys_that_are_given_are_locked(new_box: Box) -> None:
    new_box.given = {"house_meter": {"port": 1502, "enabled": False}}
    new_box.start()
    assert new_box.now().locked == ("house_meter.enabled", "house_meter.port")
    assert new_box.set({"house_meter.host": "10.0.0.7"}).house_meter.port == 1502
    assert new_box.set({"solar_meter": HOUSE}).solar_meter.enabled


def test_a_stored_setting_comes_back_when_the_launch_file_does_not_give_it_any_more(
    box: Box,
) -> None:
    box.set({"phase_assignment": "L2"})
    box.given = {"phase_assignment": "L3"}
    box.restart({"phase_assignment": "L1"})
    assert (box.now().phase_assignment, box.now().locked) == ("L3", ("phase_assignment",))
    box.set({"hotspot": {"channel": 6}})
    assert box.stored() == {"phase_assignment": "L2", "hotspot": {"channel": 6}}
    box.given = {}
    box.restart({"phase_assignment": "L1"})
    assert (box.now().phase_assignment, box.now().locked) == ("L2", ())


def test_what_the_launch_file_brings_together_is_logged_and_blocks_no_other_change(
    new_box: Box,
) -> None:
    new_box.given = {"monitoring": {"enabled": True}, "house_meter": {"enabled": False}}
    new_box.start()
    assert any("monitoring.enabled: expected" in line for line in new_box.lines())
    new_box.set({"hotspot": {"channel": 6}})


# --- phases -----------------------------------------------------------------------------------

NOT_KNOWN = (False, False, False)
ONE = (True, False, False)
TWO = (True, True, False)
THREE = (True, True, True)


@pytest.mark.req("MET-4")
@pytest.mark.parametrize(
    ("wired", "assignment", "fits"),
    [
        (NOT_KNOWN, "L2", True),
        (NOT_KNOWN, "L2-L3-L1", True),
        (ONE, "L2", True),
        (ONE, "L2-L3-L1", False),
        (THREE, "L2-L3-L1", True),
        (THREE, "L2", False),
        # of two phases none may be left out
        (TWO, "L2-L3-L1", True),
        (TWO, "L2", False),
    ],
)
def test_an_assignment_that_disagrees_with_the_wired_phases_is_refused(
    box: Box, wired: tuple[bool, bool, bool], assignment: str, fits: bool
) -> None:
    box.wired_phases = wired
    box.say()
    box.graph.advance(0.1)
    if fits:
        assert box.set({"phase_assignment": assignment}).phase_assignment == assignment
    else:
        assert box.wrong_keys({"phase_assignment": assignment}) == {"phase_assignment"}


def test_an_assignment_that_holds_already_is_not_refused(box: Box) -> None:
    box.wired_phases = ONE
    box.say()
    changed = box.set({"phase_assignment": "L1-L2-L3", "hotspot.channel": 6})
    assert changed.phase_assignment is PhaseAssignment.L1_L2_L3
    assert changed.hotspot.channel == 6


def test_without_safety_every_assignment_may_be_set(box: Box) -> None:
    box.graph.kill("safety")
    box.graph.advance(2.0)
    assert box.set({"phase_assignment": "L1"}).phase_assignment is PhaseAssignment.L1


# --- the file ---------------------------------------------------------------------------------


def test_settings_survive_a_restart(box: Box) -> None:
    before = box.set({"house_meter": HOUSE, "proxy": {"enabled": True, "address": "10.0.0.1"}})
    box.restart()
    assert box.now() == before
    assert box.settings.incarnation == 2


def test_unknown_content_is_logged_not_used_and_not_lost(new_box: Box) -> None:
    foreign = {
        "portal": {"url": "https://example.org"},
        "operating_mode": "swarm",
        "hotspot": {"channel": 144, "band": "5 GHz"},
        "proxy": False,
    }
    known = {"hotspot": {"channel": 144, "band": "5 GHz", "ssid": "Garage"}}
    (new_box.state_dir / "settings.json").write_bytes(encode(foreign | known, "settings.json"))
    new_box.start()
    settings = new_box.now()
    assert (settings.hotspot.ssid, settings.hotspot.channel) == ("Garage", 11)
    assert settings.operating_mode == "charging"
    for key in ("portal", "operating_mode", "hotspot.channel", "hotspot.band", "proxy"):
        assert len([line for line in new_box.lines() if f": {key}: " in line]) == 1, key
    new_box.set({"usb": {"allow_init": True}})
    assert new_box.stored() == foreign | known | {"usb": {"allow_init": True}}
    new_box.set({"hotspot": {"channel": 6}, "proxy": {"port": 3128}})
    assert new_box.stored()["hotspot"] == known["hotspot"] | {"channel": 6}
    assert new_box.stored()["proxy"] == {"port": 3128}
    assert new_box.stored()["portal"] == foreign["portal"]


DAMAGED = [
    b"", b"{", b"[]", b'{"wlan": "\xff"}', b"\0" * 100, b"{}",
    b'{"authorization": {"required": false}}', encode({"cards": []}, "cards.json"), None,
]  # fmt: skip


def damage(path: Path, content: bytes | None) -> None:
    """Replace a file by another content; None deletes it."""
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


@pytest.mark.parametrize("content", DAMAGED)
def test_of_a_damaged_file_the_previous_generation_holds_until_it_is_set_again(
    box: Box, content: bytes | None
) -> None:
    box.set({"authorization.required": True})
    box.set({"authorization.required": False})
    damage(box.state_dir / "settings.json", content)
    for _ in range(2):
        box.restart()
        assert box.now().authorization.required
        assert box.now().stored is Stored.PREVIOUS
    if content is not None:
        assert (box.state_dir / "settings.json.broken-1").read_bytes() == content
        assert any("settings.json.broken-1" in line for line in box.lines())
    assert box.set({"authorization.required": True}).stored is Stored.CURRENT
    box.restart()
    assert (box.now().authorization.required, box.now().stored) == (True, Stored.CURRENT)


LOWERED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    # what is set first, what revokes or lowers then
    ({"authorization.required": False}, {"authorization.required": True}),
    ({"main_fuse_a": 32}, {"main_fuse_a": 16}),
    ({"main_fuse_a": None}, {"main_fuse_a": 63}),
    ({"main_fuse_a": 63}, {"main_fuse_a": None}),
    (
        {"house_meter": HOUSE, "main_fuse_a": 25, "monitoring.enabled": False},
        {"monitoring.enabled": True},
    ),
    ({"house_meter": HOUSE}, {"house_meter.host": "192.168.1.21"}),
    ({"phase_assignment": "L1-L2-L3"}, {"phase_assignment": "L2-L3-L1"}),
    ({"usb.allow_config": True}, {"usb.allow_config": False}),
    ({"external_input.limit_a": 10.0}, {"external_input.limit_a": 0.0}),
    ({"main_fuse_a": 16}, {"main_fuse_a": 32, "usb.allow_config": False}),
]


@pytest.mark.parametrize("content", [b"{", None])
@pytest.mark.parametrize(("first", "then"), LOWERED)
def test_what_revokes_or_lowers_is_kept_after_damage_to_either_file(
    box: Box, content: bytes | None, first: dict[str, Any], then: dict[str, Any]
) -> None:
    box.set(first)
    after = box.set(then)
    for name in ("settings.json.previous", "settings.json"):
        damage(box.state_dir / name, content)
        box.restart()
        assert msgspec.structs.replace(box.now(), stored=Stored.CURRENT) == after
    assert box.now().stored is Stored.PREVIOUS


@pytest.mark.req("MET-1", "MET-3", "RFID-6")
@pytest.mark.parametrize("content", DAMAGED)
def test_settings_that_cannot_be_read_are_the_strictest_until_they_are_set_again(
    box: Box, content: bytes | None
) -> None:
    factory = {
        "external_input": {"limit_a": 32},
        "house_meter": HOUSE,
        "monitoring": {"enabled": True},
        "main_fuse_a": 63,
    }
    box.set({"authorization.required": False, "house_meter": HOUSE, "main_fuse_a": 32})
    for name in ("settings.json.previous", "settings.json"):
        damage(box.state_dir / name, content)
    for _ in range(2):
        box.restart(factory)
        settings = box.now()
        assert (settings.authorization.required, settings.monitoring.enabled) == (True, True)
        assert (settings.house_meter.enabled, settings.main_fuse_a) == (False, 6.0)
        assert settings.external_input.limit_a == 0.0
        assert settings.stored is Stored.LOST
    assert any("all is lost" in line for line in box.lines())
    after = box.set({"main_fuse_a": 25})
    assert (after.authorization.required, after.monitoring.enabled) == (True, True)
    assert (after.house_meter.enabled, after.main_fuse_a) == (False, 25.0)
    box.restart(factory)
    assert box.now() == after


def lose(box: Box) -> None:
    """Damage both generations of the settings, and start the node again."""
    for name in ("settings.json.previous", "settings.json"):
        damage(box.state_dir / name, b"{")
    box.restart()


def test_what_was_lost_stays_so_until_each_key_was_set(box: Box) -> None:
    lose(box)
    left = set(LEAVES)
    assert set(box.now().lost) == left
    values = table_of(box.now()) | {"monitoring.enabled": False}
    for keys in (("main_fuse_a",), ("authorization.required", "time_zone"), tuple(LEAVES)):
        after = box.set({key: values[key] for key in keys})
        left -= set(keys)
        assert (set(after.lost), after.stored) == (left, Stored.LOST if left else Stored.CURRENT)
        for name in ("settings.json.previous", "settings.json"):  # both know what is left
            damage(box.state_dir / name, b"{")
            box.restart()
            assert msgspec.structs.replace(box.now(), stored=after.stored) == after


def test_a_value_that_applied_only_because_others_were_lost_is_no_value_to_set(box: Box) -> None:
    lose(box)
    box.set({"time_zone": "WET"})
    assert box.wrong_keys({"monitoring.enabled": True}) == {"monitoring.enabled"}
    assert "monitoring.enabled" not in box.set({"monitoring.enabled": False}).lost


def test_a_key_that_the_launch_file_gives_is_not_lost(box: Box) -> None:
    box.given = {"main_fuse_a": 16}
    lose(box)
    assert "main_fuse_a" not in box.now().lost
    values = {key: value for key, value in table_of(box.now()).items() if key != "main_fuse_a"}
    assert box.set(values | {"monitoring.enabled": False}).stored is Stored.CURRENT
    box.given = {}
    box.restart()
    assert (box.now().lost, box.now().main_fuse_a) == (("main_fuse_a",), 6.0)


def test_a_directory_in_place_of_the_settings_is_damage(box: Box) -> None:
    box.set({"authorization.required": True})
    for name, known in (
        ("settings.json", Stored.PREVIOUS),
        ("settings.json.previous", Stored.LOST),
    ):
        (box.state_dir / name).unlink()
        (box.state_dir / name).mkdir()
        box.restart()
        assert (box.now().authorization.required, box.now().stored) == (True, known)
        assert (box.state_dir / f"{name}.broken-1").is_dir()


def test_a_disk_that_refuses_keeps_no_settings_from_being_read(box: Box) -> None:
    box.set({"authorization.required": True, "main_fuse_a": 16})
    with full_disk():
        box.restart()
        assert (box.now().authorization.required, box.now().main_fuse_a) == (True, 16.0)
        assert "the disk of the box is full" in box.refused({"main_fuse_a": 32})
    box.restart()
    assert box.now().main_fuse_a == 16.0


def test_a_new_box_whose_settings_cannot_be_stored_has_those_of_the_factory(new_box: Box) -> None:
    own_label(new_box.state_dir, random.Random(1), lambda _: None)
    with full_disk():
        new_box.start({"authorization": {"required": True}})
    assert new_box.now().authorization.required
    assert any("it is not stored" in line for line in new_box.lines())
    assert new_box.set({"main_fuse_a": 16}).main_fuse_a == 16.0


def test_what_the_launch_file_gives_is_known_though_what_was_set_is_lost(box: Box) -> None:
    box.given = {"authorization": {"required": False}}
    for name in ("settings.json.previous", "settings.json"):
        damage(box.state_dir / name, b"{")
    box.restart()
    assert not box.now().authorization.required
    assert (box.now().main_fuse_a, box.now().stored) == (6.0, Stored.LOST)


CUTS_S = [index * 0.0004 for index in range(60)]  # a write takes 1 to 20 ms of virtual time


def test_a_power_cut_at_any_instant_of_a_change_leaves_the_one_before_or_the_new_one(
    tmp_path: Path,
) -> None:
    found: list[tuple[int, int, int]] = []
    for index, cut_s in enumerate(CUTS_S):
        box = Box(tmp_path / f"{index}")
        box.start_launch()
        box.start()
        answers: list[Answer[Settings]] = []
        changes = SetArguments(changes={"hotspot.channel": 6})
        box.peers["web"].request(SET_SETTINGS, changes, answers.append)
        box.graph.advance(cut_s)
        shown = box.now().hotspot.channel
        stored = box.stored().get("hotspot", {}).get("channel", 11)
        box.restart()
        after = box.now().hotspot.channel
        assert after == stored
        assert after == 6 or (shown == 11 and not answers)
        found.append((stored, shown, len(answers)))
    # Before the write, between the write and its publication, and after both.
    assert set(found) == {(11, 11, 0), (6, 11, 0), (6, 6, 1)}


def test_nothing_is_written_while_nothing_is_changed(box: Box) -> None:
    def written() -> dict[str, int]:
        return {each.name: each.stat().st_mtime_ns for each in box.state_dir.iterdir()}

    before, said = written(), len(box.said)
    box.graph.advance(3600.0)
    assert written() == before
    assert len(box.said) == said


def test_a_stop_finishes_the_change_that_is_on_its_way(box: Box) -> None:
    box.peers["web"].request(SET_SETTINGS, SetArguments(changes={"hotspot.channel": 6}))
    box.graph.advance(0.0001)
    box.graph.stop("system", StopReason.SHUTDOWN)
    box.graph.advance(1.0)
    box.restart()
    assert box.now().hotspot.channel == 6


# --- restart ----------------------------------------------------------------------------------


@pytest.mark.req("PAN-5", "WEB-6")
def test_a_restart_is_asked_of_launch_with_its_reason(box: Box) -> None:
    assert box.ask("restart", {"reason": "the service key"}, "led").status is Status.OK
    assert box.ask("restart").status is Status.OK
    assert box.restarts == ["the service key (asked by led)", "asked by web"]


def test_a_long_reason_is_cut_not_refused(box: Box) -> None:
    assert box.ask("restart", {"reason": "x" * 400}).status is Status.OK
    assert box.restarts == ["x" * 400]


def test_a_node_that_has_no_say_in_it_does_not_restart_the_box(box: Box) -> None:
    answer = box.ask("restart", {"reason": "a whim"}, "pilot")
    assert answer.status is Status.REFUSED
    assert box.restarts == []


def refuses(call: Call[ReasonArguments, None]) -> None:
    call.refuse("not on a Sunday")


def puts_off(call: Call[ReasonArguments, None]) -> None:
    call.not_ready("the graph is stopping")


def is_silent(call: Call[ReasonArguments, None]) -> None:
    pass


@pytest.mark.req("PAN-5")
@pytest.mark.parametrize(
    ("launch", "status", "words"),
    [
        (refuses, Status.REFUSED, "launch does not restart the box: not on a Sunday"),
        (puts_off, Status.NOT_READY, "the graph is stopping"),
        (is_silent, Status.REFUSED, "launch does not restart the box: launch did not answer"),
    ],
)
def test_a_restart_that_launch_does_not_accept_is_refused_in_its_words(
    new_box: Box, launch: Any, status: Status, words: str
) -> None:
    new_box.graph.kill("launch")
    new_box.start_launch(launch)
    new_box.start()
    answers: list[Answer[None]] = []
    new_box.peers["web"].request(RESTART_BOX, ReasonArguments(), answers.append)
    new_box.graph.advance(9.0)
    (answer,) = answers
    assert (answer.status, answer.reason[: len(words)]) == (status, words)


def asked(box: Box) -> str:
    """Return the id of the newest restart that a person has asked for, as safety reads it."""
    found = read_valid_or_raise(box.state_dir / RESTART_FILE, AskedRestart)
    return "" if found is None else found.id


def restart(box: Box, launch: Callable[[Call[ReasonArguments, None]], None]) -> Answer[None]:
    box.graph.kill("launch")
    box.start_launch(launch)
    return box.ask("restart")


@pytest.mark.req("ERR-RED", "PAN-5")
def test_a_restart_that_a_person_asked_for_is_stored_before_anything_stops(box: Box) -> None:
    seen = [asked(box)]

    def look(call: Call[ReasonArguments, None]) -> None:
        seen.append(asked(box))
        call.ok(None)

    for _ in range(3):
        assert restart(box, look).status is Status.OK
    assert seen[0] == ""
    assert len(set(seen)) == 4


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("launch", [refuses, puts_off])
def test_a_restart_that_does_not_take_place_is_taken_back(box: Box, launch: Any) -> None:
    assert restart(box, launch).status is not Status.OK
    box.graph.advance(0.1)
    assert asked(box) == ""
    assert restart(box, lambda call: call.ok(None)).status is Status.OK
    before = asked(box)
    assert restart(box, launch).status is not Status.OK
    box.graph.advance(0.1)
    assert asked(box) == before != ""


@pytest.mark.req("ERR-RED", "PAN-5")
def test_a_disk_that_refuses_keeps_no_box_from_being_restarted(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object) -> None:
        raise StoreError(f"{path} cannot be written: No space left on device")

    monkeypatch.setattr("bus.generations.replace_file", full)
    assert box.ask("restart").status is Status.OK
    assert any("the restart is not stored, all red stays" in line for line in box.lines())


@pytest.mark.req("ERR-RED", "PAN-5")
def test_a_disk_that_does_not_answer_keeps_no_box_from_being_restarted(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bus.memory.MemoryCarrier.offload", lambda *_: None)
    asked_s = box.graph.clock.now_s()
    assert box.ask("restart").status is Status.OK
    assert box.graph.clock.now_s() - asked_s == pytest.approx(STORE_S, abs=0.1)
    assert len(box.restarts) == 1


@pytest.mark.req("ERR-RED", "PAN-5")
@pytest.mark.parametrize("count", [2, 3, 100])  # the last is more than the queue of the disk takes
def test_restarts_asked_for_at_once_and_refused_leave_none_stored(new_box: Box, count: int) -> None:
    new_box.graph.kill("launch")
    new_box.start_launch(puts_off)
    new_box.start()
    answers: list[Answer[None]] = []
    for _ in range(count):
        new_box.peers["web"].request(RESTART_BOX, ReasonArguments(), answers.append)
    new_box.graph.advance(4.0)
    assert {answer.status for answer in answers} == {Status.NOT_READY}
    assert len(answers) == count
    new_box.graph.advance(4.0)
    assert asked(new_box) == ""
    assert new_box.ask("get").status is Status.OK
