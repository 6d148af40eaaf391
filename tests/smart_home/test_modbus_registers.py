"""The register map of the Modbus interface: each value, each order, and what is refused."""

from typing import Any

import pytest
from msgspec.structs import replace

from msgs.card import tag_of
from nodes.smart_home.modbus_registers import (
    NO_PARTS,
    READABLE,
    WRITABLE,
    FailsafeParts,
    ShownBox,
    Written,
    after,
    read,
    refusal,
    write,
)
from nodes.smart_home.modbus_server import WRITTEN, ModbusReply, ModbusRequest
from nodes.smart_home.orders import Enable, LimitEnergy, Order, SetCurrent, SetFailsafe
from nodes.smart_home.snapshot import MOST_COUNT, BoxSnapshot, ChargeState, PlugCode

FUNCTION, ADDRESS, VALUE, FAILURE, UNIT = 1, 2, 3, 4, 11  # exceptions
IDLE = BoxSnapshot()
SEEN = BoxSnapshot(
    state=ChargeState.CHARGING,
    error=0x8002,
    plug=PlugCode.VEHICLE,
    offered_ma=16_000,
    hardware_ma=32_000,
    user_ma=20_000,
    failsafe_ma=10_000,
    failsafe_s=30,
    voltages_v=(229, 230, 231),
    currents_ma=(15_900, 15_901, 15_902),
    power_mw=10_999_000,
    power_factor_permille=998,
    session_dwh=123_456,
    lifetime_dwh=987_654_321,
    tag="04A1B2C3D4E5F600",
)
SERIAL = 18_416_854


def asked(address: int, value: int = 2, function: int = 3, **more: Any) -> ModbusRequest:
    request = ModbusRequest(
        client="192.168.2.50", unit=255, function=function, address=address, value=value
    )
    return replace(request, **more)


def number_of(address: int, shown: ShownBox) -> int:
    request = asked(address)
    assert refusal(request) is None
    high, low = read(request, shown).registers
    assert 0 <= high <= 0xFFFF
    assert 0 <= low <= 0xFFFF
    return high << 16 | low


VALUES = {
    # address: (of SEEN, of a box of which nothing is known)
    1000: (3, 0),
    1004: (7, 3),
    1006: (0x8002, 0),
    1008: (15_900, 0),
    1010: (15_901, 0),
    1012: (15_902, 0),
    1014: (SERIAL, SERIAL),
    1016: (314_011, 314_011),
    1018: (0x0309_1100, 0x0309_1100),
    1020: (10_999_000, 0),
    1036: (987_654_321, 0),
    1040: (229, 0),
    1042: (230, 0),
    1044: (231, 0),
    1046: (998, 0),
    1100: (16_000, 0),
    1110: (32_000, 0),
    1500: (0x04A1_B2C3, 0),
    1502: (123_456, 0),
    1550: (0, 0),
    1552: (1, 1),
    1600: (10_000, 0),
    1602: (30, 0),
}


def test_the_table_has_every_register() -> None:
    assert set(VALUES) == set(READABLE)


@pytest.mark.parametrize("address", VALUES)
def test_each_register_shows_its_value(address: int) -> None:
    seen, idle = VALUES[address]
    assert number_of(address, ShownBox(seen=SEEN, serial=SERIAL, has_tags=True)) == seen
    assert number_of(address, ShownBox(seen=IDLE, serial=SERIAL, has_tags=True)) == idle


def test_the_product_and_the_firmware_are_what_clients_take_apart() -> None:
    """As evcc does: six digits, a meter and a card reader; three bytes of a version."""
    product = str(number_of(1016, ShownBox(seen=IDLE, serial=SERIAL)))
    assert (len(product), product[0], product[4] != "0", product[5]) == (6, "3", True, "1")
    assert number_of(1018, ShownBox(seen=IDLE, serial=SERIAL)).to_bytes(4, "big")[:3] == bytes(
        (3, 9, 17)
    )


@pytest.mark.parametrize("state", ChargeState)
def test_each_state_is_shown(state: ChargeState) -> None:
    assert number_of(1000, ShownBox(seen=replace(IDLE, state=state), serial=0)) == state.value


def test_the_card_is_0_unless_the_settings_show_it() -> None:
    assert number_of(1500, ShownBox(seen=SEEN, serial=0)) == 0


@pytest.mark.parametrize(
    ("token", "number"),
    [
        ("04A1B2C3D4E5F6", 0x04A1_B2C3),
        ("04a1b2c3", 0x04A1_B2C3),
        ("FFFFFFFF", 0xFFFF_FFFF),
        ("AB", 0xAB00_0000),
        # what a charging service has authorised with is any text
        ("APP-USER-7", 0),
        ("04A1B2C", 0x04A1_B2C0),
        ("+4A1B2C3", 0),
        ("04_1B2C3", 0),
        ("0x41B2C3", 0),
        (" 4A1B2C3", 0),
        ("\uff11\uff12345678", 0),
        ("\u00df" * 64, 0),
    ],
)
def test_a_token_that_is_no_card_is_0(token: str, number: int) -> None:
    seen = replace(SEEN, tag=tag_of(token))
    assert number_of(1500, ShownBox(seen=seen, serial=0, has_tags=True)) == number


