"""`wallbox board`: what it leaves out and records, and what it keeps."""

from pathlib import Path

import pytest

import cli.board
from bus.disk import Refusal, refuse
from msgs.board_check import BOARD_CHECK_FILE
from nodes.board import reference
from nodes.board.check import contactor_steps, front_steps, pilot_steps, protection_steps
from nodes.board.check.contactor_steps import QUESTION
from tests.board.check_rig import CARD, IO, Checked, Rig

INSTALLATION = Path(__file__).parents[2] / "docs" / "install.md"


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(tmp_path, monkeypatch)


def step_of(done: Checked, name: str) -> dict[str, str]:
    return next(step for step in done.steps if step["step"] == name)


# --- without a person ----------------------------------------------------------------------------


def test_unattended_it_asks_nothing_and_never_drives_the_coil(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.board, "is_terminal", lambda: False)
    done = rig.check("--unattended")
    assert done.exit_code == 0
    assert rig.hands.asked == []
    assert not rig.is_driven_before_the_yes()
    assert step_of(done, contactor_steps.NO_VEHICLE)["measured"] == "needs a person"
    assert step_of(done, contactor_steps.CLOSES)["outcome"] == "skipped"
    assert step_of(done, protection_steps.MONITOR)["outcome"] == "ok"


def test_unattended_a_fault_is_found_too(rig: Rig) -> None:
    rig.board.minus_v = 0.0
    assert rig.check("--unattended").exit_code == 1


def mains_off(rig: Rig) -> None:
    """Switch a breaker off that switches the neutral as well, as an RCD does."""
    rig.board.volts = [0.0, 0.0, 0.0]
    rig.board.earth_ohm = 1e9


def test_unattended_with_the_breaker_off_what_needs_mains_is_left_out_and_nothing_fails(
    rig: Rig,
) -> None:
    mains_off(rig)
    done = rig.check("--unattended")
    assert done.failed() is None
    assert done.exit_code == 0
    for name in (protection_steps.MAINS, protection_steps.EARTH):
        assert step_of(done, name)["measured"] == protection_steps.NO_VOLTAGE
    needs_no_mains = {step["step"] for step in done.steps if step["outcome"] == "ok"}
    assert needs_no_mains >= {"converter", "meter chip", "pilot in F", "residual-current monitor"}


def test_an_earth_loop_that_is_open_with_the_breaker_on_has_failed(rig: Rig) -> None:
    rig.board.earth_ohm = 1e9
    failed = rig.check("--unattended").failed()
    assert failed is not None
    assert failed["step"] == protection_steps.EARTH


# --- with a person -------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["no", "y", "skip", "", "Yes please"])
def test_only_the_whole_word_yes_switches_the_contactor_on(rig: Rig, answer: str) -> None:
    rig.hands.answers[QUESTION] = answer
    done = rig.check()
    rig.hands.yes_s = None
    assert not rig.is_driven_before_the_yes()
    assert step_of(done, contactor_steps.CLOSES)["outcome"] == "skipped"
    assert done.exit_code == 0


def test_guided_with_the_breaker_off_the_contactor_stays_off(rig: Rig) -> None:
    mains_off(rig)
    rig.hands.answers[protection_steps.BREAKER] = "no"
    done = rig.check()
    assert done.exit_code == 0
    assert step_of(done, contactor_steps.NO_VEHICLE)["measured"] == "mains voltages was left out"
    assert rig.board.driven_s == []


def test_a_vehicle_that_is_plugged_in_keeps_the_contactor_off_in_spite_of_the_yes(
    rig: Rig,
) -> None:
    rig.hands.answers["Take the test plug out"] = "yes"  # and it is still in
    done = rig.check()
    assert step_of(done, contactor_steps.NO_VEHICLE)["outcome"] == "failed"
    assert rig.board.energised_s == []


@pytest.mark.parametrize(
    ("question", "step"),
    [
        ("test plug", pilot_steps.PLUGS),
        ("voltmeter", protection_steps.VOLTMETER),
        ("LED", front_steps.LIGHTS),
        ("rising notes", front_steps.BUZZER),
        ("DSW1", front_steps.DIP),
    ],
)
def test_what_a_person_leaves_out_is_recorded_as_skipped(
    rig: Rig, question: str, step: str
) -> None:
    rig.hands.answers[question] = "skip"
    done = rig.check()
    assert step_of(done, step)["outcome"] == "skipped"
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("question", "step", "part"),
    [
        ("LED orange", front_steps.LIGHTS, "LED chain"),
        ("rising notes", front_steps.BUZZER, "buzzer"),
        ("DSW1", front_steps.DIP, "DIP switches"),
    ],
)
def test_what_a_person_denies_has_failed_and_names_the_part(
    rig: Rig, question: str, step: str, part: str
) -> None:
    rig.hands.answers[question] = "no"
    done = rig.check()
    failed = done.failed()
    assert failed is not None
    assert failed["step"] == step
    assert part in failed["look_at"]
    assert (
        step_of(done, contactor_steps.STAYS_OPEN)["outcome"] == "ok"
    )  # it is checked all the same


