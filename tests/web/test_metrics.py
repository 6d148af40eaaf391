"""The metrics, read by Prometheus's own parser: of a whole box, and of single messages."""

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from msgs.heartbeat import Heartbeat, NodeState
from msgs.load_manager import Limit
from msgs.safety import FaultCode
from msgs.smart_home import SmartHomeStatus
from msgs.topics import HEARTBEATS, NODES
from tests.builders import (
    charging_session,
    dcs_status,
    faulty_safety,
    graph_status,
    load_offer,
    meter_reading,
    node_process,
)
from tests.view.snapshot import said
from tests.web.conftest import LABEL, Desk
from tests.web.graph_desk import GraphDesk
from view.snapshot import Received
from web.metrics.exposition import CONTENT_TYPE, FamilyKind, MetricSample, family_text
from web.metrics.table import METRICS, text_of

ROOT = Path(__file__).parent.parent.parent
DASHBOARD = ROOT / "docs" / "grafana" / "wallbox.json"
DOCUMENT = ROOT / "docs" / "metrics.md"
MOST_SERIES = 500

Values = dict[str, dict[tuple[str, ...], float]]  # by metric, and by the values of its labels


def values_of(text: str) -> Values:
    """Return what a Prometheus reads."""
    found: Values = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            key = tuple(sample.labels.values())
            assert key not in found.setdefault(sample.name, {}), sample
            found[sample.name][key] = sample.value
    return found


def measured(desk: Desk) -> Values:
    return values_of(text_of(desk.box.metrics()))


def beat(node: str, age_s: float = 0.1, **changes: Any) -> Received[Heartbeat]:
    heartbeat = Heartbeat(
        state=NodeState.READY,
        incarnation=1,
        pid=7,
        cpu_percent=2.0,
        memory_kb=1000,
        loop_p50_ms=1.0,
        loop_p99_ms=2.0,
        loop_max_ms=3.0,
        gaps=0,
        drops=4,
        late=5,
        refused=6,
    )
    topic = HEARTBEATS[node]
    message = replace(heartbeat, **changes)
    return Received(node=node, hold_s=topic.hold_s, message=message, age_s=age_s)


@pytest.fixture(scope="module")
def charging(tmp_path_factory: pytest.TempPathFactory) -> tuple[GraphDesk, str]:
    """Return a whole box that charges, and what it says to Prometheus."""
    desk = GraphDesk(tmp_path_factory.mktemp("box"))
    box = desk.graph_box
    for change in (
        {"authorization.required": False, "web.metrics": True, "solar_meter.enabled": True},
        {"smart_home.enabled": True},
    ):
        box.graph.ask("system", "set", {"changes": change})
    box.listen()
    box.graph.act("plug")
    box.graph.act("ready")
    box.graph.wait(lambda: box.graph.is_drawing)
    box.pass_time(3.0)
    # A virtual graph has no supervisor and no charging service.
    others: dict[str, Any] = {
        "graph": said("graph", graph_status(*(node_process(each) for each in NODES))),
        "dcs": said("dcs", dcs_status()),
    }
    snapshot = box.metrics()
    page = dataclasses.replace(snapshot.page, **others)
    return desk, text_of(dataclasses.replace(snapshot, page=page))


def test_a_box_that_charges_says_every_metric(charging: tuple[GraphDesk, str]) -> None:
    _, text = charging
    values = values_of(text)
    absent = {"wallbox_smart_home_limit_amperes"}  # no controller has asked for a current
    assert {each.name for each in METRICS} - values.keys() == absent
    assert values["wallbox_state"][("Charging",)] == 1.0
    assert sum(values["wallbox_state"].values()) == 1.0
    assert values["wallbox_contactor_state"][("closed",)] == 1.0
    assert values["wallbox_pilot_state"][("C",)] == 1.0
    power_w = values["wallbox_power_watts"][()]
    assert power_w > 1000.0
    assert math.isclose(sum(values["wallbox_phase_power_watts"].values()), power_w, rel_tol=0.05)
    assert values["wallbox_meter_online"].keys() == {("box",), ("house",), ("solar",)}
    assert values["wallbox_meter_age_seconds"][("house",)] < 5.0
    assert values["wallbox_node_resident_memory_bytes"].keys() >= {(each,) for each in ("safety",)}
    (binding,) = [key for key, is_it in values["wallbox_limit_binding"].items() if is_it]
    lowest = values["wallbox_limit_source_amperes"][binding]
    assert lowest == values["wallbox_limit_amperes"][()]


