"""The current in rows: what the meters read on each phase, and what limits it. Pure."""

from collections.abc import Iterable

from msgs.load_manager import HouseMeter
from msgs.meter import MeterReading
from terminal.facts import Facts, Heard, age
from terminal.lines import Line, Look, Span
from terminal.rows import LABEL, Rank, row

_COLUMN = 28  # columns of a meter
_SOURCE = 12  # columns of a limit's source, before its amount
_AMOUNT = 10


def meter_rows(facts: Facts, width: int) -> list[Line]:
    """Return a table with one row a phase, and what is wrong with each meter."""
    offer = facts.offer.fresh
    meters = [("box", facts.box)]
    if facts.house.message is not None or (offer and offer.house_meter is not HouseMeter.OFF):
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
        wrong = _wrong_with(facts, heard)
        if wrong:
            lines += row(name, [Span(wrong, Look.WARNING)], width)
    return lines


def limit_rows(facts: Facts, width: int, roomy: bool) -> list[Line]:
    """Return the limit with its reason in a sentence, and the whole chain behind it."""
    offer = facts.offer.fresh
    if offer is None:
        return row("limit", [Span(facts.silence(facts.offer), Look.WARNING)], width)
    spans = [Span(f"{offer.limit_a:.1f} A by {offer.reason}.", Look.STRONG), Span(offer.detail)]
    lines = row("limit", spans, width)
    if roomy:
        for each in offer.limits:
            amount = "-" if each.limit_a is None else f"{each.limit_a:.1f} A"
            label = f"{each.source:{_SOURCE}}{amount:>{_AMOUNT - 3}}"
            detail = "binds" if each.source == offer.reason else each.detail or "sets no limit"
            lines += row(label, [Span(detail)], width, column=2 + _SOURCE + _AMOUNT)
        return lines
    binding = [f"{each.source} {each.limit_a:.1f} A" for each in offer.limits if each.limit_a]
    paused = [f"{each.source} 0 A" for each in offer.limits if each.limit_a == 0.0]
    free = [each.source for each in offer.limits if each.limit_a is None]
    words = ", ".join(paused + binding) + (f"; not limiting: {', '.join(free)}" if free else "")
    return lines + row("chain", [Span(words)], width, rank=Rank.CHAIN)


def _table_row(label: str, cells: Iterable[str], rank: Rank) -> Line:
    return Line((Span(f"  {label}".ljust(LABEL), Look.FAINT), Span("".join(cells))), rank)


def _cell(heard: Heard[MeterReading], index: int) -> str:
    reading = heard.fresh
    if reading is None or not reading.online:
        return f"{'-':>8} A{'-':>6} V{'-':>7} W".ljust(_COLUMN)
    line = reading.lines[index]
    cell = f"{line.current_a:8.1f} A{line.voltage_v:6.0f} V{line.power_w:7.0f} W"
    return cell.ljust(_COLUMN)


def _sum(heard: Heard[MeterReading]) -> str:
    reading = heard.fresh
    power = f"{reading.power_w:7.0f} W" if reading and reading.online else f"{'-':>7} W"
    return power.rjust(_COLUMN - 1).ljust(_COLUMN)


def _wrong_with(facts: Facts, heard: Heard[MeterReading]) -> str:
    """Return why a meter shows nothing; "" if it shows something.

    A lost meter is asked ever less often: what was said of it last holds while the node lives.
    """
    reading = heard.message
    if reading is None or reading.online or facts.box.fresh is None:
        return facts.silence(heard)
    if reading.sampled_ns:
        since = f"no reading for {age(facts.now_s - reading.sampled_ns / 1e9)}"
    else:
        since = "no reading yet"
    return f"{since}: {reading.error}" if reading.error else since
