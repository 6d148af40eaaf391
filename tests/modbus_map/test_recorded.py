"""What owners of real meters have recorded of them means what they reported."""

import pytest

from nodes.modbus_map.chain import FoundModel, at_base
from nodes.modbus_map.codec import Codec
from nodes.modbus_map.meter_map import MeterMap, load_map
from tests.modbus_map.every_map import MAPS


def floats(first: int, *texts: str) -> dict[int, int]:
    """Return the registers of floats, given by their bytes."""
    words: dict[int, int] = {}
    for index, text in enumerate(texts):
        bits = bytes.fromhex(text)
        words[first + 2 * index] = int.from_bytes(bits[:2], "big")
        words[first + 2 * index + 1] = int.from_bytes(bits[2:], "big")
    return words


def test_sdm630_of_tasmota_issue_18446() -> None:
    # github.com/arendst/Tasmota/issues/18446: the answers to each register of xnrg_10_sdm630, as
    # bytes, and the energies that Tasmota showed: 7377.0825, 2926.3408 and 7964.3130 kWh.
    registers = {
        **floats(0, "436B708B", "436DECB8", "436BD840"),
        **floats(6, "4004AA8B", "401A8AB3", "3FD5546F"),
        **floats(12, "42EC9CCE", "C3FCFE91", "C377B2F4"),
        **floats(30, "3E83FB21", "BF69A54A", "BF32B49A"),
        **floats(346, "45E688A9", "4536E574", "45F8E281"),
        **floats(352, "451A4DDB", "4505F506", "44D07B2B"),
    }
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
