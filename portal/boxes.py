"""One box as the service knows it now, beside what is kept of it."""

import hmac
import math
from enum import StrEnum
from typing import Any

from msgspec import Struct

from portal.box_connection import PortalConnection
from portal.planner import NOMINAL_V, PricePlan
from portal.planning import is_same
from portal.records import BoxRecord

PHASES = ("L1", "L2", "L3")
ENERGY, POWER = "Energy.Active.Import.Register", "Power.Active.Import"
CURRENT, OFFERED = "Current.Import", "Current.Offered"
_UNITS = {"kWh": 1000.0, "kW": 1000.0}


class PairingStage(StrEnum):
    """How far the pairing of a box is."""

    NEW = "new"  # it waits until somebody activates it
    OFFERED = "offered"  # its touch key has to be pressed
    CONFIRMED = "confirmed"  # its key is being sent
    PAIRED = "paired"


class NewestValues(Struct, kw_only=True):
    """The newest values of the meter; None: not reported."""

    currents_a: list[float | None]
    power_w: float | None = None
    energy_wh: float | None = None  # the register
    offered_a: float | None = None
    heard_utc_s: float | None = None


class SentPlan(Struct, frozen=True, kw_only=True):
    """The plan that a box has been sent for a transaction."""

    transaction: int
    plan: PricePlan
    sent_utc_s: float

    def follows(self, transaction: int, made: PricePlan) -> bool:
        """Return whether a box with this plan does what another one wants of a transaction."""
        return self.transaction == transaction and is_same(self.plan, made)


class ConnectedBox(Struct, kw_only=True):
    """A box that is, or was, connected."""

    identity: str
    connection: PortalConnection | None = None
    stage: PairingStage = PairingStage.NEW
    status: str = ""  # of its connector, in the words of OCPP
    error: str = ""
    info: str = ""
    note: str = ""  # what the last act has led to, for a person
    model: str = ""
    firmware: str = ""
    is_accepted: bool = False  # on this connection
    measured: NewestValues
    sent: SentPlan | None = None  # that it has taken
    asked: SentPlan | None = None  # that it has been sent, and has not answered yet
    volts: float = NOMINAL_V  # that its vehicle draws by offered current and by phase
    offered_until_s: float = 0.0  # [monotonic s]

    def forget_plan(self) -> None:
        """Note that it follows no plan any more."""
        self.sent = self.asked = None


def new_box(record: BoxRecord) -> ConnectedBox:
    """Return a box that is not connected."""
    return ConnectedBox(
        identity=record.identity,
        stage=PairingStage.PAIRED if record.key else PairingStage.NEW,
        model=record.model,
        firmware=record.firmware,
        measured=NewestValues(currents_a=[None, None, None]),
    )


def take_samples(measured: NewestValues, samples: list[dict[str, Any]], now_utc_s: float) -> None:
    """Note the newest values of a sample; one that is no number is left out."""
    for each in samples:
        try:
            value = float(each["value"]) * _UNITS.get(each.get("unit", ""), 1.0)
        except ValueError:
            continue
        if not math.isfinite(value):
            continue  # neither can it be stored
        measurand, phase = each.get("measurand", ENERGY), each.get("phase", "")
        if measurand == CURRENT and phase in PHASES:
            measured.currents_a[PHASES.index(phase)] = value
        elif measurand == POWER and not phase:
            measured.power_w = value
        elif measurand == ENERGY and not phase:
            measured.energy_wh = value
        elif measurand == OFFERED and not phase:
            measured.offered_a = value
        measured.heard_utc_s = now_utc_s


def is_admitted(record: BoxRecord | None, password: bytes | None) -> bool:
    """Return whether a box may connect: a paired one needs its key, others wait for theirs."""
    if record is None or not record.key:
        return True
    return is_key(record.key, password) or is_key(record.next_key, password)


def is_key(key: str, password: bytes | None) -> bool:
    """Return whether a password is a key (OCPP 1.6 security whitepaper, 3.3.1: its raw bytes)."""
    return bool(key) and password is not None and hmac.compare_digest(bytes.fromhex(key), password)