def test_a_voltmeter_that_differs_gives_the_gain_to_calibrate_with(rig: Rig) -> None:
    rig.hands.answers["L2 and N"] = "243,0"
    failed = rig.check().failed()
    assert failed is not None
    assert failed["step"] == protection_steps.VOLTMETER
    assert f"voltage_gains of L2 = {round(0x8000 * 243.0 / 231.0)}" in failed["look_at"]


def test_the_uid_of_the_card_and_the_meaning_of_the_switches_are_shown(rig: Rig) -> None:
    rig.board.dip = (0b10000010, 0b00000001)
    done = rig.check()
    assert step_of(done, front_steps.CARD)["measured"] == f"UID {CARD}"
    text = step_of(done, front_steps.DIP)["measured"]
    assert "limit 16 A, external input used and open, commissioning on" in text


def test_a_flag_that_was_cleared_before_is_no_fault(rig: Rig) -> None:
    rig.board.flag = False
    rig.hands.answers["power-on flag"] = "no"
    done = rig.check()
    flag = step_of(done, contactor_steps.FLAG)
    assert flag["outcome"] == "skipped"
    assert "systemctl disable wallbox" in flag["measured"]
    assert done.exit_code == 0


def test_on_an_it_grid_the_earth_loop_is_not_measured(rig: Rig) -> None:
    rig.write_plan(earth_loop=False)
    rig.board.earth_ohm = 1e9
    done = rig.check()
    assert "not measurable" in step_of(done, "earth loop")["measured"]
    assert done.exit_code == 0


def test_an_installation_with_one_phase_is_sound(rig: Rig) -> None:
    rig.board.volts = [230.0, 0.0, 0.0]
    done = rig.check()
    assert done.exit_code == 0
    assert step_of(done, protection_steps.MAINS)["measured"].endswith("L3 not wired")


def test_a_calibration_of_the_plan_is_used(rig: Rig) -> None:
    rig.board.cp_ohm = (206_000.0, 47_000.0, 75_000.0)  # the line shows 1.8 % less
    before = step_of(rig.check("--unattended"), pilot_steps.STATE_F)["measured"]
    text = rig.plan.read_text()
    analog = f'analog_board", parameters = {{ io = "{IO}"'
    rig.plan.write_text(text.replace(analog, f"{analog}, pilot_gain = 1.03"))
    after = step_of(rig.check("--unattended"), pilot_steps.STATE_F)["measured"]
    assert float(after.split()[0]) == pytest.approx(1.03 * float(before.split()[0]), abs=0.01)


# --- the result ----------------------------------------------------------------------------------


def test_the_result_is_kept_with_its_date_and_version(rig: Rig) -> None:
    assert rig.words("last").output == "board check: never done\n"
    rig.board.minus_v = 0.0
    rig.check()
    kept = cli.board.read_last(rig.state_dir)
    assert kept is not None
    assert [step.step for step in kept.steps if step.outcome == "failed"] == ["supply -12 V"]
    text = rig.words("last").output
    assert text.startswith("board check: 2027-01-15 08:00 UTC by version ")
    assert "1 failed" in text


@pytest.mark.parametrize("content", [b"", b"{", b'{"utc_ns": 1}', b"\xff\x00"])
def test_a_result_that_cannot_be_read_counts_as_never_done(rig: Rig, content: bytes) -> None:
    rig.state_dir.mkdir()
    (rig.state_dir / BOARD_CHECK_FILE).write_bytes(content)
    assert rig.words("last").output == "board check: never done\n"


def test_a_disk_that_refuses_loses_the_record_and_not_the_result(rig: Rig) -> None:
    refuse(rig.state_dir, Refusal.ALL)
    done = rig.check()
    refuse(rig.state_dir, None)
    assert done.exit_code == 0
    assert "the result is not kept" in done.text


def test_both_passes_of_the_installation_end_as_its_page_says(rig: Rig) -> None:
    page = INSTALLATION.read_text()
    mains_off(rig)
    for words in (["--unattended"], []):
        done = rig.words("check", str(rig.plan), f"--run-dir={rig.run_dir}", *words)
        assert done.exit_code == 0
        assert f"`{done.output.splitlines()[-1]}`" in page
        rig.renew()  # with mains


@pytest.mark.parametrize(
    "text",
    [
        protection_steps.BREAKER,
        f"skipped {protection_steps.EARTH}: {protection_steps.NOT_MEASURABLE}",
        f"skipped {contactor_steps.FLAG}: {contactor_steps.FLAG_CLEARED.partition(';')[0]}",
    ],
)
def test_the_page_of_the_installation_has_the_texts_of_the_check(text: str) -> None:
    assert f"`{text}`" in INSTALLATION.read_text()


def test_one_line_for_each_step_and_a_summary(rig: Rig) -> None:
    rig.board.dead[reference.METER_SPI] = 0xFF
    done = rig.words("check", str(rig.plan), f"--run-dir={rig.run_dir}")
    lines = done.output.splitlines()
    (failed,) = [line for line in lines if line.startswith("FAILED")]
    assert failed.startswith("FAILED  meter chip: ")
    assert "; expected " in failed
    assert "; look at the meter chip ATM90E32AS on SPI 0.1" in failed
    assert "skipped mains voltages: meter chip has failed" in lines
    assert lines[-1] == "25 ok, 1 failed, 12 skipped"
