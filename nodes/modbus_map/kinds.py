"""How a number lies in 16-bit registers: its kind, its width, and the order of its words."""

import struct
from collections.abc import Sequence
from typing import Literal

Kind = Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"]
WordOrder = Literal["high_first", "low_first"]

# Bytes within a register are big-endian: Modbus Application Protocol V1.1b3, 4.2.
_FORMATS: dict[Kind, str] = {
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


def bits_of(words: Sequence[int], order: WordOrder) -> int:
    """Return the bit pattern that registers hold, in the order in which they were read."""
    bits = 0
    for word in words if order == "high_first" else reversed(words):
        bits = bits << 16 | word
    return bits


def number_of(bits: int, kind: Kind) -> float:
    """Return the number that a bit pattern means. Integers beyond 2**53 lose their last digits."""
    number: float = struct.unpack(_FORMATS[kind], bits.to_bytes(2 * WIDTHS[kind], "big"))[0]
    return number


def words_of(number: float, kind: Kind, order: WordOrder) -> tuple[int, ...]:
    """Return the registers that hold a number. Integers are rounded, and end at their range."""
    width = WIDTHS[kind]
    if kind in ("f32", "f64"):
        packed = struct.pack(_FORMATS[kind], number)
    else:
        least, most = _range(kind)
        packed = struct.pack(_FORMATS[kind], min(max(round(number), least), most))
    words = struct.unpack(f">{width}H", packed)
    return words if order == "high_first" else words[::-1]


def _range(kind: Kind) -> tuple[int, int]:
    bits = 16 * WIDTHS[kind]
    return (0, 2**bits - 1) if kind.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
