"""The plug: out or in and since when, whether it may be pulled, whose diode was seen. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import CpState
from msgs.safety import SafetyPhase
from nodes.safety.complain import Activity
from nodes.safety.contactor import ENERGISED
from nodes.safety.evaluation import Evaluation
from nodes.safety.selftest import SelfTest


class PlugState(Struct, frozen=True, kw_only=True):
    """What is known of the plug."""

    is_out: bool = False  # seen out since the start, and not in again
    since_utc_ns: int = 0  # when it went in; 0: not seen
    # Opened while the vehicle asked for energy: state A until then is a plug that was pulled.
    pulled_until_s: float = 0.0
    has_shown_diode: bool = False  # the vehicle's diode was proven since the plug went in


def follow(plug: PlugState, evaluation: Evaluation, utc_ns: int) -> PlugState:
    """Update the plug with one reading."""
    is_out = evaluation.is_out or (plug.is_out and not evaluation.is_plugged)
    since_utc_ns = plug.since_utc_ns
    if is_out:
        since_utc_ns = 0
    elif plug.is_out:
        since_utc_ns = utc_ns
    # A vehicle that shows B has stopped: its plug may be pulled.
    pulled_until_s = 0.0 if evaluation.cp is CpState.B else plug.pulled_until_s
    after = PlugState(
        is_out=is_out,
        since_utc_ns=since_utc_ns,
        pulled_until_s=pulled_until_s,
        has_shown_diode=not is_out and (plug.has_shown_diode or evaluation.has_diode is True),
    )
    return plug if after == plug else after


def open_under(plug: PlugState, until_s: float) -> PlugState:
    """Record until when state A counts as a pulled plug."""
    return replace(plug, pulled_until_s=until_s)


def activity(
    plug: PlugState, phase: SafetyPhase, test: SelfTest | None, moment: Moment
) -> Activity | None:
    """Return what is running while the plug must not be pulled (ERR-1); None: it may be."""
    if test is not None and moment.reached(test.begun_s):
        return Activity.SELF_TEST
    is_charge = phase in ENERGISED or not moment.reached(plug.pulled_until_s)
    return Activity.CHARGE if is_charge else None
