"""A Modbus meter as a text in a configuration: `MAP@HOST:PORT/UNIT`."""

from msgspec import Struct

FORM = "MAP@HOST:PORT/UNIT, as tq@192.168.1.20:502/1"


class AddressError(Exception):
    """Raised when a meter address cannot be read; says what was expected."""


class MeterAddress(Struct, frozen=True, kw_only=True):
    """Host, port and unit of one meter, and its register map."""

    map_name: str
    host: str
    port: int
    unit: int


def parse_address(text: str) -> MeterAddress:
    """Return the meter that a text names. Whether the register map exists is not checked.

    :raises AddressError: the text has another form.
    """
    map_name, at, rest = text.partition("@")
    if not at or not map_name:
        raise AddressError(f"meter address {text!r}: expected {FORM}; no map before an '@'")
    if rest.startswith("/"):
        raise AddressError(
            f"meter address {text!r} names a serial line, which this version cannot read;"
            f" expected a meter over Modbus TCP: {FORM}"
        )
    place, slash, unit = rest.rpartition("/")
    if not slash:
        raise AddressError(f"meter address {text!r}: expected {FORM}; '/UNIT' is missing")
    host, colon, port = place.rpartition(":")
    if not colon or not host:
        raise AddressError(f"meter address {text!r}: expected {FORM}; 'HOST:PORT' is missing")
    return MeterAddress(
        map_name=map_name,
        host=host.removeprefix("[").removesuffix("]"),
        port=_number(text, "PORT", port, 1, 65535),
        unit=_number(text, "UNIT", unit, 0, 255),
    )


def _number(text: str, what: str, digits: str, least: int, most: int) -> int:
    number = int(digits) if digits.isascii() and digits.isdigit() else -1
    if not least <= number <= most:
        raise AddressError(
            f"meter address {text!r}: expected {what} from {least} to {most}, got {digits!r}"
        )
    return number
