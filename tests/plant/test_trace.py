"""Recorded houses."""

import io
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus import DriverError
from nodes.plant.trace import MOST_A, TraceError, load_trace, parse_trace

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


ROWS = [f"17/12/2023 13:25:{second:02};1150.5;0;8400" for second in range(10)]


def refusal(path: str) -> str:
    with pytest.raises(DriverError) as refused:
        load_trace(path, "house_trace")
    assert refused.value.parameter == "house_trace"
    return str(refused.value)


@pytest.mark.parametrize(
    ("head", "rows", "complaint"),
    [
        (HEAD, "", r"line 2: it has no rows; expected one for each second"),
        ("", "", r"line 1: it has no column TimeStamp; expected .* separated by semicolons"),
        ("a;b;c\n", "1;2;3\n", r"line 1: it has no column TimeStamp; expected .* EVSE_Curr"),
        (HEAD.replace(";", ","), "1;2;3\n", r"line 1: it has no column TimeStamp; expected"),
        (HEAD.replace("shaper", "Live_Power;"), "", r"line 1: it has 2 column Live_Power; exp"),
        (HEAD, "17/12/2023 13:25:00;1150\n", r"line 2: 2 cells; expected 4"),
        (HEAD, "17/12/2023 13:25:00;;0;0\n", r"line 2: Live_Power is ''; expected a number"),
        (HEAD, "2023-12-17 13:25;1;2;3\n", r"line 2: TimeStamp is '2023-12-17 13:25'; expected"),
        (HEAD, "17/12/2023 13:25:00;much;0;0\n", r"line 2: Live_Power is 'much'; expected a num"),
        (HEAD, "17/12/2023 13:25:00;nan;0;0\n", r"line 2: Live_Power is 'nan'; expected a num"),
        (HEAD, "17/12/2023 13:25:00;1;inf;0\n", r"line 2: EVSE_Current_power is 'inf'; exp"),
        (HEAD, "17/12/2023 13:25:00;1e9;0;0\n", r"line 2: other loads of .* A .*at most 200 A"),
        (HEAD, '17/12/2023 13:25:00;"1;0;0\n', r"line 2: unexpected end of data; expected a CSV"),
        (HEAD, "17/12/2023 13:25:00;1;0;" + 10_000 * "0", r"line 2: expected less than 10000"),
        # one decimal mark in all lines
        (
            HEAD,
            "17/12/2023 13:25:00;1.5;0;0\n17/12/2023 13:25:01;1,5;0;0\n",
            r"line 3: Live_Power is '1,5'; expected decimal points or decimal commas",
        ),
        (HEAD, "17/12/2023 13:25:00;1.055,75;0;0\n", r"line 2: Live_Power is '1.055,75'; exp"),
        # times: descending, the doubled hour of the end of summer time, a wrong year
        (
            HEAD,
            f"{ROWS[5]}\n{ROWS[6]}\n\n{ROWS[4]}\n",
            r"line 5: its time is 2 s before that of the row above; expected rising times",
        ),
        (
            HEAD,
            "29/10/2023 02:59:59;1;0;0\n29/10/2023 02:00:00;1;0;0\n",
            r"line 3: its time is 3599 s before .*no hour twice, as at the end of summer time",
        ),
        (
            HEAD,
            "17/12/2023 13:25:00;1;0;0\n17/12/2024 13:25:01;1;0;0\n",
            r"line 3: its time is 3\.16224e\+07 s after .*; expected at most 86400 s",
        ),
    ],
)
def test_a_file_of_another_form_is_refused_with_its_line_and_what_was_expected(
    tmp_path: Path, head: str, rows: str, complaint: str
) -> None:
    path = write(tmp_path, rows, head)
    assert re.search(rf"{re.escape(path)}' cannot be played: {complaint}", refusal(path))


@pytest.mark.parametrize(
    ("encoding", "line"), [("utf-16", 1), ("utf-16-le", 1), ("utf-32", 1), ("latin-1", 3)]
)
def test_another_encoding_is_refused_with_its_line(
    tmp_path: Path, encoding: str, line: int
) -> None:
    path = tmp_path / "house.csv"
    text = f"{HEAD}{ROWS[0]}\n{ROWS[1]}\u00e4\n".removeprefix("\ufeff")
    path.write_bytes(text.encode(encoding))
    assert f"cannot be played: line {line}: " in refusal(str(path))


def test_decimal_commas_quotes_and_line_ends_of_another_system_are_understood(
    tmp_path: Path,
) -> None:
    rows = '17/12/2023 13:25:00;1150,00;0;8400\r\n"17/12/2023 13:25:01";2300; 0 ;8400\r\n'
    trace = load_trace(write(tmp_path, rows), "house_trace")
    assert list(trace.current_a) == [5.0, 10.0]


def test_loads_stay_over_a_gap_and_the_first_row_of_a_second_counts(tmp_path: Path) -> None:
    rows = (
        "17/12/2023 13:25:00;1150;0;0\n"
        "17/12/2023 13:25:00;2300;0;0\n"
        "17/12/2023 14:25:00;2300;0;0\n"
        "17/12/2023 14:25:00;0;0;0\n"
    )
    trace = load_trace(write(tmp_path, rows), "house_trace")
    assert list(trace.starts_s) == [0.0, 3600.0]
    assert list(trace.current_a) == [5.0, 10.0]
    assert trace.length_s == 3601.0


NONSENSE = [
    "",
    " ",
    "nan",
    "-inf",
    "1e400",
    "-5",
    "1_0",
    "٣",
    "1;2",
    '"',
    "\0",
    "\ufeff",
    "\n",
    "x" * 99,
]
damages = st.one_of(
    st.tuples(st.just("swap"), st.integers(0, 10), st.integers(0, 10)),
    st.tuples(st.just("delete"), st.integers(0, 10), st.just(0)),
    st.tuples(st.just("repeat"), st.integers(0, 10), st.integers(0, 10)),
    st.tuples(st.sampled_from(NONSENSE), st.integers(0, 10), st.integers(0, 3)),
)


@settings(max_examples=150)
@given(
    several=st.lists(damages, max_size=4),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-32-be"]),
    cut=st.sampled_from([0, 0, 1, 7, 40, 300]),
)
def test_a_damaged_recording_plays_finite_loads_or_is_refused_with_its_line(
    several: list[tuple[str, int, int]], ends: str, encoding: str, cut: int
) -> None:
    lines = [HEAD.strip("\ufeff\n"), *ROWS]
    for damage, one, two in several:
        at = min(one, len(lines) - 1)
        if damage == "swap":
            other = min(two, len(lines) - 1)
            lines[at], lines[other] = lines[other], lines[at]
        elif damage == "delete" and len(lines) > 1:
            del lines[at]
        elif damage == "repeat":
            lines.insert(min(two, len(lines)), lines[at])
        else:
            cells = lines[at].split(";")
            cells[min(two, len(cells) - 1)] = damage
            lines[at] = ";".join(cells)
    content = ends.join(lines).encode(encoding, "replace")
    content = content[: len(content) - cut]
    try:
        trace = parse_trace(io.BytesIO(content))
    except TraceError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        line = re.match(r"line (\d+): .*expected", refused)
        assert line is not None
        assert 1 <= int(line[1]) <= content.count(b"\n") + 2
        return
    assert len(trace.starts_s) == len(trace.current_a) > 0
    assert trace.starts_s[0] == 0.0
    moments_s = [*trace.starts_s, trace.length_s]
    assert all(earlier < later for earlier, later in itertools.pairwise(moments_s))
    assert all(0.0 <= current_a <= MOST_A for current_a in trace.current_a)


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
