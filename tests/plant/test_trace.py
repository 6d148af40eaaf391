"""Recorded houses."""

from pathlib import Path

import pytest

from bus import DriverError
from nodes.plant.trace import load_trace

HEAD = "\ufeffTimeStamp;Live_Power;EVSE_Current_power;shaper_max_power\n"
RECORDING = Path(__file__).parents[3] / "shared/data/house_live_power_1s.csv"


def write(tmp_path: Path, rows: str, head: str = HEAD) -> str:
    path = tmp_path / "house.csv"
    path.write_text(head + rows, encoding="utf-8")
    return str(path)


def test_other_loads_are_the_total_less_the_charger_and_never_negative(tmp_path: Path) -> None:
    rows = (
        "17/12/2023 13:25:00;1150.00000;0;8400\n"
        "17/12/2023 13:25:01;1150.00000;0;8400\n"  # nothing new
        "17/12/2023 13:25:03;3450.00000;2300;8400\n"  # still 1150 W: nothing new
        "17/12/2023 13:25:04;2300.00000;0;8400\n"
        "17/12/2023 13:25:09;2300.00000;4600;8400\n"
        "17/12/2023 13:25:11;0;0;8400\n"
    )
    trace = load_trace(write(tmp_path, rows), "house_trace")
    assert list(zip(trace.starts_s, trace.current_a, strict=True)) == [
        (0.0, 5.0),
        (4.0, 10.0),
        (9.0, 0.0),
    ]
    assert trace.length_s == 12.0


@pytest.mark.parametrize(
    ("head", "rows", "complaint"),
    [
        (HEAD, "", "it has no rows"),
        ("a;b;c\n", "1;2;3\n", "it has no column 'TimeStamp'"),
        (HEAD, "17/12/2023 13:25:00;1150\n", "could not convert string to float: ''"),
        (HEAD, "2023-12-17 13:25;1;2;3\n", "does not match format"),
        (HEAD, "17/12/2023 13:25:00;much;0;0\n", "could not convert string to float: 'much'"),
    ],
)
def test_a_file_of_another_form_is_refused_with_what_was_expected(
    tmp_path: Path, head: str, rows: str, complaint: str
) -> None:
    with pytest.raises(DriverError, match=complaint) as refused:
        load_trace(write(tmp_path, rows, head), "house_trace")
    assert refused.value.parameter == "house_trace"
    assert "expected a CSV file with the columns TimeStamp" in str(refused.value)


def test_a_missing_file_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DriverError, match=r"none.csv' cannot be played: No such file") as refused:
        load_trace(str(tmp_path / "none.csv"), "house_trace")
    assert refused.value.parameter == "house_trace"


@pytest.mark.skipif(not RECORDING.exists(), reason="the recorded houses are not on this machine")
def test_the_recorded_house_can_be_played() -> None:
    trace = load_trace(str(RECORDING), "house_trace")
    assert 6900 <= trace.length_s <= 7300
    assert trace.current_a[0] == pytest.approx(1055.75 / 230.0, abs=0.001)
    assert min(trace.current_a) >= 0.0
    assert list(trace.starts_s) == sorted(trace.starts_s)
