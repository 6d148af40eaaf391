"""The answers and reports of the UDP interface, as their texts. Pure.

KEBA's UDP guide, pages 15 to 21 and 35. `ID`, `Serial` and other words are texts, the rest numbers.
"""

import json
from datetime import UTC, datetime

from msgspec import Struct

from msgs.card import NO_TAG, tag_of
from msgs.session import EndReason, SessionRecord
from nodes.smart_home.snapshot import MOST_COUNT, BoxSnapshot
from nodes.smart_home.udp_commands import FIRST_SESSION

OK = "TCH-OK :done\n"
NO_CLASS = "0" * 20
PRODUCT = "BMW-10-EC2405B2-E1R"  # smart_home.md 3.8: the Wallbox Connect
STRONG, NOT_SET = 3, 0  # timeQ, as real boxes have it
REASONS = {None: 0, EndReason.UNPLUGGED: 1, EndReason.STOPPED: 10}
OTHER_REASON = 1  # assumed: the guide has no more


class Identity(Struct, frozen=True, kw_only=True):
    """What does not change."""

    serial: str
    firmware: str  # of this software
    dip: int = 0  # DSW1 in the higher byte, DSW2 in the lower


class ReportTime(Struct, frozen=True, kw_only=True):
    """When a report is made."""

    uptime_s: int
    is_utc_set: bool
    has_service: bool = False  # a charging service is connected


def error(expected: str) -> str:
    """Return the answer to a wrong command."""
    return f"TCH-ERR :{expected}\n"


def firmware(identity: Identity) -> str:
    """Return the firmware in the form that clients know: at most 32 characters."""
    return f"P30 v 3.9.17 (wallbox {identity.firmware})"[:32]


def info(identity: Identity) -> str:
    """Return the answer to `i`: key and value, without braces (page 15)."""
    return f'"Firmware":"{firmware(identity)}"\n'


def report_1(identity: Identity, at: ReportTime) -> str:
    """Return what the box is."""
    return _text(
        {
            "ID": "1",
            "Product": PRODUCT,
            "Serial": identity.serial,
            "Firmware": firmware(identity),
            "COM-module": 1,
            "Backend": int(at.has_service),
            "timeQ": STRONG if at.is_utc_set else NOT_SET,
            "DIP-Sw": f"0x{identity.dip:04X}",
            "Sec": at.uptime_s,
        }
    )


def report_2(seen: BoxSnapshot, identity: Identity, at: ReportTime, output: int) -> str:
    """Return the state, and what is asked for."""
    return _text(
        {
            "ID": "2",
            "State": int(seen.state),
            "Error1": seen.error,
            "Error2": 0,
            "Plug": int(seen.plug),
            "AuthON": int(seen.is_authorization_on),
            "Authreq": int(seen.is_card_needed),
            "Enable sys": int(seen.is_enabled),
            "Enable user": int(seen.is_user_enabled),
            "Max curr": seen.offered_ma,
            "Max curr %": seen.duty_permille,
            "Curr HW": seen.hardware_ma,
            "Curr user": seen.user_ma,
            "Curr FS": seen.failsafe_ma,
            "Tmo FS": seen.failsafe_s,
            "Curr timer": seen.timer_ma,
            "Tmo CT": seen.timer_s,
            "Setenergy": seen.energy_limit_dwh,
            "Output": output,
            "Input": seen.input,
            "Serial": identity.serial,
            "Sec": at.uptime_s,
        }
    )


def report_3(seen: BoxSnapshot, identity: Identity, at: ReportTime) -> str:
    """Return what is measured."""
    return _text(
        {
            "ID": "3",
            **{f"U{line}": value for line, value in enumerate(seen.voltages_v, 1)},
            **{f"I{line}": value for line, value in enumerate(seen.currents_ma, 1)},
            "P": seen.power_mw,
            "PF": seen.power_factor_permille,
            "E pres": seen.session_dwh,
            "E total": seen.lifetime_dwh,
            "Serial": identity.serial,
            "Sec": at.uptime_s,
        }
    )


def report_session(
    number: int,
    record: SessionRecord | None,
    seen: BoxSnapshot,
    identity: Identity,
    at: ReportTime,
    *,
    shows_tags: bool,
) -> str:
    """Return one session: 100 is the one that runs, or the last (page 20).

    :param shows_tags: card numbers are shown; else they are zeros.
    """
    has_tag = shows_tags and record is not None and record.token != ""
    energy_wh = 0.0 if record is None else record.energy_wh
    runs = record is not None and not record.ended_utc_ns
    return _text(
        {
            "ID": str(number),
            "Session ID": 0 if record is None else record.started_utc_ns // 1_000_000_000,
            "Curr HW": seen.hardware_ma,
            "E start": 0 if record is None else _energy(record.start_energy_wh),
            "E pres": seen.session_dwh if runs else _energy(energy_wh),
            "started[s]": _seconds(0 if record is None else record.started_utc_ns),
            "ended[s]": _seconds(0 if record is None else record.ended_utc_ns),
            "started": _date(0 if record is None else record.started_utc_ns),
            "ended": _date(0 if record is None else record.ended_utc_ns),
            "reason": REASONS.get(None if record is None else record.end_reason, OTHER_REASON),
            "timeQ": STRONG if at.is_utc_set else NOT_SET,
            "RFID tag": tag_of(record.token) if has_tag and record is not None else NO_TAG,
            "RFID class": NO_CLASS,
            "Serial": identity.serial,
            "Sec": at.uptime_s,
        }
    )


def session_of(number: int, records: tuple[SessionRecord, ...]) -> SessionRecord | None:
    """Return the session of a report; None: there is none.

    :param records: the newest first.
    """
    ended = [each for each in records if each.ended_utc_ns]
    if number == FIRST_SESSION and records and not records[0].ended_utc_ns:
        return records[0]
    place = max(number - FIRST_SESSION - 1, 0)
    return ended[place] if place < len(ended) else None


def pushed(before: BoxSnapshot, now: BoxSnapshot) -> tuple[str, ...]:
    """Return what is sent without a question: each value that has changed (page 35)."""
    pairs = {
        "State": (int(before.state), int(now.state)),
        "Plug": (int(before.plug), int(now.plug)),
        "Input": (before.input, now.input),
        "Enable sys": (int(before.is_enabled), int(now.is_enabled)),
        "Max curr": (before.offered_ma, now.offered_ma),
        "E pres": (before.session_dwh, now.session_dwh),
    }
    return tuple(_text({name: new}) for name, (old, new) in pairs.items() if old != new)


def _energy(energy_wh: float) -> int:
    return min(max(round(energy_wh * 10.0), 0), MOST_COUNT)


def _seconds(utc_ns: int) -> int:
    return utc_ns // 1_000_000_000


def _date(utc_ns: int) -> str:
    """Return a time as the guide writes it, UTC; "0" for none."""
    if not utc_ns:
        return "0"
    stamp = datetime.fromtimestamp(utc_ns // 1_000_000_000, UTC)
    return stamp.strftime("%Y-%m-%d %H:%M:%S.000")


def _text(content: dict[str, object]) -> str:
    return json.dumps(content) + "\n"
