"""What is proven of the contactor, part by part: the times without proof, welded, on trial."""

import pytest
from msgspec.structs import replace

from msgs.safety import Contactor, FaultCode, SafetyPhase
from nodes.safety.chain import ChainReading
from nodes.safety.complain import not_open
from nodes.safety.config import Config
from nodes.safety.contactor import (
    ENERGISED,
    ContactorProof,
    is_over,
    is_unproven,
    judge_again,
    judge_latched,
    prove,
    prove_by_contacts,
    record_closing,
    record_opened,
)
from nodes.safety.evaluation import Evaluation, Stale
from tests.safety.evaluations import PLUGGED
from tests.safety.test_evaluation import READING

P = SafetyPhase
CONFIG = Config(lost_s=0.1, opening_s=0.2, start_s=1.5, trial_s=3.0)
OPEN = replace(PLUGGED, is_proven_open=True, is_proven_closed=False)
CLOSED = replace(PLUGGED, is_proven_open=False, is_proven_closed=True)
NEITHER = replace(PLUGGED, is_proven_open=False, is_proven_closed=False)
READS_OPEN = replace(READING, mirror_closed=True, load_voltage=False)
READS_CLOSED = replace(READING, mirror_closed=False, load_voltage=True)
READS_NEITHER = replace(READING, mirror_closed=False, load_voltage=False)
COUNTED = ContactorProof(unproven_s=0.05, unclosed_s=0.05, is_first=False)
ON = (P.CLOSED, P.STOPPING)
OFF = tuple(phase for phase in P if phase not in (P.CLOSING, *ON))
BOTH = (FaultCode.SAFETY_CIRCUIT, FaultCode.RED)


def times(proof: ContactorProof) -> tuple[float, float]:
    return proof.unproven_s, proof.unclosed_s


# --- the times without proof ------------------------------------------------------------------


@pytest.mark.req("ERR-8007", "ERR-RED")
@pytest.mark.parametrize("phase", OFF)
def test_time_without_proof_of_open_counts_while_the_coil_is_off(phase: SafetyPhase) -> None:
    for evaluation in (NEITHER, CLOSED):
        proof = prove(COUNTED, CONFIG, phase, evaluation, 0.01)
        assert (times(proof), proof.contactor) == ((0.06, 0.0), Contactor.CLOSED)
    proof = prove(COUNTED, CONFIG, phase, OPEN, 0.01)
    assert (times(proof), proof.contactor) == ((0.04, 0.0), Contactor.OPEN)


@pytest.mark.parametrize("phase", ON)
def test_time_without_proof_of_closed_counts_while_the_coil_is_on(phase: SafetyPhase) -> None:
    for evaluation in (NEITHER, OPEN):
        proof = prove(COUNTED, CONFIG, phase, evaluation, 0.01)
        assert times(proof) == (0.0, 0.06)
    proof = prove(COUNTED, CONFIG, phase, CLOSED, 0.01)
    assert (times(proof), proof.contactor) == ((0.0, 0.04), Contactor.CLOSED)


@pytest.mark.parametrize("evaluation", [NEITHER, OPEN, CLOSED])
def test_no_time_without_proof_counts_while_it_closes(evaluation: Evaluation) -> None:
    assert times(prove(COUNTED, CONFIG, P.CLOSING, evaluation, 0.01)) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("phase", "is_first", "limit_s"),
    [(P.OPENING, False, 0.2), (P.START, True, 1.5), (P.CLOSED, False, 0.1)],
)
def test_of_the_time_without_proof_only_a_tenth_of_a_second_more_than_the_limit_is_kept(
    phase: SafetyPhase, is_first: bool, limit_s: float
) -> None:
    proof = ContactorProof(is_first=is_first)
    for _ in range(30):
        proof = prove(proof, CONFIG, phase, NEITHER, 0.1)
    assert sum(times(proof)) == pytest.approx(limit_s + 0.1)
    assert prove(proof, CONFIG, phase, NEITHER, 0.1) is proof  # nothing has changed


