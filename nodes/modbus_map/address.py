"""A meter that a configuration names as `MAP@HOST:PORT/UNIT`, with its register map."""

from dataclasses import dataclass

from msgs.meter_address import parse_address as parse_text
from nodes.modbus_map.meter_map import MeterMap, load_map


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterAddress:
    """Where one meter is reached, and how its registers are read."""

    map_name: str
    meter_map: MeterMap
    host: str
    port: int
    unit: int

    def __str__(self) -> str:
        return f"{self.map_name} at {self.host}:{self.port}/{self.unit}"


def parse_address(text: str) -> MeterAddress:
    """Return the meter that a text names.

    :raises AddressError: the text has another form.
    :raises MapError: there is no map of that name.
    """
    named = parse_text(text)
    return MeterAddress(
        map_name=named.map_name,
        meter_map=load_map(named.map_name),
        host=named.host,
        port=named.port,
        unit=named.unit,
    )
