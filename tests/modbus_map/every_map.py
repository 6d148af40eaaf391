"""Every map as the codec takes it, and what every simulated meter can show."""

from msgs.meter import Line
from nodes.modbus_map.chain import FoundModel, at_base
from nodes.modbus_map.codec import Values
from nodes.modbus_map.meter_map import MeterMap, load_map, map_names
from tests.builders import line_values

SUNSPEC_BASE = 40070  # behind "SunS" and the common model


def readable_maps() -> dict[str, MeterMap]:
    """Return all maps with addresses, by name; SunSpec's once for each model."""
    found: dict[str, MeterMap] = {}
    for name in map_names():
        meter_map = load_map(name)
        if meter_map.chain is None:
            found[name] = meter_map
            continue
        for model in meter_map.chain.models:
            length = meter_map.chain.length[model.layout]
            place = FoundModel(model=model, base=SUNSPEC_BASE, length=length)
            found[f"{name} {model.id}"] = at_base(meter_map, place)
    return found


MAPS = readable_maps()


def a_line(power_w: float, voltage_v: float = 230.0, **changes: float) -> Line:
    """Return a phase with a power factor of 1, whose current has the sign of its power."""
    return line_values(power_w / voltage_v, voltage_v, **changes)


def values_of(lines: tuple[Line, Line, Line], phases: int = 3) -> Values:
    """Return what a meter of so many phases shows of these; its totals are the sums."""
    seen = lines[:phases]
    return Values(
        lines=lines,
        power_w=sum(line.power_w for line in seen),
        imported_wh=sum(line.imported_wh for line in seen),
        exported_wh=sum(line.exported_wh for line in seen),
    )
