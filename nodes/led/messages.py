"""The newest messages of the other nodes, as far as the front uses them. Pure."""

from dataclasses import dataclass

from msgspec.structs import replace

from msgs.dcs import DcsStatus
from msgs.led import Tone
from msgs.load_manager import LoadOffer
from msgs.rfid import RfidMode, RfidStatus
from msgs.safety import Codes, FaultCode, SafetyStatus
from msgs.session import SessionStatus


def used_of_session(session: SessionStatus) -> SessionStatus:
    """Return a session's status without the fields that the front never shows."""
    return replace(
        session, energy_wh=0.0, reason="", started_utc_ns=0, started_ns=None, lapses_utc_ns=0
    )


def used_of_safety(safety: SafetyStatus) -> SafetyStatus:
    """Return safety's status without the fields that the front never shows."""
    return replace(
        safety,
        temperature_c=0.0,
        limit_a=0.0,
        offered_a=0.0,
        detail="",
        records=(),
        retry_in_s=None,
        starts_in_s=None,
    )


def used_of_offer(offer: LoadOffer) -> LoadOffer:
    """Return an offer without the fields that the front never shows: all but the house meter."""
    return replace(offer, limit_a=0.0, reason="", limits=(), detail="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """The newest messages. None: silent beyond its hold."""

    session: SessionStatus | None
    safety: SafetyStatus | None
    offer: LoadOffer | None
    rfid: RfidStatus | None = None
    dcs: DcsStatus | None = None
    has_module: bool = False  # the box's communication module, the node system, runs
    is_code_over: bool = False  # the code of a box that is too hot has been shown long enough
    is_module_late: bool = False  # the start time of the module is over
    latched: Codes = ()  # latched faults that hold though safety does not publish them now
    tone: Tone = Tone.NONE  # the tone that is played now

    @property
    def faults(self) -> tuple[FaultCode, ...]:
        """Return the faults that hold."""
        published = () if self.safety is None else self.safety.faults
        return (*published, *(code for code in self.latched if code not in published))

    @property
    def has_no_mains(self) -> bool:
        """Return whether the box is known to have no mains (PAN-2)."""
        return self.safety is not None and not self.safety.has_mains

    @property
    def is_master_blocked(self) -> bool:
        """Return whether the window for a first master waits until the vehicle is unplugged."""
        if self.rfid is None or self.session is None:
            return False
        return self.rfid.mode is RfidMode.MASTER and self.session.plugged

    @property
    def needs_card(self) -> bool:
        """Return whether an authorisation is required and nobody has given it (RFID-2).

        A card that was presented has given it, also while its session is being ended.
        """
        session = self.session
        if session is None or not session.authorization_required:
            return False
        return not (session.authorized or session.token)
