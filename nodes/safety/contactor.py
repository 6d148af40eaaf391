"""Proof of the contactor: what is commanded, against what mirror contact and voltage show. Pure.

What is not proven open counts as closed. A contactor that is not proven open in time after it was
commanded open is welded: it is not closed again before it is judged again (`recall.py`) and then
proven open.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.safety import Contactor, FaultCode, SafetyPhase
from nodes.safety.chain import ChainReading
from nodes.safety.coil import CoilReading
from nodes.safety.complain import not_open
from nodes.safety.config import Config
from nodes.safety.evaluation import Evaluation, Stale, proves_open
from nodes.safety.finding import Finding
from nodes.safety.supply import spend

ENERGISED = (SafetyPhase.CLOSING, SafetyPhase.CLOSED, SafetyPhase.STOPPING)
"""The phases in which the coil is commanded on."""


class ContactorProof(Struct, frozen=True, kw_only=True):
    """What is proven of the contactor; `..._s` is time without proof."""

    contactor: Contactor = Contactor.CLOSED  # what is not proven open counts as closed
    unproven_s: float = 0.0  # commanded open, not proven open
    unclosed_s: float = 0.0  # commanded closed, the proof lost
    is_first: bool = True  # the contactor of the previous process may still drop
    is_welded: bool = False  # latched: never closes again
    # Latched faults that are judged again: a proof of open in time clears them.
    on_trial: tuple[FaultCode, ...] = ()
    tried_s: float = 0.0  # proven open in this trial


def prove(
    proof: ContactorProof,
    config: Config,
    phase: SafetyPhase,
    evaluation: Evaluation,
    since_s: float,
) -> ContactorProof:
    """Compare the command with what mirror contact and voltage prove.

    :param since_s: since the look before.
    """
    unproven_s = unclosed_s = 0.0
    match phase:
        case SafetyPhase.CLOSING:
            pass
        case SafetyPhase.CLOSED | SafetyPhase.STOPPING:
            is_lost = not evaluation.is_proven_closed
            unclosed_s = spend(proof.unclosed_s, is_lost, since_s, config.lost_s)
        case _:
            is_missing = not evaluation.is_proven_open
            unproven_s = spend(proof.unproven_s, is_missing, since_s, _limit_s(proof, config))
    contactor = _shown(proof, evaluation.is_proven_open)
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
    contacts: ChainReading | CoilReading | None,
    reason: Stale,
    since_s: float,
) -> tuple[ContactorProof, Finding | None]:
    """Prove by mirror contact and load voltage alone, while inputs are stale.

    Return also a fault of the contacts, if any.

    Without mains the contacts have no supply and prove nothing. If another device gives no reading,
    the contacts are still valid; if only the values of the CP line are impossible, the time for
    their proof continues as well.

    :param since_s: since the look before.
    """
    was_energised = phase in ENERGISED
    contactor, unproven_s = proof.contactor, proof.unproven_s
    is_open = contacts is not None and proves_open(contacts)
    if contacts is not None or was_energised:  # energised: it may have closed just now
        contactor = _shown(proof, is_open)
    if reason is Stale.NO_MAINS:
        unproven_s = 0.0
    elif reason is Stale.NONSENSE and contacts is not None and not was_energised:
        limit_s = _limit_s(proof, config)
        unproven_s = spend(unproven_s, not is_open, since_s, limit_s)
        if unproven_s >= limit_s:
            welded = replace(proof, contactor=Contactor.WELDED, is_welded=True, on_trial=())
            return welded, not_open(contacts.load_voltage is not False)
    return replace(proof, contactor=contactor, unproven_s=unproven_s), None


def is_unproven(proof: ContactorProof, config: Config, evaluation: Evaluation) -> bool:
    """Return whether a contactor commanded open is not proven open in time."""
    return not evaluation.is_proven_open and proof.unproven_s >= _limit_s(proof, config)


def judge_latched(
    proof: ContactorProof,
    config: Config,
    evaluation: Evaluation,
    since_s: float,
    *,
    is_unproven: bool,
) -> tuple[ContactorProof, tuple[FaultCode, ...]]:
    """Decide whether it is welded; return the latched faults that this reading clears.

    A proof of open clears 8007, and all red when it has lasted for `Config.trial_s`: then a missing
    earth would have been seen as well. A self-test that was the reason is done again.

    :param since_s: since the look before.
    """
    if is_unproven:
        if proof.is_welded and not proof.on_trial:
            return proof, ()
        return replace(proof, is_welded=True, on_trial=(), tried_s=0.0), ()
    if not (proof.on_trial and evaluation.is_proven_open and evaluation.is_settled):
        return proof, ()
    tried_s = spend(proof.tried_s, True, since_s, config.trial_s)
    is_over = tried_s >= config.trial_s
    cleared = tuple(code for code in proof.on_trial if is_over or code is FaultCode.SAFETY_CIRCUIT)
    left = tuple(code for code in proof.on_trial if code not in cleared)
    tried_s = tried_s if left else 0.0
    return replace(proof, is_welded=False, on_trial=left, tried_s=tried_s), cleared


def is_over(proof: ContactorProof, evaluation: Evaluation, *, is_known: bool) -> bool:
    """Return whether an opening is complete: proven, or welded.

    :param is_known: the reading is settled and the disk has answered.
    """
    return (evaluation.is_proven_open and is_known) or (proof.is_welded and not proof.on_trial)


def record_opened(proof: ContactorProof) -> ContactorProof:
    """Record that an opening is complete: the next one has its own time."""
    return replace(proof, unproven_s=0.0, is_first=False)


def record_closing(proof: ContactorProof) -> ContactorProof:
    """Record that the contactor is commanded closed: the next opening has the whole time."""
    return replace(proof, unproven_s=0.0)


def judge_again(proof: ContactorProof, codes: tuple[FaultCode, ...]) -> ContactorProof:
    """Return the proof of a contactor whose latched faults are judged again."""
    return replace(proof, is_first=True, unproven_s=0.0, on_trial=codes, tried_s=0.0)


def _limit_s(proof: ContactorProof, config: Config) -> float:
    """Return how long an open contactor may be without its proof [s]."""
    return config.start_s if proof.is_first else config.opening_s


def _shown(proof: ContactorProof, is_open: bool) -> Contactor:
    """Return the contactor as proven; what is not proven open counts as closed."""
    if proof.is_welded:
        return Contactor.WELDED
    return Contactor.OPEN if is_open else Contactor.CLOSED
