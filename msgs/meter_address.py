"""A Modbus meter as a text in a configuration: over TCP, or on a serial line."""

from enum import StrEnum

from msgspec import Struct

FORM = "MAP@HOST:PORT/UNIT, as tq@192.168.1.20:502/1"
SERIAL_FORM = "MAP@DEVICE:BAUD:FRAMING/UNIT, as sdm630@/dev/ttyUSB0:9600:8N1/1"

BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
"""The speeds of a serial line [baud]; those of the meters' data sheets."""

LEAST_SERIAL_UNIT, MOST_SERIAL_UNIT = 1, 247
"""The units on a serial line: Modbus over Serial Line V1.02, 2.2; 0 is for all, without answer."""


class Framing(StrEnum):
    """Data bits, parity and stop bits of each character on a serial line.

    Modbus over Serial Line V1.02, 2.5.1, asks for even parity, or two stop bits without parity;
    many meters have no parity and one stop bit.
    """

    N8_1 = "8N1"
    E8_1 = "8E1"
    O8_1 = "8O1"
    N8_2 = "8N2"


class AddressError(Exception):
    """Raised when a meter address cannot be read; says what was expected."""


class MeterAddress(Struct, frozen=True, kw_only=True):
    """The register map and the unit of one meter, and its host and port or its serial line."""

    map_name: str
    host: str = ""
    port: int = 502
    device: str = ""  # "": over TCP
    baud: int = 9600
    framing: Framing = Framing.N8_1
    unit: int


def parse_address(text: str) -> MeterAddress:
    """Return the meter that a text names. Whether the register map exists is not checked.

    :raises AddressError: the text has another form.
    """
    map_name, at, rest = text.partition("@")
    form = SERIAL_FORM if rest.startswith("/") else FORM
    if not at or not map_name:
        raise AddressError(
            f"meter address {text!r}: expected {FORM}, or {SERIAL_FORM}; no map before an '@'"
        )
    place, slash, unit = rest.rpartition("/")
    if not slash or not place:
        raise AddressError(f"meter address {text!r}: expected {form}; '/UNIT' is missing")
    if form == SERIAL_FORM:
        return _serial(text, map_name, place, unit)
    host, colon, port = place.rpartition(":")
    if not colon or not host:
        raise AddressError(f"meter address {text!r}: expected {FORM}; 'HOST:PORT' is missing")
    return MeterAddress(
        map_name=map_name,
        host=host.removeprefix("[").removesuffix("]"),
        port=_number(text, "PORT", port, 1, 65535),
        unit=_number(text, "UNIT", unit, 0, 255),
    )


def _serial(text: str, map_name: str, place: str, unit: str) -> MeterAddress:
    """Return a meter on a serial line. The path of a device may have colons."""
    path_and_baud, _, framing = place.rpartition(":")
    device, _, baud = path_and_baud.rpartition(":")
    if not device:
        raise AddressError(f"meter address {text!r}: expected {SERIAL_FORM}; a part is missing")
    number = _number(text, "BAUD", baud, min(BAUDS), max(BAUDS))
    if number not in BAUDS:
        bauds = ", ".join(map(str, BAUDS))
        raise AddressError(f"meter address {text!r}: expected a BAUD of {bauds}, got {baud!r}")
    if framing not in set(Framing):
        framings = ", ".join(Framing)
        raise AddressError(f"meter address {text!r}: expected FRAMING {framings}, got {framing!r}")
    return MeterAddress(
        map_name=map_name,
        device=device,
        baud=number,
        framing=Framing(framing),
        unit=_number(text, "UNIT", unit, LEAST_SERIAL_UNIT, MOST_SERIAL_UNIT),
    )


def _number(text: str, what: str, digits: str, least: int, most: int) -> int:
    number = int(digits) if digits.isascii() and digits.isdigit() else -1
    if not least <= number <= most:
        raise AddressError(
            f"meter address {text!r}: expected {what} from {least} to {most}, got {digits!r}"
        )
    return number
