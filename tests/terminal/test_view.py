"""The front as text: its lines, and which are left out where room is short."""

from dataclasses import replace
from typing import Any, TypeVar

import msgspec
import pytest
from msgspec import Struct

from msgs.launch import Process, ProcessState
from msgs.led import DARK, Color, Effect, Light, Tone
from msgs.load_manager import HouseMeter, Limit
from msgs.meter import MeterReading
from msgs.pilot import CpState
from msgs.safety import Contactor, FaultCode, SafetyPhase
from msgs.session import WallboxState
from terminal.lights import is_lit
from terminal.snapshot import FrontSnapshot
from terminal.view import Footer, front_lines
from tests.builders import (
    fault_record,
    graph_status,
    led_frame,
    line_values,
    load_offer,
    meter_reading,
    node_process,
    pilot_status,
    safety_status,
    session_status,
)
from tests.view.snapshot import said
from view.silence import silence
from view.snapshot import Received

M = TypeVar("M", bound=Struct)

UTC_NS = 1_800_000_000_000_000_000
NODES = ("plant", "safety", "pilot", "meter", "load_manager", "session", "led")


def light(color: Color, effect: Effect) -> Light:
    return Light(color=color, effect=effect)


def received(node: str, message: M, hold_s: float = 3.0, about: str = "") -> Received[M]:
    return Received(node=node, hold_s=hold_s, message=message, age_s=0.1, about=about)


def reading(current_a: float, power_w: float, **fields: Any) -> MeterReading:
    line = line_values(current_a, 230.4, power_w=power_w)
    return meter_reading(lines=(line, line, line), power_w=3 * power_w, **{"source": "", **fields})


IDLE = FrontSnapshot(
    now_s=1000.0,
    utc_ns=UTC_NS,
    began_s=900.0,
    rfid=said("rfid"),
    wish=said("wish"),
    record=said("record"),
    dcs=said("dcs"),
    smart_home=said("smart_home"),
    settings=said("settings"),
    graph=received("launch", graph_status(*map(node_process, NODES))),
    front=received(
        "led",
        led_frame(segments=(light(Color.BLUE, Effect.STEADY),) * 4, caption="ready"),
    ),
    pilot=received(
        "pilot",
        pilot_status(),
    ),
    safety=received(
        "safety",
        safety_status(permitted=False, temperature_c=31.0, detail="no vehicle is connected"),
    ),
    session=received(
        "session",
        session_status(reason="Ready; no vehicle is plugged in."),
    ),
    offer=received(
        "load_manager",
        load_offer(
            32.0,
            detail="The installation allows 32.0 A (DIP switches).",
            limits=(
                Limit(source="dip", limit_a=32.0, detail="The installation allows 32.0 A."),
                Limit(source="fuse", limit_a=32.5, detail="The other loads use 2.0 A on L1."),
                Limit(source="app", limit_a=None),
            ),
            house_meter=HouseMeter.ONLINE,
        ),
    ),
    box=received("meter", reading(0.0, 0.0)),
    house=received("meter", reading(2.0, 460.0), about="the house"),
    solar=Received(node="meter", hold_s=10.0, about="the sun"),
)  # fmt: skip


def but(snapshot: FrontSnapshot, **changes: Any) -> FrontSnapshot:
    """Return a snapshot in which fields of the named sources' messages are others."""
    sources = {
        name: replace(
            getattr(snapshot, name),
            message=msgspec.structs.replace(getattr(snapshot, name).message, **fields),
        )
        for name, fields in changes.items()
    }
    return replace(snapshot, **sources)


CHARGING = but(
    IDLE,
    front={"segments": (light(Color.BLUE, Effect.BLINK),) * 4, "caption": "charging"},
    pilot={"cp_state": CpState.C, "duty_percent": 26.7, "offered_a": 16.0, "high_v": 6.0,
           "low_v": -12.0},
    safety={"contactor": Contactor.CLOSED, "permitted": True, "phase": SafetyPhase.CLOSED,
            "detail": ""},
    session={"state": WallboxState.CHARGING, "plugged": True, "authorized": True, "permitted": True,
             "session_id": "20271115-5f3a", "energy_wh": 4213.0, "reason": "Up to 16 A.",
             "started_ns": 246_000_000_000},
    offer={"limit_a": 16.0, "reason": "app", "detail": "The app allows 16.0 A.",
           "limits": (Limit(source="app", limit_a=16.0, detail="The app allows 16.0 A."),
                      Limit(source="dip", limit_a=32.0, detail="The installation allows it."),
                      Limit(source="fuse", limit_a=None))},
    box={"lines": reading(15.9, 3663.0).lines, "power_w": 10989.0},
    house={"lines": reading(17.9, 4120.0).lines, "power_w": 12360.0},
)  # fmt: skip

