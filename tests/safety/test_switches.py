"""The DIP switches: their table, and the majority of three reads."""

import itertools

import pytest

from nodes.safety.switches import UNREAD, Switches, carry_over, limit_of_dip, read

FULL, LOW = (0b101, 0), (0b000, 0)


def reads(*codes: tuple[int, int], switches: Switches = UNREAD) -> Switches:
    for code in codes:
        switches = read(switches, code)
    return switches


@pytest.mark.req("CHG-3")
@pytest.mark.parametrize(
    ("dip1", "limit_a"),
    [
        (0b000, 10.0),
        (0b100, 13.0),
        (0b010, 16.0),
        (0b110, 20.0),
        (0b001, 25.0),
        (0b101, 32.0),
        (0b011, 10.0),  # undefined
        (0b111, 10.0),  # undefined
        (0x26, 20.0),  # as read from a real box
        (0xFD, 32.0),  # the other five switches do not matter
        (0x100, 10.0),
        (-3, 32.0),
    ],
)
def test_the_table_of_the_installations_limit(dip1: int, limit_a: float) -> None:
    assert limit_of_dip(dip1) == limit_a


@pytest.mark.req("CHG-3")
def test_the_switches_do_not_count_before_three_reads() -> None:
    for count in range(3):
        switches = reads(*[FULL] * count)
        assert not switches.is_settled
        assert switches.installation_limit_a == 10.0
    assert reads(FULL, FULL, FULL).is_settled
    assert reads(FULL, FULL, FULL).installation_limit_a == 32.0


@pytest.mark.req("CHG-3")
@pytest.mark.parametrize("codes", list(itertools.product((FULL, LOW), repeat=3)))
def test_two_reads_of_three_decide(codes: tuple[tuple[int, int], ...]) -> None:
    expected_a = 32.0 if codes.count(FULL) >= 2 else 10.0
    assert reads(*codes).installation_limit_a == expected_a
    assert reads(*codes, switches=reads(FULL, FULL, FULL)).installation_limit_a == expected_a


@pytest.mark.req("CHG-3")
def test_three_reads_that_all_differ_are_the_lowest_and_change_no_mode() -> None:
    service = (0b101, 1)
    switches = reads(service, service, service)
    assert (switches.installation_limit_a, switches.is_commissioning) == (32.0, True)
    switches = reads((0b100, 0), (0b110, 0), switches=switches)
    assert (switches.installation_limit_a, switches.is_commissioning) == (10.0, True)


@pytest.mark.req("STA-4")
def test_dsw2_8_is_commissioning_and_no_other_switch_is() -> None:
    assert not reads(*[(0, 0xFE)] * 3).is_commissioning
    assert reads(*[(0, 0x01)] * 3).is_commissioning
    assert not reads(*[(0, 0x00)] * 2, switches=reads(*[(0, 0x01)] * 3)).is_commissioning


def test_the_switches_stay_after_a_failed_reading_and_are_read_again() -> None:
    switches = carry_over(reads(*[(0b101, 1)] * 3))
    assert (switches.installation_limit_a, switches.is_commissioning) == (32.0, True)
    assert not switches.is_settled
    switches = reads((0, 0), (0, 0), switches=switches)
    assert (switches.installation_limit_a, switches.is_commissioning) == (32.0, True)
    switches = read(switches, (0, 0))
    assert (switches.installation_limit_a, switches.is_commissioning) == (10.0, False)


def test_the_same_again_keeps_what_was_read() -> None:
    switches = reads(FULL, FULL, FULL)
    assert read(switches, FULL) is switches