@pytest.mark.parametrize("is_open", [False, True])
def test_a_welded_contactor_stays_welded_whatever_is_read(is_open: bool) -> None:
    welded = ContactorProof(is_welded=True)
    evaluation, reading = (OPEN, READS_OPEN) if is_open else (NEITHER, READS_NEITHER)
    assert prove(welded, CONFIG, P.FAULT, evaluation, 0.01).contactor is Contactor.WELDED
    proof, _ = prove_by_contacts(welded, CONFIG, P.FAULT, reading, Stale.UNCLEAR, 0.01)
    assert proof.contactor is Contactor.WELDED


@pytest.mark.parametrize(("is_first", "limit_s"), [(False, 0.2), (True, 1.5)])
def test_a_contactor_is_unproven_at_the_limit_unless_it_is_open_now(
    is_first: bool, limit_s: float
) -> None:
    early = ContactorProof(is_first=is_first, unproven_s=limit_s - 0.01)
    late = replace(early, unproven_s=limit_s)
    assert [is_unproven(proof, CONFIG, NEITHER) for proof in (early, late)] == [False, True]
    assert not is_unproven(late, CONFIG, OPEN)


# --- stale inputs -----------------------------------------------------------------------------


@pytest.mark.parametrize("reason", list(Stale))
@pytest.mark.parametrize("phase", list(P))
@pytest.mark.parametrize("before", [Contactor.OPEN, Contactor.CLOSED])
def test_stale_inputs_prove_open_only_by_both_contacts(
    before: Contactor, phase: SafetyPhase, reason: Stale
) -> None:
    proof = replace(COUNTED, contactor=before)
    for reading, shown in (
        (READS_OPEN, Contactor.OPEN),
        (READS_CLOSED, Contactor.CLOSED),
        (READS_NEITHER, Contactor.CLOSED),
        # It may have closed just now: only a coil that was off leaves what was known.
        (None, Contactor.CLOSED if phase in ENERGISED else before),
    ):
        after, finding = prove_by_contacts(proof, CONFIG, phase, reading, reason, 0.01)
        assert (after.contactor, finding) == (shown, None)


@pytest.mark.req("ERR-8007", "ERR-RED")
@pytest.mark.parametrize("reason", list(Stale))
def test_of_stale_inputs_only_an_impossible_pilot_lets_the_time_of_the_contacts_continue(
    reason: Stale,
) -> None:
    def after_s(phase: SafetyPhase, reading: ChainReading | None) -> tuple[float, float]:
        return times(prove_by_contacts(COUNTED, CONFIG, phase, reading, reason, 0.01)[0])

    kept_s = 0.0 if reason is Stale.NO_MAINS else 0.05
    assert after_s(P.START, None) == (kept_s, 0.05)
    for phase in ENERGISED:
        assert after_s(phase, READS_NEITHER) == (kept_s, 0.05)
    is_counted = reason is Stale.NONSENSE
    assert after_s(P.START, READS_NEITHER) == (0.06 if is_counted else kept_s, 0.05)
    assert after_s(P.START, READS_OPEN) == (0.04 if is_counted else kept_s, 0.05)


@pytest.mark.req("ERR-8007", "ERR-RED")
@pytest.mark.parametrize(("is_first", "limit_s"), [(False, 0.2), (True, 1.5)])
@pytest.mark.parametrize(
    ("load_voltage", "has_voltage"), [(True, True), (False, False), (None, True)]
)
def test_contacts_that_are_not_proven_open_in_time_are_welded_beside_an_impossible_pilot(
    load_voltage: bool, has_voltage: bool, is_first: bool, limit_s: float
) -> None:
    early = ContactorProof(is_first=is_first, unproven_s=limit_s - 0.02, on_trial=BOTH)
    reading = replace(READING, mirror_closed=False, load_voltage=load_voltage)
    proof, finding = prove_by_contacts(early, CONFIG, P.START, reading, Stale.NONSENSE, 0.01)
    assert (proof.contactor, proof.is_welded, proof.on_trial) == (Contactor.CLOSED, False, BOTH)
    assert finding is None
    proof, finding = prove_by_contacts(proof, CONFIG, P.START, reading, Stale.NONSENSE, 0.01)
    assert (proof.contactor, proof.is_welded, proof.on_trial) == (Contactor.WELDED, True, ())
    assert finding == not_open(has_voltage)


# --- welded, and latched faults on trial ------------------------------------------------------


