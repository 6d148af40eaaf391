"""The model of a house agrees with the whole graph."""

from pathlib import Path

import pytest

from tests.houses.named import NAMED_DAYS, model_of, play
from tests.houses.policies import Arbiter
from tests.houses.run import HouseRun


@pytest.mark.req("MET-1")
def test_the_model_agrees_with_the_whole_graph(tmp_path: Path) -> None:
    day = next(each for each in NAMED_DAYS if each.name == "two kettles on one phase")
    model, graph = HouseRun(model_of(day), Arbiter).run(), play(day, tmp_path)
    assert (graph.breach_s, model.breach_s) == (0.0, 0.0)
    assert graph.closings == model.closings
    assert graph.energy_wh == pytest.approx(model.energy_wh, rel=0.02)
    assert graph.over_s == pytest.approx(model.over_s, abs=2.0)
    assert graph.worst_over_a == pytest.approx(model.worst_over_a, abs=0.5)
