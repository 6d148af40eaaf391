"""A converter falls silent in a charge: the contactor opens, and is seen to be open."""

import pytest
from msgspec.structs import replace

from msgs.safety import Contactor, SafetyPhase
from nodes.safety.coil import CoilReading
from nodes.safety.config import Config
from nodes.safety.contactor import ContactorProof
from nodes.safety.machine import State, step
from tests.safety.test_reading import inputs

CLOSED = State(
    phase=SafetyPhase.CLOSED, proof=ContactorProof(is_first=False, contactor=Contactor.CLOSED)
)
OPEN = CoilReading(
    mirror_closed=True,
    load_voltage=False,
    residual_ac=False,
    residual_dc=False,
    power_on_reset=False,
)


@pytest.mark.req("ERR-8", "ERR-8007")
@pytest.mark.parametrize(
    ("contacts", "shown"),
    [
        (OPEN, Contactor.OPEN),
        (replace(OPEN, mirror_closed=False), Contactor.CLOSED),
        (replace(OPEN, load_voltage=True), Contactor.CLOSED),
        (None, Contactor.CLOSED),
    ],
)
def test_the_coil_is_off_at_once_and_the_contacts_show_whether_it_opened(
    contacts: CoilReading | None, shown: Contactor
) -> None:
    seen = inputs(contacts=contacts, silent=("analog-to-digital converter",))
    state, outputs = step(Config(), CLOSED, seen)
    assert (outputs.enable, state.proof.contactor) == (False, shown)


def test_contacts_of_a_look_that_is_too_late_do_not_count() -> None:
    seen = inputs(contacts=OPEN, since_s=10.0)
    state, outputs = step(Config(), CLOSED, seen)
    assert (outputs.enable, state.proof.contactor) == (False, Contactor.CLOSED)
