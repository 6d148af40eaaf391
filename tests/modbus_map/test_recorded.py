"""What owners of real meters have recorded of them means what they reported."""

import pytest

from nodes.modbus_map.chain import FoundModel, at_base
from nodes.modbus_map.codec import Codec
from nodes.modbus_map.meter_map import MeterMap, load_map
from nodes.modbus_map.reads import Read
from nodes.modbus_map.rtu import RtuAnswer, find_answer, pack_request
from tests.modbus_map.every_map import MAPS


def floats(first: int, *texts: str) -> dict[int, int]:
    """Return the registers of floats, given by their bytes."""
    words: dict[int, int] = {}
    for index, text in enumerate(texts):
        bits = bytes.fromhex(text)
        words[first + 2 * index] = int.from_bytes(bits[:2], "big")
        words[first + 2 * index + 1] = int.from_bytes(bits[2:], "big")
    return words


# github.com/arendst/Tasmota/issues/18446, by the owner of an SDM630 on 2023-04-18: the answers on
# the line to each request of xnrg_10_sdm630, by register. The rest is read by nobody here.
ANSWERS_OF_TASMOTA = {
    0: "01 04 04 43 6B 70 8B FA 7B",
    2: "01 04 04 43 6D EC B8 33 6F",
    4: "01 04 04 43 6B D8 40 C4 2C",
    6: "01 04 04 40 04 AA 8B 91 42",
    8: "01 04 04 40 1A 8A B3 E9 56",
    10: "01 04 04 3F D5 54 6F 98 84",
    12: "01 04 04 42 EC 9C CE C6 9D",
    14: "01 04 04 C3 FC FE 91 86 3C",
    16: "01 04 04 C3 77 B2 F4 02 FD",
    30: "01 04 04 3E 83 FB 21 84 AC",
    32: "01 04 04 BF 69 A5 4A F4 EB",
    34: "01 04 04 BF 32 B4 9A 88 F4",
    346: "01 04 04 45 E6 88 A9 A9 01",
    348: "01 04 04 45 36 E5 74 44 31",
    350: "01 04 04 45 F8 E2 81 E7 B9",
    352: "01 04 04 45 1A 4D DB BA 44",
    354: "01 04 04 45 05 F5 06 39 DB",
    356: "01 04 04 44 D0 7B 2B 8C 62",
}


@pytest.mark.req("MET-1")
def test_sdm630_of_tasmota_issue_18446() -> None:
    # Tasmota showed the energies 7377.0825, 2926.3408 and 7964.3130 kWh.
    registers: dict[int, int] = {}
    for address, frame in ANSWERS_OF_TASMOTA.items():
        answer = find_answer(bytes.fromhex(frame), Read(4, address, 2, 1))
        assert answer is not None
        registers.update(enumerate(answer.registers, address))
    values = Codec(MAPS["sdm630"]).decode(registers)
    assert [round(line.voltage_v, 2) for line in values.lines] == [235.44, 237.92, 235.84]
    assert [round(line.current_a, 3) for line in values.lines] == [2.073, -2.415, -1.667]
    assert [round(line.power_w, 2) for line in values.lines] == [118.31, -505.99, -247.7]
    assert [round(line.power_factor, 3) for line in values.lines] == [0.258, -0.913, -0.698]
    energies_wh = [line.imported_wh for line in values.lines]
    assert energies_wh == pytest.approx([7_377_082.5, 2_926_340.8, 7_964_313.0])
    # Import and export together are what it answered for the total: 46BFC789, 24547.77 kWh.
    total_wh = values.imported_wh + values.exported_wh
    assert total_wh == pytest.approx(24_547_770.0, rel=1e-6)
    assert values.contradictions == ()


@pytest.mark.req("MET-1")
def test_sdm630_of_tasmota_issue_17671() -> None:
    # github.com/arendst/Tasmota/issues/17671, of 2023-01-10: an SDM630 that exports, "Modbus
    # register 2, phase 0, rcvd 010404C32C9822EDD0 ... value -172.5943". The rest is invented.
    frames = ("010404C32C9822EDD0", "010404C109B865A451", "010404C297EA02B971")
    registers = {**floats(0, *["43660000"] * 3), **floats(6, *["3F800000"] * 3)}
    for address, frame in zip((12, 14, 16), frames, strict=True):
        answer = find_answer(bytes.fromhex(frame), Read(4, address, 2, 1))
        assert answer is not None
        registers.update(enumerate(answer.registers, address))
    powers_w = [line.power_w for line in Codec(MAPS["sdm630"]).decode(registers).lines]
    assert powers_w == pytest.approx([-172.5943, -8.6075, -75.9570], abs=5e-5)