def test_the_text_has_no_secret_and_a_bounded_number_of_series(
    charging: tuple[GraphDesk, str],
) -> None:
    _, text = charging
    for secret in (LABEL.serial, LABEL.lan_mac, LABEL.recovery_key, *(c.uid for c in LABEL.rfid)):
        assert secret not in text
    assert "127.0.0.1" not in text
    assert sum(not line.startswith("#") for line in text.splitlines()) < MOST_SERIES
    labels = set(re.findall(r'[{,]([a-z_]+)="', text))
    assert labels <= {"version", "phase", "state", "source", "code", "meter", "node"}


def test_the_endpoint_answers_as_prometheus_expects(charging: tuple[GraphDesk, str]) -> None:
    desk, _ = charging
    desk.box.has_metrics = True
    token = desk.tokens.make(desk.login_check.account.change_count)
    answer = desk.browser().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.content_type == CONTENT_TYPE
    assert "wallbox_power_watts" in values_of(answer.text)
    assert "no-store" in answer.headers["Cache-Control"]


def test_names_follow_the_rules_of_prometheus() -> None:
    units = ("_watts", "_amperes", "_volts", "_joules", "_seconds", "_bytes", "_celsius", "_ratio")
    without = {"wallbox_info", "wallbox_session_running", "wallbox_vehicle_plugged"}
    assert len({each.name for each in METRICS}) == len(METRICS)
    for each in METRICS:
        assert re.fullmatch(r"wallbox_[a-z0-9_]+", each.name)
        assert each.help.endswith(".")
        is_counter = each.kind is FamilyKind.COUNTER
        assert each.name.endswith("_total") is is_counter, each.name
        is_of_unit = each.name.removesuffix("_total").endswith(units)
        for word in ("watt", "amp", "volt", "joule", "second", "byte", "celsius"):
            assert is_of_unit or word not in each.name, each.name
    assert without <= {each.name for each in METRICS}


def test_a_box_that_says_nothing_has_no_values(desk: Desk) -> None:
    assert measured(desk).keys() == {"wallbox_info"}


def test_a_stale_message_is_left_out_and_not_repeated(desk: Desk) -> None:
    desk.box.heard = {"session": said("session", charging_session(), age_s=2.9)}
    assert "wallbox_state" in measured(desk)
    desk.box.heard = {"session": said("session", charging_session(), age_s=3.1)}
    assert "wallbox_state" not in measured(desk)


def test_a_lost_meter_is_offline_with_its_age_and_without_values(desk: Desk) -> None:
    sampled_ns = round((desk.box.time_s - 42.0) * 1e9)
    lost = meter_reading(online=False, sampled_ns=sampled_ns)
    desk.box.heard = {"house": said("house", lost)}
    values = measured(desk)
    assert values["wallbox_meter_online"] == {("house",): 0.0}
    assert values["wallbox_meter_age_seconds"] == {("house",): 42.0}
    assert not {"wallbox_meter_power_watts", "wallbox_meter_current_amperes"} & values.keys()


def test_each_fault_has_its_series_also_while_it_is_not_raised(desk: Desk) -> None:
    desk.box.heard = {"safety": said("safety", faulty_safety(FaultCode.TOO_HOT, retries=2))}
    values = measured(desk)
    assert values["wallbox_fault_active"] == {
        (code.value,): float(code is FaultCode.TOO_HOT) for code in FaultCode
    }
    assert values["wallbox_fault_retries"] == {(): 2.0}


def test_each_limit_has_its_source_and_one_binds(desk: Desk) -> None:
    limits = (
        Limit(source="app", limit_a=10.0),
        Limit(source="dip", limit_a=32.0),
        Limit(source="solar", limit_a=None),
    )
    desk.box.heard = {"offer": said("offer", load_offer(10.0, "app", limits=limits))}
    values = measured(desk)
    assert values["wallbox_limit_source_amperes"] == {("app",): 10.0, ("dip",): 32.0}
    assert values["wallbox_limit_binding"] == {("app",): 1.0, ("dip",): 0.0, ("solar",): 0.0}
    assert values["wallbox_limit_amperes"] == {(): 10.0}


