"""What smart_home keeps: until the box starts again, and over its starts as well. Pure.

The first is in the run directory, which a restart of the node alone leaves as it is. It counts in
the boot and the series of runs in which it was written (`msgs.launch`); the box's next start
begins without it.
"""

from typing import Annotated

from msgspec import Meta, Struct

from msgs.units import Name
from nodes.smart_home.control import Control, Failsafe

RUN_FILE = "smart_home.json"  # in the run directory
STATE_FILE = "smart_home.json"  # in the state directory


class Kept(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts until the box starts again."""

    control: Control
    boot: Annotated[str, Meta(max_length=64)]
    series: Name


class Lasting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts over starts of the box."""

    failsafe: Failsafe | None = None


NO_LASTING = Lasting()