def test_frames_of_other_meters_on_a_serial_line() -> None:
    # github.com/ioBroker/ioBroker.modbus/issues/286: a Carlo Gavazzi ET112 at 233.1 V, the low word
    # first, with the request. github.com/arendst/Tasmota/issues/8677: the exception of a meter of
    # the Portuguese grid.
    request = Read(3, 0, 2, 1)
    assert pack_request(request) == bytes.fromhex("01 03 00 00 00 02 C4 0B")
    voltage = find_answer(bytes.fromhex("01 03 04 09 1B 00 00 89 A8"), request)
    assert voltage == RtuAnswer(registers=(2331, 0))
    refused = find_answer(bytes.fromhex("01 84 04 42 C3"), Read(4, 0, 2, 1))
    assert refused == RtuAnswer(exception=4)


def test_sdm630_of_mbmd_issue_63() -> None:
    # github.com/volkszaehler/mbmd/issues/63: "43 67 af 55" at 0, "SDM type device found, VoltageL1:
    # 231.68"; the rest is invented.
    registers = {
        **floats(0, "4367AF55", "43660000", "43660000"),
        **floats(6, "00000000", "00000000", "00000000"),
        **floats(12, "00000000", "00000000", "00000000"),
    }
    assert round(Codec(MAPS["sdm630"]).decode(registers).lines[0].voltage_v, 2) == 231.68


def solaredge() -> MeterMap:
    """Return model 203 where SolarEdge's inverters have that of their first meter."""
    sunspec = load_map("sunspec")
    assert sunspec.chain is not None
    model = next(model for model in sunspec.chain.models if model.id == 203)
    return at_base(sunspec, FoundModel(model=model, base=40188, length=105))


def test_model_203_of_solaredge_modbus_issue_15() -> None:
    # github.com/biemond/solaredge.modbus/issues/15, comment of 2022-10-16: the registers as read
    # from 40188 on, and as the app shows them. Power is positive for export at these inverters,
    # which is why the map refuses them.
    registers = {
        **dict(enumerate((203, 105, 27, 0, 3, 24, 0xFFFF), 40188)),
        **dict(enumerate((23087, 23087, 23326, 23495, 0, 0, 0, 0, 0xFFFE), 40195)),
        **dict(enumerate((5000, 0xFFFE, 369, 0, 0x10000 - 40, 410, 0), 40204)),
    }
    values = Codec(solaredge()).decode(registers)
    assert [line.voltage_v for line in values.lines] == pytest.approx([230.87, 233.26, 234.95])
    assert [abs(line.current_a) for line in values.lines] == pytest.approx([0.0, 0.3, 2.4])
    assert [line.power_w for line in values.lines] == [0.0, -40.0, 410.0]
    assert values.power_w == 369.0


def test_model_203_of_evcc_issue_1267() -> None:
    # github.com/evcc-io/evcc/issues/1267: `mbmd inspect` of 2021-08-03, with scale factors. The
    # currents of L1 and L2 are cut off there: 399 VA and 435 VA at their voltages.
    registers = {
        **dict(enumerate((203, 105, 0, 17, 19, 18, 0xFFFF), 40188)),
        **dict(enumerate((23360, 23360, 23276, 23418, 0, 0, 0, 0, 0xFFFE), 40195)),
        **dict(enumerate((5002, 0xFFFE, 872, 341, 266, 264, 0), 40204)),
    }
    values = Codec(solaredge()).decode(registers)
    assert [line.voltage_v for line in values.lines] == pytest.approx([233.60, 232.76, 234.18])
    assert values.lines[2].current_a == pytest.approx(1.8)
    assert [line.power_w for line in values.lines] == [341.0, 266.0, 264.0]
    assert values.power_w == 872.0
    assert values.contradictions == ()
