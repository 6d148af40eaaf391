"""The DIP switches and the external input: their table, and the majority of three reads."""

import itertools

import pytest

from nodes.safety.switches import UNREAD, Switches, carry_over, limit_of_dip, read

FULL, LOW = (0b101, 0), (0b000, 0)


def reads(*codes: tuple[int, int], switches: Switches = UNREAD) -> Switches:
    for code in codes:
        switches = read(switches, code, is_external_closed=True)
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


@pytest.mark.req("APP-2")
def test_both_switches_are_published_as_two_reads_of_three_have_them() -> None:
    assert reads((0x25, 0x01), (0x25, 0x01)).dip == 0
    switches = reads((0x25, 0x01), (0xFF, 0xFF), (0x25, 0x01))
    assert switches.dip == 0x2501
    assert reads((0x24, 0), (0x26, 0), switches=switches).dip == 0x2501  # no majority
    assert reads(*[(0x05, 0x80)] * 3, switches=switches).dip == 0x0580


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
    switches = reads((0, 0), switches=switches)
    assert (switches.installation_limit_a, switches.is_commissioning) == (10.0, False)


def test_the_same_again_keeps_what_was_read() -> None:
    switches = reads(FULL, FULL, FULL)
    assert reads(FULL, switches=switches) is switches


# --- the external input ---------------------------------------------------------------------------

USED, UNUSED = (0x85, 0), (0x05, 0)


def contact(*closed: bool, switches: Switches = UNREAD, code: tuple[int, int] = USED) -> Switches:
    for is_closed in closed:
        switches = read(switches, code, is_external_closed=is_closed)
    return switches


@pytest.mark.req("MET-7")
@pytest.mark.parametrize("dip1", range(256))
def test_dsw1_1_alone_switches_the_external_input_on(dip1: int) -> None:
    expected = True if dip1 >= 0x80 else None
    assert contact(True, True, True, code=(dip1, 0xFF)).external_enable is expected
    expected = False if dip1 >= 0x80 else None
    assert contact(False, False, False, code=(dip1, 0xFF)).external_enable is expected


@pytest.mark.req("MET-7")
@pytest.mark.parametrize("closed", list(itertools.product((True, False), repeat=3)))
def test_two_reads_of_three_decide_about_the_contact(closed: tuple[bool, ...]) -> None:
    expected = closed.count(True) >= 2
    assert contact(*closed).external_enable is expected
    assert contact(*closed, switches=contact(True, True, True)).external_enable is expected
    assert contact(*closed, switches=contact(False, False, False)).external_enable is expected


@pytest.mark.req("MET-7")
def test_a_contact_that_has_not_been_read_often_enough_is_open() -> None:
    assert contact(True, True).external_enable is None  # neither are the switches
    switches = carry_over(contact(True, True, True))
    assert switches.external_enable is False
    switches = contact(True, switches=switches)
    assert switches.external_enable is False
    assert contact(True, switches=switches).external_enable is True


@pytest.mark.req("MET-7")
def test_switches_without_a_majority_leave_the_input_on_and_its_contact_decides() -> None:
    switches = contact(True, True, True)
    garbage = ((0x01, 0), (0x02, 0), (0x03, 0))
    for code in garbage:
        switches = read(switches, code, is_external_closed=False)
    assert switches.external_enable is False
    assert contact(True, True, True, switches=switches, code=UNUSED).external_enable is None


@pytest.mark.req("CHG-3", "MET-7")
def test_neither_a_contact_disturbs_the_switches_nor_they_a_contact() -> None:
    switches = contact(True, True, True)
    for code, is_closed in ((USED, False), ((0x00, 1), True), (USED, True)):
        switches = read(switches, code, is_external_closed=is_closed)
    assert (switches.installation_limit_a, switches.is_commissioning) == (32.0, False)
    assert switches.external_enable is True