def test_the_greatest_and_impossible_numbers_stay_in_their_registers() -> None:
    seen = replace(SEEN, lifetime_dwh=MOST_COUNT, power_mw=-1, session_dwh=2**40)
    shown = ShownBox(seen=seen, serial=0)
    assert number_of(1036, shown) == MOST_COUNT
    assert number_of(1020, shown) == 0
    assert number_of(1502, shown) == 0xFFFF_FFFF


@pytest.mark.parametrize(
    ("request_", "exception"),
    [
        # reads that are not one whole value
        (asked(1000, 1), ADDRESS),
        (asked(1008, 6), ADDRESS),
        (asked(1001, 2), ADDRESS),
        (asked(999, 2), ADDRESS),
        (asked(1002, 2), ADDRESS),
        (asked(1013, 2), ADDRESS),  # the firmware of an older version
        (asked(0, 2), ADDRESS),
        (asked(65_535, 2), ADDRESS),
        (asked(1000, 0), VALUE),
        (asked(1000, 126), VALUE),
        (asked(1000, 125), ADDRESS),
        # what is only written is not read, and the other way round
        *((asked(address, 1), ADDRESS) for address in sorted(WRITABLE)),
        *((asked(address, 2), ADDRESS) for address in sorted(WRITABLE)),
        *((asked(address, 30, function=6), ADDRESS) for address in sorted(READABLE)),
        (asked(5005, 6000, function=6), ADDRESS),
        # other functions, also where there is no such register
        *((asked(1000, 2, function=each), FUNCTION) for each in (0, 1, 2, 4, 5, 16, 23, 43, 131)),
        (asked(5004, 6000, function=16), FUNCTION),
        # data that do not fit the function
        (asked(1000, is_whole=False), VALUE),
        (asked(5004, 6000, function=6, is_whole=False), VALUE),
        # units
        (asked(1000, unit=2), UNIT),
        (asked(1000, unit=254), UNIT),
        (asked(5004, 6000, function=6, unit=2), UNIT),
    ],
)
def test_a_forbidden_access_is_refused(request_: ModbusRequest, exception: int) -> None:
    assert refusal(request_) == ModbusReply(exception=exception)


@pytest.mark.parametrize("unit", [255, 1, 0])
def test_these_units_are_the_box(unit: int) -> None:
    assert refusal(asked(1000, unit=unit)) is None


def order_of(address: int, value: int, seen: BoxSnapshot = IDLE) -> Order | int | None:
    """Return the order of a write, or the exception; None: it is confirmed at once."""
    assert refusal(asked(address, value, function=6)) is None
    written = write(asked(address, value, function=6), seen, NO_PARTS)
    return written.order or written.reply.exception or None


PAUSED = replace(IDLE, is_user_enabled=False)
HOT = replace(IDLE, state=ChargeState.SUSPENDED)


@pytest.mark.parametrize(
    ("address", "value", "seen", "expected"),
    [
        (5004, 6_000, IDLE, SetCurrent(current_ma=6_000)),
        (5004, 63_000, IDLE, SetCurrent(current_ma=63_000)),
        (5004, 0, IDLE, SetCurrent(current_ma=0)),
        (5004, 1, IDLE, VALUE),
        (5004, 5_999, IDLE, VALUE),
        (5004, 63_001, IDLE, VALUE),
        (5004, 65_535, IDLE, VALUE),
        (5010, 0, IDLE, LimitEnergy(energy_dwh=0)),
        (5010, 1, IDLE, LimitEnergy(energy_dwh=100)),
        (5010, 65_535, IDLE, LimitEnergy(energy_dwh=6_553_500)),
        (5012, 0, IDLE, FAILURE),
        (5012, 0, PAUSED, None),
        (5012, 0, HOT, None),
        (5012, 1, PAUSED, VALUE),
        (5014, 0, IDLE, Enable(is_on=False)),
        (5014, 1, IDLE, Enable(is_on=True)),
        (5014, 2, IDLE, VALUE),
        (5014, 65_535, IDLE, VALUE),
        (5050, 0, IDLE, FAILURE),
        (5050, 3, IDLE, FAILURE),
        (5050, 5, IDLE, VALUE),
        (5052, 0, IDLE, FAILURE),
        (5052, 1, IDLE, FAILURE),
        (5052, 2, IDLE, VALUE),
        (5016, 5_999, IDLE, VALUE),
        (5016, 63_001, IDLE, VALUE),
        (5018, 9, IDLE, VALUE),
        (5018, 601, IDLE, VALUE),
        (5018, 65_535, IDLE, VALUE),
        (5020, 2, IDLE, VALUE),
    ],
)
def test_a_write_is_an_order_or_refused(
    address: int, value: int, seen: BoxSnapshot, expected: Order | int | None
) -> None:
    assert order_of(address, value, seen) == expected


