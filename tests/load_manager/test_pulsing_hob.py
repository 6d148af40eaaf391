"""A hob that pulses beside a charge, on the whole virtual box: closings counted, and energy."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from bus.wire import unpack
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.load_manager import LoadOffer
from msgs.methods import PLUG, READY, WORLD
from msgs.requests import NoArguments
from msgs.safety import Contactor, SafetyStatus
from msgs.topics import LOAD_OFFER, SAFETY_STATUS
from tests.box import NO_CARD
from tests.closing import closed_at_end

BASE_A, PULSE_A, FUSE_A = 10.0, 11.0, 25.0
BEFORE_S, CHARGE_S = 120, 1800  # the charge begins in the middle of the pattern


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a charge beside the hob has given."""

    closings: int
    charged_wh: float
    drawn_at_end_a: float
    offers: list[LoadOffer]


def charge(
    folder: Path, on_s: int, period_s: int, *settings: str, charge_s: int = CHARGE_S
) -> Charge:
    """Charge on one phase for a time while a load is on for a part of each period."""
    trace = folder / "hob.csv"
    rows = ["TimeStamp;Live_Power;EVSE_Current_power"]
    for second in range(BEFORE_S + charge_s + 60):
        load_a = BASE_A + (PULSE_A if second % period_s < on_s else 0.0)
        stamp = f"01/01/2026 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        rows.append(f"{stamp};{load_a * 230.0:.1f};0")
    trace.write_text("\n".join(rows) + "\n")
    plan = load_plan(
        VIRTUAL_PLAN,
        (
            NO_CARD,
            f"plant.house_trace={trace}",
            f"load_manager.main_fuse_a={FUSE_A:g}",
            "factory.phase_assignment=L1",
            "plant.phases=1",
            *settings,
        ),
    )
    graph = closed_at_end(VirtualGraph(plan, seed=1, state_dir=folder))
    offers: list[LoadOffer] = []
    contactor = [Contactor.OPEN]

    def note(frame: bytes) -> None:
        topic, _, body = unpack(frame)
        if topic == LOAD_OFFER.name:
            offers.append(msgspec.msgpack.decode(body, type=LoadOffer))
        elif topic == SAFETY_STATUS.name:
            now = msgspec.msgpack.decode(body, type=SafetyStatus).contactor
            if now is not contactor[-1]:
                contactor.append(now)

    graph.memory.tap(note, repeats=False)
    charged_wh, drawn_a = 0.0, 0.0
    graph.start_all()
    graph.advance(float(BEFORE_S))
    graph.act(PLUG, NoArguments())
    graph.act(READY, NoArguments())
    for _ in range(charge_s):
        graph.advance(1.0)
        world = graph.ask(WORLD, NoArguments()).result
        assert world is not None
        drawn_a = world.current_a[0]
        charged_wh += 230.0 * drawn_a / 3600.0
    graph.stop()
    return Charge(
        closings=sum(each is Contactor.CLOSED for each in contactor),
        charged_wh=charged_wh,
        drawn_at_end_a=drawn_a,
        offers=offers,
    )


@pytest.mark.timeout(400)
@pytest.mark.req("MET-1", "MET-7")
@pytest.mark.parametrize("charge_s", [900, pytest.param(CHARGE_S, marks=pytest.mark.proof)])
def test_beside_a_hob_that_pulses_a_charge_is_paused_three_times_at_most(
    tmp_path: Path, charge_s: int
) -> None:
    done = charge(tmp_path, 20, 90, charge_s=charge_s)
    assert done.closings == 3
    assert done.drawn_at_end_a == 0.0
    words = done.offers[-1].detail
    assert "they come and go, 3 times within 30 min" in words
    assert "paused until 6.5 A have been left for 10 min" in words
    assert "fuse_budget_percent" in words


@pytest.mark.proof
@pytest.mark.req("MET-1", "MET-7")
def test_a_hob_that_leaves_no_time_to_resume_is_named_as_well(tmp_path: Path) -> None:
    done = charge(tmp_path, 30, 60)
    assert 1 <= done.closings <= 3
    assert done.drawn_at_end_a == 0.0
    assert "they come and go, 3 times within 30 min" in done.offers[-1].detail


@pytest.mark.timeout(400)
@pytest.mark.req("MET-1")
@pytest.mark.parametrize(
    ("charge_s", "least_wh"), [(720, 240.0), pytest.param(CHARGE_S, 600.0, marks=pytest.mark.proof)]
)
def test_with_the_budget_of_the_fuse_the_same_hob_pauses_nothing(
    tmp_path: Path, charge_s: int, least_wh: float
) -> None:
    """The budget is that of 10 minutes: the shorter charge lasts longer."""
    done = charge(tmp_path, 30, 60, "factory.fuse_budget_percent=13", charge_s=charge_s)
    assert done.closings == 1
    assert done.charged_wh >= least_wh
    assert any("the fuse's budget carries this peak" in offer.detail for offer in done.offers)