@pytest.mark.req("ERR-8007", "ERR-RED")
def test_a_contactor_that_is_unproven_is_welded_and_its_trial_is_lost() -> None:
    tried = ContactorProof(on_trial=BOTH, tried_s=1.0)
    welded, cleared = judge_latched(tried, CONFIG, OPEN, 0.01, is_unproven=True)
    assert (welded, cleared) == (ContactorProof(is_welded=True), ())
    assert judge_latched(welded, CONFIG, OPEN, 0.01, is_unproven=True) == (welded, ())
    again = replace(welded, on_trial=BOTH, tried_s=1.0)
    assert judge_latched(again, CONFIG, OPEN, 0.01, is_unproven=True) == (welded, ())


@pytest.mark.req("ERR-8007", "ERR-RED")
def test_a_settled_proof_of_open_clears_8007_at_once_and_all_red_when_it_has_lasted() -> None:
    proof = ContactorProof(is_welded=True, on_trial=BOTH)
    proof, cleared = judge_latched(proof, CONFIG, OPEN, 0.01, is_unproven=False)
    assert cleared == (FaultCode.SAFETY_CIRCUIT,)
    assert proof == ContactorProof(on_trial=(FaultCode.RED,), tried_s=0.01)
    for _ in range(29):
        proof, cleared = judge_latched(proof, CONFIG, OPEN, 0.1, is_unproven=False)
        assert (cleared, proof.on_trial) == ((), (FaultCode.RED,))
    proof, cleared = judge_latched(proof, CONFIG, OPEN, 0.09, is_unproven=False)
    assert (cleared, proof) == ((FaultCode.RED,), ContactorProof())


@pytest.mark.req("ERR-8007")
def test_once_8007_alone_is_cleared_nothing_is_left_of_its_trial() -> None:
    proof = ContactorProof(is_welded=True, on_trial=(FaultCode.SAFETY_CIRCUIT,))
    expected = (ContactorProof(), (FaultCode.SAFETY_CIRCUIT,))
    assert judge_latched(proof, CONFIG, OPEN, 0.01, is_unproven=False) == expected


@pytest.mark.req("ERR-8007", "ERR-RED")
@pytest.mark.parametrize("evaluation", [NEITHER, CLOSED, replace(OPEN, is_settled=False)])
def test_what_is_not_proven_open_or_not_settled_clears_nothing(
    evaluation: Evaluation,
) -> None:
    proof = ContactorProof(is_welded=True, on_trial=BOTH, tried_s=1.0)
    assert judge_latched(proof, CONFIG, evaluation, 0.01, is_unproven=False) == (proof, ())


@pytest.mark.req("ERR-8007", "ERR-RED")
def test_what_is_not_on_trial_is_not_cleared() -> None:
    for proof in (ContactorProof(is_welded=True), ContactorProof()):
        assert judge_latched(proof, CONFIG, OPEN, 0.01, is_unproven=False) == (proof, ())


@pytest.mark.parametrize(
    ("is_welded", "on_trial", "evaluation", "is_known", "expected"),
    [
        (False, (), OPEN, True, True),
        (False, (), OPEN, False, False),
        (False, (), NEITHER, True, False),
        (True, (), NEITHER, False, True),  # a fault that holds
        (True, BOTH, NEITHER, True, False),  # it may be proven open yet
        (True, BOTH, OPEN, True, True),
        (True, BOTH, OPEN, False, False),
        (False, BOTH, NEITHER, True, False),
    ],
)
def test_an_opening_is_over_once_it_is_proven_and_known_or_welded(
    is_welded: bool,
    on_trial: tuple[FaultCode, ...],
    evaluation: Evaluation,
    is_known: bool,
    expected: bool,
) -> None:
    proof = ContactorProof(is_welded=is_welded, on_trial=on_trial)
    assert is_over(proof, evaluation, is_known=is_known) is expected


def test_each_opening_has_its_whole_time() -> None:
    late = replace(COUNTED, is_first=True)
    assert record_opened(late) == replace(late, unproven_s=0.0, is_first=False)
    assert record_closing(COUNTED) == replace(COUNTED, unproven_s=0.0)
    tried = replace(COUNTED, tried_s=1.0, is_welded=True)
    expected = replace(tried, unproven_s=0.0, tried_s=0.0, is_first=True, on_trial=BOTH)
    assert judge_again(tried, BOTH) == expected