# --- the failsafe, of three registers ----------------------------------------------------------

CURRENT, TIMEOUT, PERSIST = 5016, 5018, 5020
COUNTS = replace(IDLE, failsafe_ma=10_000, failsafe_s=30)


def ordered(
    *writes: tuple[int, int], seen: BoxSnapshot = IDLE
) -> tuple[list[Order | None], Written]:
    """Write; carry out what is ordered."""
    parts, found = NO_PARTS, []
    for address, value in writes:
        written = write(asked(address, value, function=6), seen, parts)
        assert written.reply == WRITTEN
        parts, order = written.parts, written.order
        found.append(order)
        if isinstance(order, SetFailsafe):
            parts = after(order, parts)
            seen = replace(seen, failsafe_s=order.timeout_s, failsafe_ma=order.current_ma)
    return found, replace(written, parts=parts)


def failsafe(timeout_s: int, current_ma: int, is_lasting: bool = False) -> SetFailsafe:
    return SetFailsafe(timeout_s=timeout_s, current_ma=current_ma, is_lasting=is_lasting)


@pytest.mark.parametrize(
    ("writes", "expected"),
    [
        (((CURRENT, 6_000), (TIMEOUT, 10)), [None, failsafe(10, 6_000)]),
        (((TIMEOUT, 600), (CURRENT, 0)), [None, failsafe(600, 0)]),
        (((CURRENT, 63_000), (CURRENT, 8_000), (TIMEOUT, 60)), [None, None, failsafe(60, 8_000)]),
        # the last register makes it last, whichever it is
        (
            ((CURRENT, 6_000), (TIMEOUT, 60), (PERSIST, 1)),
            [None, failsafe(60, 6_000), failsafe(60, 6_000, True)],
        ),
        (
            ((CURRENT, 6_000), (TIMEOUT, 60), (PERSIST, 0)),
            [None, failsafe(60, 6_000), failsafe(60, 6_000)],
        ),
        (
            ((PERSIST, 1), (TIMEOUT, 60), (CURRENT, 6_000)),
            [failsafe(0, 0, True), None, failsafe(60, 6_000, True)],
        ),
        # one register alone changes nothing
        (((TIMEOUT, 30), (TIMEOUT, 30)), [None, None]),
        (((PERSIST, 0), (CURRENT, 0)), [None, None]),
        # off; the current stays known
        (((TIMEOUT, 0),), [failsafe(0, 0)]),
        (
            ((CURRENT, 9_000), (TIMEOUT, 0), (TIMEOUT, 20)),
            [None, failsafe(0, 0), failsafe(20, 9_000)],
        ),
        (((TIMEOUT, 0), (PERSIST, 1)), [failsafe(0, 0), failsafe(0, 0, True)]),
    ],
)
def test_a_failsafe_counts_once_its_current_and_its_time_are_written(
    writes: tuple[tuple[int, int], ...], expected: list[Order | None]
) -> None:
    assert ordered(*writes)[0] == expected


@pytest.mark.parametrize(
    ("writes", "expected"),
    [
        (((TIMEOUT, 30),), [failsafe(30, 10_000)]),  # as evcc does, each 15 s
        (((TIMEOUT, 60),), [failsafe(60, 10_000)]),
        (((CURRENT, 0),), [failsafe(30, 0)]),
        (((CURRENT, 6_000), (TIMEOUT, 20)), [failsafe(30, 6_000), failsafe(20, 6_000)]),
        (((PERSIST, 1), (TIMEOUT, 30)), [failsafe(30, 10_000, True), failsafe(30, 10_000)]),
        (((TIMEOUT, 0), (TIMEOUT, 30)), [failsafe(0, 0), None]),
    ],
)
def test_a_failsafe_that_counts_gives_what_is_not_written(
    writes: tuple[tuple[int, int], ...], expected: list[Order | None]
) -> None:
    assert ordered(*writes, seen=COUNTS)[0] == expected


def test_a_wrong_value_leaves_what_was_written_before() -> None:
    parts = FailsafeParts(current_ma=7_000)
    for address in sorted(WRITABLE - {5010}):
        assert write(asked(address, 65_535, function=6), IDLE, parts).parts == parts
    assert write(asked(TIMEOUT, 60, function=6), IDLE, parts).order == failsafe(60, 7_000)


def test_a_whole_failsafe_that_was_not_carried_out_can_be_ordered_again_by_its_last_part() -> None:
    first = write(asked(CURRENT, 7_000, function=6), IDLE, NO_PARTS)
    second = write(asked(TIMEOUT, 60, function=6), IDLE, first.parts)
    again = write(asked(TIMEOUT, 60, function=6), IDLE, second.parts)
    assert second.order == again.order == failsafe(60, 7_000)
