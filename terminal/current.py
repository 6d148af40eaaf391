"""The current in rows: what the meters read on each phase, and what limits it. Pure."""

from collections.abc import Iterable

from msgs.meter import MeterReading
from terminal.facts import Facts
from terminal.lines import Line, Look, Span
from terminal.rows import LABEL, Rank, row
from view.facts import Heard
from view.limits import ToldLimit, limit_reason, limit_words, limits
from view.meters import has_house_meter, online, wrong_with

_COLUMN = 28  # columns of a meter
_SOURCE = 16  # columns of a limit's source, before its amount
_AMOUNT = 10


def meter_rows(facts: Facts, width: int) -> list[Line]:
    """Return a table with one row a phase, and what is wrong with each meter."""
    meters = [("box", facts.box)]
    if has_house_meter(facts):
        meters.append(("house", facts.house))
    if facts.solar.message is not None:
        meters.append(("sun", facts.solar))
    shown = meters[: max(1, (width - LABEL) // _COLUMN)]
    lines = [_table_row("", [name.rjust(8).ljust(_COLUMN) for name, _ in shown], Rank.METER)]
    for index in range(3):
        cells = [_cell(heard, index) for _, heard in shown]
        lines.append(_table_row(f"L{index + 1}", cells, Rank.METER))
    lines.append(_table_row("sum", [_sum(heard) for _, heard in shown], Rank.SUM))
    for name, heard in meters:
        wrong = wrong_with(facts, heard)
        if wrong:
            lines += row(name, [Span(wrong, Look.WARNING)], width)
    return lines


def limit_rows(facts: Facts, width: int, roomy: bool) -> list[Line]:
    """Return the limit with its reason in a sentence, and the whole chain behind it."""
    look = Look.WARNING if facts.offer.fresh is None else Look.STRONG
    lines = row("limit", [Span(f"{limit_words(facts)}.", look), Span(limit_reason(facts))], width)
    chain = limits(facts)
    if not chain:
        return lines
    if roomy:
        for each in chain:
            label = f"{each.name:{_SOURCE}}{each.amount:>{_AMOUNT - 3}}"
            detail = "binds" if each.binds else each.detail
            lines += row(label, [Span(detail)], width, column=2 + _SOURCE + _AMOUNT)
        return lines
    return lines + row("chain", [Span(_in_one_line(chain))], width, rank=Rank.CHAIN)


def _in_one_line(chain: tuple[ToldLimit, ...]) -> str:
    setting = ", ".join(f"{each.name} {each.amount}" for each in chain if each.limit_a is not None)
    free = ", ".join(each.name for each in chain if each.limit_a is None)
    return f"{setting}; not limiting: {free}" if free else setting


def _table_row(label: str, cells: Iterable[str], rank: Rank) -> Line:
    return Line((Span(f"  {label}".ljust(LABEL), Look.FAINT), Span("".join(cells))), rank)


def _cell(heard: Heard[MeterReading], index: int) -> str:
    reading = online(heard)
    if reading is None:
        return f"{'-':>8} A{'-':>6} V{'-':>7} W".ljust(_COLUMN)
    line = reading.lines[index]
    cell = f"{line.current_a:8.1f} A{line.voltage_v:6.0f} V{line.power_w:7.0f} W"
    return cell.ljust(_COLUMN)


def _sum(heard: Heard[MeterReading]) -> str:
    reading = online(heard)
    power = f"{reading.power_w:7.0f} W" if reading else f"{'-':>7} W"
    return power.rjust(_COLUMN - 1).ljust(_COLUMN)
