"""Numbers in 16-bit registers: their kinds, widths and word orders."""

import struct
from collections.abc import Sequence
from typing import Literal

# i8 is the low byte of one register; its high byte is something else.
Kind = Literal["i8", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"]
WordOrder = Literal["high_first", "low_first"]

# Bytes within a register are big-endian: Modbus Application Protocol V1.1b3, 4.2.
_FORMATS: dict[Kind, str] = {
    "i8": ">xb",
    "u16": ">H",
    "i16": ">h",
    "u32": ">I",
    "i32": ">i",
    "u64": ">Q",
    "i64": ">q",
    "f32": ">f",
    "f64": ">d",
}

WIDTHS: dict[Kind, int] = {kind: struct.calcsize(code) // 2 for kind, code in _FORMATS.items()}
"""Registers that a number of each kind fills."""

_RANGES: dict[Kind, tuple[int, int]] = {
    kind: (0, (1 << 16 * width) - 1)
    if kind.startswith("u")
    else (-(1 << 16 * width - 1), (1 << 16 * width - 1) - 1)
    for kind, width in WIDTHS.items()
    if not kind.startswith("f")
}
_RANGES["i8"] = (-0x80, 0x7F)


def bits_of(words: Sequence[int], order: WordOrder) -> int:
    """Return the bit pattern of registers, given in the order in which they were read."""
    bits = 0
    for word in words if order == "high_first" else reversed(words):
        bits = bits << 16 | word
    return bits


def number_of(bits: int, kind: Kind) -> float:
    """Return the number of a bit pattern."""
    limits = _RANGES.get(kind)
    if limits is None:
        number: float = struct.unpack(_FORMATS[kind], bits.to_bytes(2 * WIDTHS[kind], "big"))[0]
        return number
    least, most = limits
    bits &= most - least
    return bits if bits <= most else bits - (most - least + 1)


def words_of(number: float, kind: Kind, order: WordOrder) -> tuple[int, ...]:
    """Return the registers of a number. Integers are rounded and limited to their range."""
    width, limits = WIDTHS[kind], _RANGES.get(kind)
    if limits is None:
        bits = int.from_bytes(struct.pack(_FORMATS[kind], number), "big")
    else:
        least, most = limits
        bits = min(max(round(number), least), most) & most - least
    words = tuple(bits >> 16 * place & 0xFFFF for place in range(width))
    return words if order == "low_first" else words[::-1]
