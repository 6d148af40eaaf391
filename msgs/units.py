"""Types with their unit or their bound, which all messages use.

The unit is part of the schema hash, so a peer that means milliamperes is refused, not misread.
Bounds are checked when a message is decoded; `bus` limits the whole frame when it is sent.
"""

from typing import Annotated

from msgspec import Meta


def _unit(unit: str) -> Meta:
    return Meta(extra={"unit": unit})


Amps = Annotated[float, _unit("A")]
Volts = Annotated[float, _unit("V")]
Watts = Annotated[float, _unit("W")]
WattHours = Annotated[float, _unit("Wh")]
Celsius = Annotated[float, _unit("degC")]
Ohms = Annotated[float, _unit("ohm")]
Percent = Annotated[float, _unit("%")]
Hertz = Annotated[float, _unit("Hz")]
Ratio = Annotated[float, _unit("1")]
Seconds = Annotated[float, _unit("s")]
Milliseconds = Annotated[float, _unit("ms")]
Nanoseconds = Annotated[int, _unit("ns")]
Kilobytes = Annotated[int, _unit("kB")]
Count = Annotated[int, Meta(ge=0, extra={"unit": "1"})]

Name = Annotated[str, Meta(max_length=64)]
"""A word: a node, a code, a source, an id."""

MOST_TEXT = 400  # characters
Text = Annotated[str, Meta(max_length=MOST_TEXT)]
"""A sentence for a person."""
