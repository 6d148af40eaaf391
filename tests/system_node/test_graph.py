"""Settings and restarts in the whole graph of a plan, under virtual time."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus import Answer, Status
from bus.generations import read_valid_or_raise
from bus.wire import unpack
from launch.loading import ConfigurationError
from launch.plan_file import load_plan
from launch.virtual import SUPERVISOR, TOOL, VIRTUAL_PLAN, VirtualGraph
from msgs.label import LABEL_FILE, Label
from msgs.methods import (
    LIST_CARDS,
    LIST_SESSIONS,
    PLUG,
    READY,
    RESTART_BOX,
    RESTART_GRAPH,
    SET_SETTINGS,
    UNPLUG,
)
from msgs.requests import NoArguments, ReasonArguments
from msgs.rfid import CardList
from msgs.session import EndReason, SessionRecord, SessionsArguments
from msgs.settings import SetArguments, Settings
from nodes.modbus_map.meter_map import map_names
from tests.closing import closed_at_end

MAPS = ", ".join(map_names())

PLAN = f"""
include = "{VIRTUAL_PLAN}"

[nodes.system]
module = "nodes.system"
driver = "nodes.system.box_clock_sim"

[nodes.rfid]
module = "nodes.rfid"
driver = "nodes.rfid.reader_sim"
needs = ["plant", "system"]

[factory]
authorization.required = false
phase_assignment = "L2"
hotspot.channel = 6
"""


class Graph:
    """A whole box with its system node, and what is published of it."""

    def __init__(self, folder: Path, *settings: str) -> None:
        plan = folder / "plan.toml"
        plan.write_text(PLAN)
        self.graph = closed_at_end(VirtualGraph(load_plan(plan, settings), 1, folder / "state"))
        self.said: list[Settings] = []
        self.contacts: list[str] = []
        self.graph.memory.tap(self._hear)

    def _hear(self, data: bytes) -> None:
        topic, _, body = unpack(data)
        if topic == "settings":
            self.said.append(msgspec.msgpack.decode(body, type=Settings))
        elif topic == "sim/event":
            what = msgspec.msgpack.decode(body)["what"]
            if what.startswith("contacts_"):
                self.contacts.append(what)

    def start(self) -> None:
        self.graph.start_all()
        self.graph.advance(2.0)

    def set(self, changes: dict[str, Any]) -> Answer[Settings]:
        return self.graph.ask(SET_SETTINGS, SetArguments(changes=changes))

    def cards(self) -> CardList | None:
        return self.graph.ask(LIST_CARDS, NoArguments()).result

    def sessions(self) -> tuple[SessionRecord, ...]:
        return self.graph.ask(LIST_SESSIONS, SessionsArguments()).result or ()


def test_default_then_stored_then_what_the_plan_and_the_command_line_give(tmp_path: Path) -> None:
    box = Graph(
        tmp_path,
        "settings.phase_assignment=L3",
        "session.authorization=true",
        'meter.solar="tq@127.0.0.1:1503/9"',
    )
    box.start()
    (settings,) = box.said
    assert not settings.lan_dhcp_server  # by default
    assert settings.hotspot.channel == 6  # of the factory
    assert settings.phase_assignment == "L3"  # --set, over the factory's
    assert settings.authorization.required
    solar = settings.solar_meter
    assert (solar.manufacturer, solar.host, solar.port, solar.unit) == ("tq", "127.0.0.1", 1503, 9)
    for key in ("phase_assignment", "authorization.required", "solar_meter.unit"):
        assert key in settings.locked
        section, _, name = key.partition(".")
        changes = {section: {name: None} if name else "L3"}
        answer = box.set(changes)
        assert answer.status is Status.REFUSED
    assert "hotspot.channel" not in settings.locked
    assert box.set({"hotspot": {"channel": 1}}).status is Status.OK
    assert [said.hotspot.channel for said in box.said] == [6, 1]


def test_an_unknown_meter_map_is_named_with_its_place_in_the_plan(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=rf'^--set: meter\.house: expected one of {MAPS}; got "abc"$'
    ):
        Graph(tmp_path, "meter.house=abc@127.0.0.1:1502/1")


def test_factory_settings_that_do_not_go_together_are_named_with_their_place(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError, match=r"plan\.toml: factory\.proxy\.address: expected"):
        Graph(tmp_path, "factory.proxy.enabled=true")


@pytest.mark.req("RFID-7")
def test_authorization_is_configured_on_an_idle_box_and_not_with_a_vehicle_plugged(
    tmp_path: Path,
) -> None:
    box = Graph(tmp_path)
    box.start()
    on, off = ({"authorization": {"required": required}} for required in (True, False))
    assert box.set(on).status is Status.OK
    box.graph.act(PLUG, NoArguments())
    box.graph.advance(2.0)
    refused = box.set(off)
    assert refused.status is Status.REFUSED
    assert set(refused.problems) == {"authorization.required"}
    box.graph.act(UNPLUG, NoArguments())
    box.graph.advance(5.0)
    box.graph.kill("led")
    box.graph.advance(4.0)
    assert "led is silent" in box.set(off).reason
    assert box.said[-1].authorization.required


@pytest.mark.req("RFID-12")
def test_authorization_off_and_on_keeps_the_list_of_cards(tmp_path: Path) -> None:
    box = Graph(tmp_path)
    box.start()
    before = box.cards()
    label = read_valid_or_raise(tmp_path / "state" / LABEL_FILE, Label)
    assert label is not None
    for each in label.rfid:
        assert each.uid in str(before)
    for required in (True, False, True):
        changes = {"authorization": {"required": required}}
        assert box.set(changes).status is Status.OK
        box.graph.advance(5.0)
        assert box.cards() == before
    box.graph.restart("rfid")
    assert box.cards() == before


@pytest.mark.req("PAN-5", "WEB-6")
def test_a_restart_ends_the_session_and_opens_the_contactor_before_all_starts_again(
    tmp_path: Path,
) -> None:
    box = Graph(tmp_path)
    box.start()
    box.graph.act(PLUG, NoArguments())
    box.graph.act(READY, NoArguments())
    box.graph.advance(20.0)
    assert box.contacts == ["contacts_closed"]
    before = box.said[-1]
    (session,) = box.sessions()
    assert box.graph.ask(RESTART_BOX, ReasonArguments(reason="a test")).status is Status.OK
    assert box.graph.restart_wanted == "a test (asked by tool-0)"
    again = box.graph.ask(RESTART_BOX, ReasonArguments())
    assert (again.status, again.reason) == (Status.NOT_READY, "the graph is stopping")
    box.graph.restart_all()
    assert box.graph.restart_wanted is None
    assert box.contacts == ["contacts_closed", "contacts_open"]
    box.graph.advance(2.0)
    new, record = box.sessions()  # the vehicle is still plugged in, and needs no card
    assert record.session_id == session.session_id
    assert record.end_reason is EndReason.RESTART
    assert record.ended_utc_ns > 0
    assert new.end_reason is None
    assert box.said[-1] == before
    assert set(box.graph.memory.running) == {
        SUPERVISOR,
        TOOL,
        *(node.name for node in box.graph.plan.nodes),
    }


def test_only_system_and_tools_ask_for_a_restart(tmp_path: Path) -> None:
    box = Graph(tmp_path)
    stranger = box.graph.memory.bus("web")
    answers: list[Answer[Any]] = []
    stranger.request(RESTART_GRAPH, ReasonArguments(), answers.append)
    box.graph.advance(0.1)
    assert [answer.status for answer in answers] == [Status.REFUSED]
    assert box.graph.restart_wanted is None