FAULT = but(
    CHARGING,
    front={
        "segments": (*(light(Color.BLUE, Effect.BLINK),) * 3, light(Color.RED, Effect.BLINK)),
        "caption": "fault 8001",
        "tone": Tone.FALLING,
    },
    safety={
        "contactor": Contactor.OPEN,
        "phase": SafetyPhase.FAULT,
        "detail": "the contactor does not close",
        "faults": (FaultCode.NOT_CLOSING,),
        "records": (
            fault_record(
                FaultCode.NOT_CLOSING, since_utc_ns=UTC_NS, count=2,
                detail="the contactor does not close",
                remedy="Pull the plug and put it in again, or restart the box. "
                "If the fault comes back, call the service.",
            ),
        ),
        "retries": 1,
        "retry_in_s": 27.2,
    },
    session={"state": WallboxState.RECOVER_FROM_ERROR, "reason": "Fault 8001."},
)  # fmt: skip


def page(snapshot: FrontSnapshot, width: int = 80, height: int | None = None, **footer: Any) -> str:
    lines = front_lines(snapshot, width, height, Footer(**footer))
    return "".join(f"{line.text}\n" for line in lines)


def test_an_idle_box_reads_like_this() -> None:
    assert (
        page(IDLE)
        == """\
── wallbox: simulation ─────────────────────────────────────────────────────────
  S1      S2      S3      S4         network RFID    frame   mode    touch
  ███████ ███████ ███████ ███████    ······· ······· ······· ······· ·······
  blue    blue    blue    blue       off     off     off     off     off

  front       ready

── charge ──────────────────────────────────────────────────────────────────────
  state       Idle: Ready; no vehicle is plugged in.
  session     none, vehicle not plugged in
  contactor   open, as proven; idle: no vehicle is connected
  pilot       A, no vehicle; no PWM, offers nothing; +12.0 V / +12.0 V

── meters ──────────────────────────────────────────────────────────────────────
                   box                       house
  L1               0.0 A   230 V      0 W      2.0 A   230 V    460 W
  L2               0.0 A   230 V      0 W      2.0 A   230 V    460 W
  L3               0.0 A   230 V      0 W      2.0 A   230 V    460 W
  sum                                 0 W                      1380 W

── limit ───────────────────────────────────────────────────────────────────────
  limit       32.0 A by DIP switches. The installation allows 32.0 A (DIP
              switches).
  DIP switches     32.0 A   binds
  main fuse        32.5 A   The other loads use 2.0 A on L1.
  app                none   sets no limit

── graph ───────────────────────────────────────────────────────────────────────
  ready       plant, safety, pilot, meter, load_manager, session, led
"""
    )


@pytest.mark.req("MET-7", "LED-3")
def test_a_charge_fits_into_80_by_24() -> None:
    keys = "q leave"
    assert (
        page(CHARGING, height=24, keys=keys)
        == """\
── wallbox: simulation ─────────────────────────────────────────────────────────
  S1      S2      S3      S4         network RFID    frame   mode    touch
  ███████ ███████ ███████ ███████    ······· ······· ······· ······· ·······
  blue    blue    blue    blue       off     off     off     off     off
  blinks  blinks  blinks  blinks
  front       charging

  state       Charging: Up to 16 A.
  session     4.21 kWh in 0:12:34, authorisation not needed, id 20271115-5f3a
  contactor   closed, as proven
  pilot       C, vehicle ready; duty 26.7 % offers 16.0 A; +6.0 V / -12.0 V

                   box                       house
  L1              15.9 A   230 V   3663 W     17.9 A   230 V   4120 W
  L2              15.9 A   230 V   3663 W     17.9 A   230 V   4120 W
  L3              15.9 A   230 V   3663 W     17.9 A   230 V   4120 W
  sum                             10989 W                     12360 W

  limit       16.0 A by app. The app allows 16.0 A.
  chain       app 16.0 A, DIP switches 32.0 A; not limiting: main fuse

  ready       plant, safety, pilot, meter, load_manager, session, led

  keys  c card · p plug · u unplug · r ready · f full · x pull · q leave
"""
    )


