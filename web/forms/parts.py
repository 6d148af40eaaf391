"""What a page has besides its form: the cards, the measurement of the phases, a meter's test."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from msgs.card import Card, CardRole
from msgs.load_manager import FindPhases, PhaseSearch, PhaseSearchAction
from msgs.meter import PHASES, MeterReading, MeterToTest
from msgs.methods import FIND_PHASES, LIST_CARDS, TEST_CONNECTION
from msgs.requests import Answer, NoArguments, Status
from msgs.setting_keys import SettingError, check
from msgs.settings import Settings
from web.box import Box, SilentError
from web.forms.rows import PagePart
from web.forms.shown import Table

SILENT_NODE = "The wallbox does not answer at the moment. Open this page again."


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCard:
    """One stored card."""

    card: Card
    is_master: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """One phase of a meter that was read once."""

    phase: str
    current_a: str
    voltage_v: str
    power_w: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterTest:
    """The result of a test: a reading, or why there is none."""

    problem: str = ""
    lines: tuple[ShownLine, ...] = ()
    power_w: str = ""
    complaints: tuple[str, ...] = ()  # values that cannot be true together


def part_of(part: PagePart, box: Box, values: Table, settings: Settings) -> Mapping[str, Any]:
    """Return what the template of a part shows.

    :param values: those of the form
    :param settings: those that apply
    """
    match part:
        case PagePart.NONE | PagePart.BROKER | PagePart.METRICS | PagePart.ADDRESS:
            return {}
        case PagePart.CARDS:
            cards, problem = _cards(box)
            return {"cards": cards, "part_problem": problem}
        case PagePart.CARD:
            cards, problem = _cards(box)
            mine = [each for each in cards if each.card.uid == values.get("uid")]
            problem = problem or ("" if mine else "There is no such card in the list.")
            seen_name = {"seen_name": mine[0].card.name} if mine else {}
            return {"cards": mine, "part_problem": problem, "part_seen": seen_name}
        case PagePart.CLOCK:
            return {"clock": _clock(box)}
        case PagePart.PHASE_SEARCH:
            show = FindPhases(action=PhaseSearchAction.SHOW)
            search: Answer[PhaseSearch] = box.ask(FIND_PHASES, show)
            silent = "" if search.status in (Status.OK, Status.REFUSED) else SILENT_NODE
            seen = msgspec.json.encode({"phase_assignment": settings.phase_assignment}).decode()
            return {"search": search.result, "part_problem": silent, "search_seen": seen}


def _clock(box: Box) -> str:
    """Return UTC by the wallbox's clock; "" if it is not known."""
    try:
        seconds = box.snapshot().utc_ns // 10**9
    except SilentError:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _cards(box: Box) -> tuple[list[ShownCard], str]:
    answer = box.ask(LIST_CARDS, NoArguments())
    if answer.result is None:
        return [], SILENT_NODE
    cards = answer.result.cards
    return [ShownCard(card=each, is_master=each.role is CardRole.MASTER) for each in cards], ""


def test_meter(section: str, values: Table, box: Box) -> tuple[dict[str, str], MeterTest | None]:
    """Read a meter once, as it is typed; return what is wrong by key, or the result."""
    own = {
        each.encode_name: values[f"{section}.{each.encode_name}"]
        for each in msgspec.structs.fields(MeterToTest)
        if f"{section}.{each.encode_name}" in values
    }
    wrong: dict[str, str] = {}
    for name, value in own.items():
        try:
            check(f"{section}.{name}", value)
        except SettingError as error:
            wrong[error.key] = error.problem
    if not own.get("manufacturer") and f"{section}.manufacturer" not in wrong:
        wrong[f"{section}.manufacturer"] = "expected the meter's manufacturer"
    if wrong:
        return wrong, None
    answer = box.ask(TEST_CONNECTION, msgspec.convert(own, MeterToTest))
    if answer.result is None:
        return {}, MeterTest(problem=answer.reason or SILENT_NODE)
    return {}, _shown(answer.result)


def _shown(reading: MeterReading) -> MeterTest:
    return MeterTest(
        lines=tuple(
            ShownLine(
                phase=phase,
                current_a=f"{line.current_a:.2f}",
                voltage_v=f"{line.voltage_v:.1f}",
                power_w=f"{line.power_w:.0f}",
            )
            for phase, line in zip(PHASES, reading.lines, strict=True)
        ),
        power_w=f"{reading.power_w:.0f}",
        complaints=tuple(each.text for each in reading.contradictions),
    )
