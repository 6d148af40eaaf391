"""The energy of a session: the growth of the box's register since its start. Pure.

meter keeps the register (`MeterReading.lifetime_wh`): it never falls while meter runs, and follows
its chip only as far as energy can have flowed.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.session import SessionRecord


class SessionEnergy(Struct, frozen=True, kw_only=True):
    """What is remembered of the energy between two sessions."""

    last_wh: float = 0.0  # published while no session runs


def counted(session: SessionRecord, counter_wh: float) -> SessionRecord:
    """Return a session with the energy up to a value of the register.

    It never falls: a register below that has lost its last minute with a meter that was killed, and
    the session goes on from there.
    """
    if counter_wh < session.start_energy_wh + session.energy_wh:
        return replace(session, start_energy_wh=counter_wh - session.energy_wh)
    return replace(session, energy_wh=counter_wh - session.start_energy_wh)