@pytest.mark.req("ERR-8001", "ERR-T")
def test_a_fault_has_its_whole_remedy_at_80_by_24() -> None:
    assert (
        page(FAULT, height=24, keys="q leave", note="plug: a vehicle is plugged already")
        == """\
── wallbox: simulation ─────────────────────────────────────────────────────────
  S1      S2      S3      S4         network RFID    frame   mode    touch
  ███████ ███████ ███████ ███████    ······· ······· ······· ······· ·······
  blue    blue    blue    red        off     off     off     off     off
  blinks  blinks  blinks  blinks
  front       fault 8001 (falling tones: refused)
  state       RecoverFromError
  fault       8001: the contactor does not close, seen 2 times
  remedy      Pull the plug and put it in again, or restart the box. If the
              fault comes back, call the service.
  retry       tried again by itself in 27 s (1 of 5 used)
  session     4.21 kWh in 0:12:34, authorisation not needed, id 20271115-5f3a
  contactor   open, as proven; fault
  pilot       C, vehicle ready; duty 26.7 % offers 16.0 A; +6.0 V / -12.0 V
                   box                       house
  L1              15.9 A   230 V   3663 W     17.9 A   230 V   4120 W
  L2              15.9 A   230 V   3663 W     17.9 A   230 V   4120 W
  L3              15.9 A   230 V   3663 W     17.9 A   230 V   4120 W
  sum                             10989 W                     12360 W
  limit       16.0 A by app. The app allows 16.0 A.
  chain       app 16.0 A, DIP switches 32.0 A; not limiting: main fuse
  ready       plant, safety, pilot, meter, load_manager, session, led
  now         plug: a vehicle is plugged already
  keys  c card · p plug · u unplug · r ready · f full · x pull · q leave
"""
    )


@pytest.mark.req("LED-4", "MET-3")
def test_a_lost_house_meter_shows_no_values_and_says_since_when_and_why() -> None:
    lost = but(
        CHARGING,
        front={
            "segments": (*(light(Color.ORANGE, Effect.BLINK),) * 2, DARK, DARK),
            "caption": "house meter lost",
        },
        house={"online": False, "sampled_ns": 985_000_000_000, "error": "connection refused"},
        offer={"house_meter": HouseMeter.LOST},
    )
    # The next poll of a lost meter comes late; until then its last message counts.
    lost = replace(lost, house=replace(lost.house, age_s=25.0))
    text = page(lost)
    assert "  orange  orange  off     off  " in text
    assert "  L2              15.9 A   230 V   3663 W        - A     - V      - W\n" in text
    assert "  sum                             10989 W                         - W\n" in text
    assert "  house       no reading for 15 s: connection refused\n" in text
    silent = page(replace(lost, box=replace(lost.box, age_s=25.0)))
    assert "  box         no message from meter for 25 s\n" in silent
    assert "  house       no message from meter about the house for 25 s\n" in silent


@pytest.mark.parametrize(
    ("source", "row", "value"),
    [
        ("front", "front       no message from led for 12 s", "front       charging"),
        ("session", "state       Not known: no message from session for 12 s", "4.21 kWh in"),
        ("safety", "contactor   no message from safety for 12 s", "closed, as proven"),
        ("pilot", "pilot       no message from pilot for 12 s", "26.7 %"),
        ("box", "box         no message from meter for 12 s", "15.9 A"),
        ("house", "house       no message from meter about the house for 12 s", "17.9 A"),
        ("offer", "limit       not known. no message from load_manager for 12 s", "by app"),
        ("graph", "nodes       no message from launch for 12 s", "load_manager, session"),
    ],
)
def test_a_silent_source_is_named_with_its_age_and_shows_no_value(
    source: str, row: str, value: str
) -> None:
    snapshot = replace(CHARGING, **{source: replace(getattr(CHARGING, source), age_s=12.0)})
    assert f"  {row}\n" in page(snapshot)
    assert value in page(CHARGING)
    assert value not in page(snapshot)


@pytest.mark.parametrize(
    ("processes", "words"),
    [
        ((node_process("pilot"),), "led is not part of this graph"),
        ((node_process("led"),), "no message from led yet"),
        (
            (node_process("led", state=ProcessState.BACKOFF, detail="exit code 1"),),
            "no message from led yet: it ended by itself, and is started again",
        ),
        ((), "no message from led yet"),
    ],
)
def test_a_source_never_heard_is_explained(processes: tuple[Process, ...], words: str) -> None:
    snapshot = but(IDLE, graph={"processes": processes})
    snapshot = replace(snapshot, front=Received(node="led", hold_s=3.0))
    assert silence(snapshot, snapshot.front) == words
    assert f"  front       {words}\n" in page(snapshot)
    assert "  ??????? ??????? ???????" in page(snapshot)