def test_a_controller_that_has_failed_and_what_it_has_asked_for(desk: Desk) -> None:
    status = SmartHomeStatus(limit_a=8.0, is_failsafe=True)
    desk.box.heard = {"smart_home": said("smart_home", status)}
    values = measured(desk)
    assert values["wallbox_smart_home_failsafe"] == {(): 1.0}
    assert values["wallbox_smart_home_limit_amperes"] == {(): 8.0}


def test_a_node_is_up_while_it_is_ready_and_its_heartbeat_is_heard(desk: Desk) -> None:
    processes = [node_process(each, restarts=3) for each in ("safety", "pilot", "portal")]
    desk.box.heard = {"graph": said("graph", graph_status(*processes))}
    desk.box.heartbeats = {"safety": beat("safety"), "pilot": beat("pilot", age_s=3.5)}
    values = measured(desk)
    assert values["wallbox_node_up"] == {("safety",): 1.0, ("pilot",): 0.0, ("portal",): 1.0}
    assert values["wallbox_node_restarts_total"][("safety",)] == 3.0
    assert values["wallbox_node_cpu_ratio"] == {("safety",): 0.02}
    assert values["wallbox_node_resident_memory_bytes"] == {("safety",): 1_024_000.0}
    assert values["wallbox_node_drops_total"] == {("safety",): 4.0}


def test_text_of_any_label_and_number_is_read_back() -> None:
    awkward = 'a "b" \\ c\nd'
    samples = (
        MetricSample(0.1, (("a", awkward), ("b", ""))),
        MetricSample(1e20),
        MetricSample(-0.0, (("a", "zero"),)),
        MetricSample(math.nan, (("a", "unknown"),)),
    )
    text = family_text("wallbox_x", FamilyKind.GAUGE, "One \\ line\nor two.", samples)
    (family,) = text_string_to_metric_families(text)
    assert [(each.value, tuple(each.labels.values())) for each in family.samples] == [
        (0.1, (awkward, "")),
        (1e20, ()),
        (0.0, ("zero",)),
    ]
    assert family.documentation == "One \\ line\nor two."
    assert family_text("wallbox_x", FamilyKind.GAUGE, "None.", ()) == ""


# --- what is built on it -------------------------------------------------------------------------


def test_the_dashboard_asks_only_for_metrics_that_there_are(
    charging: tuple[GraphDesk, str],
) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    assert dashboard["schemaVersion"] >= 39
    assert [each["name"] for each in dashboard["__inputs"]] == ["DS_PROMETHEUS"]
    panels = [each for each in dashboard["panels"] if each["type"] != "row"]
    assert len({each["id"] for each in dashboard["panels"]}) == len(dashboard["panels"])
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    queries += [each["definition"] for each in dashboard["templating"]["list"]]
    asked = {name for each in queries for name in re.findall(r"wallbox_\w+", each)}
    assert asked <= values_of(charging[1]).keys()
    for source in [dashboard["templating"]["list"], panels, *(each["targets"] for each in panels)]:
        assert all(each["datasource"]["uid"] == "${DS_PROMETHEUS}" for each in source)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
    titles = " ".join(each["title"] for each in panels)
    for words in ("Power by phase", "Limits, and why", "Energy", "House", "Faults", "Memory"):
        assert words in titles


def test_the_document_has_each_metric_as_it_is(charging: tuple[GraphDesk, str]) -> None:
    row = re.compile(r"^\| `(\w+)` \| (\w+) \| ([a-z, ]*) ?\| (.*) \|$", re.MULTILINE)
    rows = row.findall(DOCUMENT.read_text())
    assert [(name, kind, words + ".") for name, kind, _, words in rows] == [
        (each.name, each.kind.value, each.help) for each in METRICS
    ]
    labels = {
        family.name: {label for sample in family.samples for label in sample.labels}
        for family in text_string_to_metric_families(charging[1])
    }
    for name, _, listed, _ in rows:
        found = labels.get(name.removesuffix("_total"), labels.get(name))
        if found is not None:
            assert {each for each in re.split(r"[, ]+", listed) if each} == found, name


def test_the_nodes_that_are_measured_are_all_there_are() -> None:
    assert set(HEARTBEATS) == set(NODES)
