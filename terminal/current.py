"""The current in rows: the meters' values on each phase, and the limits. Pure."""

from collections.abc import Iterable

from msgs.meter import MeterReading
from terminal.lines import Span, Style, TextLine
from terminal.rows import LABEL, Rank, row
from terminal.snapshot import FrontSnapshot
from view.limits import ShownLimit, limit_reason, limit_words, limits
from view.meters import has_house_meter, online, wrong_with
from view.snapshot import Received

_COLUMN = 28  # columns of a meter
_SOURCE = 16  # columns of a limit's source, before its amount
_AMOUNT = 10


def meter_rows(snapshot: FrontSnapshot, width: int) -> list[TextLine]:
    """Return a table with one row for each phase, and why a meter has no reading."""
    meters = [("box", snapshot.box)]
    if has_house_meter(snapshot):
        meters.append(("house", snapshot.house))
    if snapshot.solar.message is not None:
        meters.append(("sun", snapshot.solar))
    shown = meters[: max(1, (width - LABEL) // _COLUMN)]
    lines = [_table_row("", [name.rjust(8).ljust(_COLUMN) for name, _ in shown], Rank.METER)]
    for index in range(3):
        cells = [_cell(heard, index) for _, heard in shown]
        lines.append(_table_row(f"L{index + 1}", cells, Rank.METER))
    lines.append(_table_row("sum", [_sum(heard) for _, heard in shown], Rank.SUM))
    for name, heard in meters:
        wrong = wrong_with(snapshot, heard)
        if wrong:
            lines += row(name, [Span(wrong, Style.WARNING)], width)
    return lines


def limit_rows(snapshot: FrontSnapshot, width: int, roomy: bool) -> list[TextLine]:
    """Return the limit with its reason in a sentence, and the other limits."""
    style = Style.WARNING if snapshot.offer.fresh is None else Style.STRONG
    spans = [Span(f"{limit_words(snapshot)}.", style), Span(limit_reason(snapshot))]
    lines = row("limit", spans, width)
    chain = limits(snapshot)
    if not chain:
        return lines
    if roomy:
        for each in chain:
            label = f"{each.name:{_SOURCE}}{each.amount:>{_AMOUNT - 3}}"
            detail = "binds" if each.binds else each.detail
            lines += row(label, [Span(detail)], width, column=2 + _SOURCE + _AMOUNT)
        return lines
    return lines + row("chain", [Span(_in_one_line(chain))], width, rank=Rank.CHAIN)


def _in_one_line(chain: tuple[ShownLimit, ...]) -> str:
    setting = ", ".join(f"{each.name} {each.amount}" for each in chain if each.limit_a is not None)
    free = ", ".join(each.name for each in chain if each.limit_a is None)
    return f"{setting}; not limiting: {free}" if free else setting


def _table_row(label: str, cells: Iterable[str], rank: Rank) -> TextLine:
    return TextLine((Span(f"  {label}".ljust(LABEL), Style.FAINT), Span("".join(cells))), rank)


def _cell(heard: Received[MeterReading], index: int) -> str:
    reading = online(heard)
    if reading is None:
        return f"{'-':>8} A{'-':>6} V{'-':>7} W".ljust(_COLUMN)
    line = reading.lines[index]
    cell = f"{line.current_a:8.1f} A{line.voltage_v:6.0f} V{line.power_w:7.0f} W"
    return cell.ljust(_COLUMN)


def _sum(heard: Received[MeterReading]) -> str:
    reading = online(heard)
    power = f"{reading.power_w:7.0f} W" if reading else f"{'-':>7} W"
    return power.rjust(_COLUMN - 1).ljust(_COLUMN)