@pytest.mark.parametrize("color", [color for color in Color if color is not Color.OFF])
@pytest.mark.parametrize(
    ("effect", "word"),
    [(Effect.STEADY, ""), (Effect.BLINK, "blinks"), (Effect.PULSE, "pulses")],
)
def test_each_light_has_its_name_as_text_so_that_no_colour_is_needed(
    color: Color, effect: Effect, word: str
) -> None:
    snapshot = but(
        IDLE,
        front={"segments": (DARK, light(color, effect), DARK, DARK), "touch": light(color, effect)},
    )
    _, names, _, colors, effects = (f"{line:80}" for line in page(snapshot).splitlines()[:5])
    for name in ("S2", "touch"):
        place = slice(names.index(name), names.index(name) + 8)
        assert colors[place].strip() == color
        assert effects[place].strip() == word
    assert colors.split().count("off") == 7


@pytest.mark.req("LED-10")
def test_all_blinking_lights_blink_together_once_a_second_and_pulses_are_never_off() -> None:
    snapshot = but(
        CHARGING, front={"network": light(Color.GREEN, Effect.BLINK),
                         "frame": light(Color.WHITE, Effect.PULSE)}
    )  # fmt: skip
    rows = []
    for quarter in range(8):
        at = replace(snapshot, now_s=1000.0 + quarter / 4)
        rows.append(page(at, height=30).splitlines()[2].split())
    assert [row[0] for row in rows] == [*["███████"] * 2, *["·······"] * 2] * 2
    assert all(row[0] == row[3] == row[4] for row in rows)
    assert [row[6] for row in rows] == [*["███████"] * 2, *["▒▒▒▒▒▒▒"] * 2] * 2


def test_a_steady_light_is_lit_and_one_that_is_off_is_not_at_any_time() -> None:
    assert all(is_lit(Effect.STEADY, tenth / 10) for tenth in range(20))
    assert not any(is_lit(Effect.OFF, tenth / 10) for tenth in range(20))


def test_a_page_that_is_printed_once_shows_blinking_lights_lit() -> None:
    dark = replace(CHARGING, now_s=1000.5)
    assert page(dark, height=30).splitlines()[2].split()[0] == "·······"
    assert page(dark).splitlines()[2].split()[0] == "███████"


def test_nodes_that_do_not_run_are_named_with_their_reason() -> None:
    processes = (
        node_process("pilot", restarts=1),
        node_process("led", restarts=3),
        node_process("session", state=ProcessState.FAILED, detail="the port is busy"),
    )
    text = page(but(IDLE, graph={"processes": processes, "stopping": True}))
    assert "wallbox: simulation, stopping ─" in text
    assert "  ready       pilot (restarted once), led (restarted 3 times)\n" in text
    assert "  session     failed: the port is busy\n" in text


def test_keys_of_the_world_are_shown_only_where_it_is_simulated() -> None:
    board = but(IDLE, graph={"processes": (node_process("pilot"),)})
    last = page(IDLE, keys="q leave").splitlines()[-1]
    assert last.startswith("  keys  c card · p plug · u unplug")
    assert page(board, keys="q leave").splitlines()[-1] == "  keys  q leave"
    assert "keys" not in page(IDLE)


def test_a_house_that_is_not_monitored_takes_no_room() -> None:
    alone = replace(but(IDLE, offer={"house_meter": HouseMeter.OFF}))
    alone = replace(alone, house=Received(node="meter", hold_s=10.0, about="the house"))
    assert "house" not in page(alone)


def test_a_third_meter_is_shown_where_there_is_room() -> None:
    sunny = replace(IDLE, solar=received("meter", reading(-5.0, -1150.0), about="the sun"))
    assert " sun" not in page(sunny, width=80)
    wide = page(sunny, width=120)
    assert (
        "                   box                       house                         sun\n" in wide
    )
    assert (
        "  L1               0.0 A   230 V      0 W      2.0 A   230 V    460 W     -5.0 A" in wide
    )


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("height", [24, 30, 40, 60])
@pytest.mark.parametrize("snapshot", [IDLE, CHARGING, FAULT])
def test_the_front_is_never_wider_or_longer_than_its_terminal(
    snapshot: FrontSnapshot, width: int, height: int
) -> None:
    lines = page(snapshot, width, height, keys="q leave", hints=("one", "two")).splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert "keys" in lines[-1]


def test_texts_of_nodes_cannot_control_the_terminal() -> None:
    snapshot = but(IDLE, session={"reason": "\x1b]0;title\x07 and\r\nmore"})
    assert page(snapshot).isprintable() is False  # line ends
    assert all(line.isprintable() for line in page(snapshot).split("\n"))
