"""Proof of the contactor: what is commanded, against what mirror contact and voltage show. Pure.

What is not proven open counts as closed. A contactor that is not proven open in time after it was
commanded open is welded: it never closes again, unless mains were off and on (ERR-P) and it is
proven open after that.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.safety import Contactor, SafetyPhase
from nodes.safety.chain import ChainReading
from nodes.safety.complain import not_open
from nodes.safety.config import Config
from nodes.safety.finding import Finding
from nodes.safety.judge import Blind, Facts, proves_open
from nodes.safety.supply import spend

ENERGISED = (SafetyPhase.CLOSING, SafetyPhase.CLOSED, SafetyPhase.STOPPING)
"""The phases in which the coil is commanded on."""


class ContactorProof(Struct, frozen=True, kw_only=True):
    """What is proven of the contactor; `..._s` is time that has been spent."""

    contactor: Contactor = Contactor.CLOSED  # what is not proven open counts as closed
    unproven_s: float = 0.0  # open by command and not proven so
    unclosed_s: float = 0.0  # closed by command, the proof lost
    is_first: bool = True  # a predecessor's contactor may still have to drop
    is_welded: bool = False  # latched: never closes again
    is_on_trial: bool = False  # mains were off and on; a proof of open in time clears 8007


def prove(
    proof: ContactorProof, config: Config, phase: SafetyPhase, facts: Facts, since_s: float
) -> ContactorProof:
    """Compare what is commanded with what mirror contact and voltage prove.

    :param since_s: since the look before.
    """
    unproven_s = unclosed_s = 0.0
    match phase:
        case SafetyPhase.CLOSING:
            pass
        case SafetyPhase.CLOSED | SafetyPhase.STOPPING:
            is_lost = not facts.is_proven_closed
            unclosed_s = spend(proof.unclosed_s, is_lost, since_s, config.lost_s)
        case _:
            is_missing = not facts.is_proven_open
            unproven_s = spend(proof.unproven_s, is_missing, since_s, _limit_s(proof, config))
    contactor = _shown(proof, facts.is_proven_open)
    if (unproven_s, unclosed_s, contactor) == (
        proof.unproven_s,
        proof.unclosed_s,
        proof.contactor,
    ):
        return proof
    return replace(proof, unproven_s=unproven_s, unclosed_s=unclosed_s, contactor=contactor)


def prove_by_contacts(
    proof: ContactorProof,
    config: Config,
    phase: SafetyPhase,
    reading: ChainReading | None,
    why: Blind,
    since_s: float,
) -> tuple[ContactorProof, Finding | None]:
    """Take what the contacts alone prove while inputs are stale, and what is wrong with them.

    Without mains the contacts have no supply, and prove nothing. A reading whose pilot is nonsense
    still has contacts that prove something, or do not in time.

    :param since_s: since the look before.
    """
    was_energised = phase in ENERGISED
    contactor, unproven_s = proof.contactor, proof.unproven_s
    is_open = reading is not None and proves_open(reading)
    if reading is not None or was_energised:  # then it may have closed just now
        contactor = _shown(proof, is_open)
    if why is Blind.DARK:
        unproven_s = 0.0
    elif why is Blind.NONSENSE and reading is not None and not was_energised:
        limit_s = _limit_s(proof, config)
        unproven_s = spend(unproven_s, not is_open, since_s, limit_s)
        if unproven_s >= limit_s:
            welded = replace(proof, contactor=Contactor.WELDED, is_welded=True, is_on_trial=False)
            return welded, not_open(reading.load_voltage is not False)
    return replace(proof, contactor=contactor, unproven_s=unproven_s), None


def is_unproven(proof: ContactorProof, config: Config, facts: Facts) -> bool:
    """Return whether an open contactor has not been proven so in time."""
    return not facts.is_proven_open and proof.unproven_s >= _limit_s(proof, config)


def judge_weld(
    proof: ContactorProof, facts: Facts, *, is_unproven: bool
) -> tuple[ContactorProof, bool]:
    """Judge whether it is welded; return whether this reading ends the trial, and clears 8007."""
    is_on_trial = proof.is_on_trial and not is_unproven
    if is_on_trial and facts.is_proven_open and facts.is_settled:
        return replace(proof, is_welded=False, is_on_trial=False), True
    if is_unproven and not (proof.is_welded and not proof.is_on_trial):
        proof = replace(proof, is_welded=True, is_on_trial=False)
    return proof, False


def is_over(proof: ContactorProof, facts: Facts, *, is_known: bool) -> bool:
    """Return whether nothing more is waited for after an opening.

    :param is_known: the reading and the disk are believed.
    """
    return (facts.is_proven_open and is_known) or (proof.is_welded and not proof.is_on_trial)


def rest(proof: ContactorProof) -> ContactorProof:
    """Return the proof of a contactor that has opened: the next one has its own time."""
    return replace(proof, unproven_s=0.0, is_first=False)


def close(proof: ContactorProof) -> ContactorProof:
    """Return the proof of a contactor that closes: the next opening has the whole time."""
    return replace(proof, unproven_s=0.0)


def judge_again(proof: ContactorProof, *, is_latched: bool) -> ContactorProof:
    """Return the proof after mains off and on: what was welded is on trial.

    :param is_latched: 8007 holds, or red.
    """
    return replace(proof, is_first=True, unproven_s=0.0, is_on_trial=proof.is_welded or is_latched)


def _limit_s(proof: ContactorProof, config: Config) -> float:
    """Return how long an open contactor may be without its proof [s]."""
    return config.start_s if proof.is_first else config.opening_s


def _shown(proof: ContactorProof, is_open: bool) -> Contactor:
    """Return the contactor as proven; what is not proven open counts as closed."""
    if proof.is_welded:
        return Contactor.WELDED
    return Contactor.OPEN if is_open else Contactor.CLOSED
