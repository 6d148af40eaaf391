"""The Modbus interface of the whole box, under virtual time."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from bus.store import StoreError
from nodes.smart_home import node as smart_home_node
from nodes.smart_home.modbus_pace import BURST_READS, READ_S
from nodes.smart_home.modbus_registers import WRITABLE
from nodes.smart_home.modbus_server import ModbusReply, ModbusRequest
from tests.smart_home.home import CONTROLLER, OK
from tests.smart_home.modbus_home import ModbusHome, at_modbus_home

OUTSIDE = "203.0.113.9"
DENIED = "192.168.2.51"


def status_of(box: ModbusHome) -> Any:
    return box.home.said("smart_home/status")


# --- what is read ------------------------------------------------------------------------------


@pytest.mark.req("APP-2")
def test_evcc_begins_reads_and_controls_a_charge(tmp_path: Path) -> None:
    """The requests that charger/keba-modbus.go of evcc sends, in its order."""
    with at_modbus_home(tmp_path) as box:
        product = str(box.read(1016))
        assert (len(product), product[0]) == (6, "3")
        assert box.read(1000) == 1
        assert box.read(1550) != 3  # no phase switch: it is not used
        assert box.read(1602) == 0  # no failsafe: none is kept
        assert box.read(1004) & 4 == 0  # no vehicle
        box.home.begin_charge()
        box.home.advance(30.0)
        assert box.read(1004) & 4
        assert box.read(1000) == 3
        assert [box.read(each) for each in (1008, 1010, 1012)] == [
            pytest.approx(32_000, rel=0.02) for _ in range(3)
        ]
        power_mw = sum(box.read(1008 + line) * box.read(1040 + line) for line in (0, 2, 4))
        assert box.read(1020) == pytest.approx(power_mw, rel=0.02)
        assert box.read(1036) >= box.read(1502) > 0
        assert box.read(1500) == 0
        box.write(5004, 10_000)
        box.home.soon(lambda: box.home.offered_a == 10.0)
        box.write(5014, 0)
        box.home.soon(lambda: box.read(1000) == 5)
        box.home.soon(lambda: box.home.contactor == "open")
        box.write(5014, 1)
        box.write(5004, 6_000)
        box.home.soon(lambda: box.read(1000) == 3, 60.0)
        box.home.soon(lambda: box.home.offered_a == 6.0)


@pytest.mark.req("APP-2")
def test_the_label_and_the_limits_are_shown(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        assert str(box.read(1014)) == box.home.report(1)["Serial"]
        assert box.read(1110) == box.home.report(2)["Curr HW"] == 32_000
        box.home.begin_charge()
        box.home.advance(10.0)
        assert box.read(1100) == box.home.report(2)["Max curr"] == 32_000


@pytest.mark.req("APP-2")
@pytest.mark.parametrize("shows", [True, False])
def test_the_card_of_the_session_is_shown_as_the_settings_say(tmp_path: Path, shows: bool) -> None:
    tokens = f"smart_home.udp_tokens={'on' if shows else 'off'}"
    with at_modbus_home(tmp_path, tokens, card=True) as box:
        assert box.read(1500) == 0
        box.home.act("tap", {"uid": box.home.uid})
        box.home.begin_charge()
        uid = box.home.uid.replace(":", "")
        assert box.read(1500) == (int(uid[:8], 16) if shows else 0)


# --- what is ordered ---------------------------------------------------------------------------


@pytest.mark.req("APP-2")
def test_an_energy_limit_pauses_the_charge_and_0_takes_it_away(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        box.home.begin_charge()
        box.write(5010, 50)  # 0.5 kWh
        assert status_of(box)["energy_limit_wh"] == 500.0
        box.home.soon(lambda: box.read(1000) == 5, 300.0)
        assert 5_000 <= box.read(1502) < 5_300
        box.write(5010, 0)
        box.write(5014, 1)
        box.home.soon(lambda: box.read(1000) == 3, 60.0)


@pytest.mark.req("APP-2")
def test_the_plug_is_unlocked_only_while_charging_is_paused(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        box.home.begin_charge()
        assert box.refused(5012, 0) == 4
        box.write(5014, 0)
        box.write(5012, 0)
        assert box.refused(5012, 1) == 3


@pytest.mark.req("APP-2")
def test_what_is_refused_changes_nothing(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        before = status_of(box)
        for address, value, exception in (
            (5004, 5_999, 3),
            (5004, 63_001, 3),
            (5014, 2, 3),
            (5018, 9, 3),
            (5050, 3, 4),
            (5052, 0, 4),
            (1602, 30, 2),
            (1600, 0, 2),
            (5005, 0, 2),
        ):
            assert box.refused(address, value) == exception, (address, value)
        assert box.ask(16, 5004, 6_000) == ModbusReply(exception=1)
        assert box.ask(3, 5004, 2) == ModbusReply(exception=2)
        assert box.ask(3, 1008, 6) == ModbusReply(exception=2)
        assert box.ask(6, 5014, 0, unit=7) == ModbusReply(exception=11)
        assert status_of(box) == before


@pytest.mark.req("APP-2")
def test_orders_of_udp_and_modbus_are_answered_to_whom_has_sent_them(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        for number in range(8):
            current_ma = 6_000 + 1_000 * number
            request = ModbusRequest(
                client=CONTROLLER, unit=255, function=6, address=5004, value=current_ma
            )
            replies = box.clients.send(request)
            assert box.home.say(f"curr {current_ma + 500}") == [OK]
            assert replies == [ModbusReply()]


@pytest.mark.req("APP-2")
def test_an_order_that_cannot_be_stored_is_not_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise StoreError("no space left")

    with at_modbus_home(tmp_path) as box:
        monkeypatch.setattr(smart_home_node, "save", refuse)
        assert box.refused(5014, 0) == 4
        assert not status_of(box)["is_enabled"]  # it is in force
        assert "not stored" in status_of(box)["last"]["refusal"]


# --- the failsafe ------------------------------------------------------------------------------


@pytest.mark.req("APP-2")
def test_the_failsafe_counts_when_the_client_is_silent(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        box.home.begin_charge()
        box.write(5016, 8_000)
        assert (box.read(1600), box.read(1602)) == (0, 0)  # the time is missing
        box.write(5018, 30)
        assert (box.read(1600), box.read(1602)) == (8_000, 30)
        for _ in range(8):  # evcc writes it each half of it, and reads in between
            box.home.advance(15.0)
            assert box.read(1000) == 3
            box.write(5018, 30)
            assert box.home.offered_a == 32.0
        box.home.advance(29.0)
        assert box.home.offered_a == 32.0
        box.home.soon(lambda: box.home.offered_a == 8.0, 3.0)
        assert status_of(box)["is_failsafe"]
        box.write(5018, 30)
        box.home.advance(5.0)
        assert box.home.offered_a == 8.0  # until current and enabling are ordered again
        box.write(5004, 16_000)
        box.write(5014, 1)
        box.home.soon(lambda: box.home.offered_a == 16.0)


@pytest.mark.req("APP-2")
def test_reads_alone_do_not_keep_the_failsafe_away(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        box.home.begin_charge()
        box.write(5016, 0)
        box.write(5018, 10)
        for _ in range(20):
            box.read(1602)
            box.home.advance(0.5)
        box.home.soon(lambda: box.home.contactor == "open")


@pytest.mark.req("APP-2")
@pytest.mark.parametrize("persist", [0, 1])
def test_the_failsafe_lasts_over_a_start_of_the_box_if_that_is_written(
    tmp_path: Path, persist: int
) -> None:
    with at_modbus_home(tmp_path) as box:
        box.write(5016, 7_000)
        box.write(5018, 600)
        box.write(5020, persist)
        box.home.restart_all()
        box.home.advance(5.0)
        assert box.read(1602) == 600 * persist
        assert box.read(1600) == 7_000 * persist


@pytest.mark.req("APP-2")
def test_the_failsafe_is_kept_over_a_restart_of_the_node_and_kept_away_as_before(
    tmp_path: Path,
) -> None:
    with at_modbus_home(tmp_path) as box:
        box.write(5016, 7_000)
        box.write(5018, 60)
        box.home.restart("smart_home")
        box.home.soon(lambda: box.clients.has_box)
        box.home.advance(2.0)
        assert (box.read(1600), box.read(1602)) == (7_000, 60)
        box.home.advance(50.0)
        box.write(5018, 60)
        box.home.advance(50.0)
        assert not status_of(box)["is_failsafe"]


@pytest.mark.req("APP-2")
def test_the_failsafe_is_switched_off_by_a_time_of_0(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        box.write(5016, 7_000)
        box.write(5018, 10)
        box.write(5018, 0)
        assert (box.read(1600), box.read(1602)) == (0, 0)
        box.home.advance(60.0)
        assert not status_of(box)["is_failsafe"]


# --- who is answered, and how quickly ----------------------------------------------------------


@pytest.mark.req("APP-2")
def test_only_addresses_of_the_box_s_networks_or_of_the_list_are_answered(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        assert box.ask(3, 1000, 2, client=OUTSIDE) is None
        assert box.ask(3, 1000, 2, client="::1") is None
        assert box.ask(3, 1000, 2, client="") is None
        assert box.ask(3, 1000, 2, client=DENIED) is not None
        changes = {"smart_home.allowed": [f"{CONTROLLER}/32", OUTSIDE]}
        box.home.ask("system", "set", {"changes": changes})
        box.home.advance(1.0)
        assert box.ask(3, 1000, 2, client=DENIED) is None
        assert box.ask(6, 5014, 0, client=DENIED) is None
        assert status_of(box)["is_enabled"]
        assert box.ask(3, 1000, 2, client=OUTSIDE) is not None
        assert box.read(1000) == 1


@pytest.mark.req("APP-2")
def test_a_flood_is_answered_slowly_and_others_are_not(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        request = ModbusRequest(client=DENIED, unit=255, function=3, address=1000, value=2)
        flood = [box.clients.flood(request) for _ in range(16)]
        box.home.advance(10.0)
        answered = sum(len(each) for each in flood)
        assert BURST_READS + 400 <= answered <= BURST_READS + 10.0 / READ_S + 16
        began_s = box.home.now_s
        box.write(5004, 6_000)
        assert box.read(1000) == 1
        assert box.home.now_s - began_s < 0.2
        assert all(each.exception == 0 for replies in flood for each in replies)


# --- nonsense ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.req("APP-2", "MET-7")
def test_no_request_closes_without_a_card_or_raises_another_limit(
    tmp_path: Path, seed: int
) -> None:
    """Any requests, with the plug moving and nodes restarted; each is answered once."""
    chance = Random(seed)
    addresses = [*range(998, 1050), 1100, 1110, *range(1500, 1604), *range(5000, 5056)]
    values = [0, 1, 2, 3, 10, 30, 600, 5_999, 6_000, 16_000, 63_000, 63_001, 65_535]

    def ask(box: ModbusHome) -> None:
        """Send some requests at once, of both interfaces."""
        sent = []
        for _ in range(chance.choice([1, 1, 3])):
            request = ModbusRequest(
                client=chance.choice([CONTROLLER, DENIED]),
                unit=chance.choice([255, 255, 1, 0, chance.randrange(256)]),
                function=chance.choice([3, 3, 6, 6, 6, 6, chance.randrange(256)]),
                address=chance.choice([*addresses, *sorted(WRITABLE) * 10]),
                value=chance.choice([*values, chance.randrange(65_536)]),
                is_whole=chance.random() < 0.95,
            )
            sent.append((request, box.clients.send(request)))
        if chance.random() < 0.2:
            box.home.say(
                chance.choice(["curr 63000", "ena 1", "currtime 63000 0", "failsafe 0 0 0"])
            )
        box.home.is_soon(lambda: all(replies for _, replies in sent), 8.0)
        for request, replies in sent:
            assert len(replies) == 1, request
            assert len(replies[0].registers) in (0, 2)
            if request.function not in (3, 6):
                assert replies[0].exception in (1, 11)
        box.home.advance(chance.choice([0.05, 0.2, 1.0, 5.0]))

    with at_modbus_home(tmp_path, "plant.dip_a=16", card=True) as box:
        box.home.act("plug")
        box.home.act("ready")
        for _ in range(100):
            if chance.random() < 0.05:
                box.home.restart("smart_home")
                box.home.soon(lambda: box.clients.has_box)
            ask(box)
            assert box.home.contactor == "open"
            assert not box.home.said("session/status")["authorized"]
        box.home.act("tap", {"uid": box.home.uid})
        for _ in range(100):
            ask(box)
            assert box.home.offered_a <= 16.0
        box.write(5018, 0)
        box.write(5010, 0)
        box.write(5004, 63_000)
        box.write(5014, 1)
        box.home.soon(lambda: box.home.offered_a == 16.0, 60.0)


# --- when it answers ---------------------------------------------------------------------------


@pytest.mark.req("APP-2")
def test_a_part_of_a_failsafe_is_forgotten_when_it_is_switched_off(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path, modbus="factory.smart_home.modbus=true") as box:
        box.write(5016, 6_000)
        for is_on in (False, True):
            box.home.ask("system", "set", {"changes": {"smart_home.modbus": is_on}})
            box.home.advance(1.0)
        box.write(5018, 30)
        assert box.read(1602) == 0


@pytest.mark.req("APP-2")
def test_the_parts_of_a_failsafe_that_has_counted_are_used_up(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        box.write(5016, 6_000)
        box.write(5018, 30)
        box.home.order("failsafe 60 9000 0")  # another controller's
        box.write(5018, 40)
        assert (box.read(1600), box.read(1602)) == (9_000, 40)
        box.home.order("failsafe 0 0 0")
        box.write(5018, 50)
        assert box.read(1602) == 0  # its current is missing


@pytest.mark.req("APP-2")
def test_it_is_off_at_delivery_and_follows_the_setting(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path, modbus="factory.smart_home.enabled=true") as box:
        for is_on in (False, True, False, True):
            if is_on != box.clients.has_box:
                box.home.ask("system", "set", {"changes": {"smart_home.modbus": is_on}})
                box.home.advance(1.0)
            assert box.clients.has_box == is_on
            assert status_of(box)["has_modbus"] == is_on
            assert status_of(box)["has_udp"]


@pytest.mark.req("APP-2")
def test_the_dip_switch_has_to_be_on_as_well(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path, "plant.smart_home=false") as box:
        assert not box.clients.has_box
        assert status_of(box)["has_modbus"]
        assert status_of(box)["modbus"] == "DIP switch DSW1.3 is off"


@pytest.mark.req("APP-2")
def test_a_port_that_is_in_use_is_tried_again(tmp_path: Path) -> None:
    with at_modbus_home(tmp_path) as box:
        box.clients.is_taken = True
        box.home.restart("smart_home")
        box.home.advance(2.0)
        assert status_of(box)["modbus"] == "TCP port 502 is in use by another program"
        assert box.home.say("i")  # UDP answers all the same
        box.clients.is_taken = False
        box.home.advance(11.0)
        assert status_of(box)["modbus"] == ""
        assert box.read(1000) == 1
