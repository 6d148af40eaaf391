"""The hardware PWM: the order of its writes, duty and period, and a channel that goes on."""

import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus import DriverError
from msgs.pilot import duty_of_offer, offer_of_duty
from nodes.board.models.sysfs import ModelPwmFiles
from nodes.board.pwm import PwmChannel, PwmReader, PwmSetting, find

DEVICE = "fe20c000.pwm"
CP_PERIOD_NS = 1_000_000


class LoggedFiles(ModelPwmFiles):
    """The model, with a list of what was written: "period 1000000", in order."""

    def __init__(self, device: str = DEVICE, channels: int = 2) -> None:
        self.writes: list[str] = []
        self.outputs: list[PwmSetting] = []
        self.stuck: PwmSetting | None = None
        super().__init__(
            {0: ("other.pwm", 1), 3: (device, channels)},
            on_change=lambda chip, channel, output: self.outputs.append(output),
            stuck=lambda chip, channel: self.stuck,
        )

    def write(self, path: str, text: str) -> None:
        self.writes.append(f"{path.rsplit('/', 1)[-1]} {text}")
        super().write(path, text)


def setting(period_ns: int, duty_ns: int, *, is_enabled: bool = True) -> PwmSetting:
    return PwmSetting(period_ns=period_ns, duty_ns=duty_ns, is_enabled=is_enabled)


def test_a_new_channel_is_off_until_its_first_setting_is_complete() -> None:
    files = LoggedFiles()
    channel = PwmChannel(files, DEVICE, 0)
    assert channel.read() == setting(0, 0, is_enabled=False)
    assert channel.set(CP_PERIOD_NS, 266_667)
    assert files.writes == [
        "export 0",
        "duty_cycle 266667",  # refused: there is no period yet
        "period 1000000",
        "duty_cycle 266667",
        "enable 1",
    ]
    assert channel.read() == files.outputs[-1] == setting(CP_PERIOD_NS, 266_667)
    assert [output.is_enabled for output in files.outputs] == [False, False, True]


@pytest.mark.parametrize(
    ("before", "after", "writes"),
    [
        ((1000, 500), (600, 300), ["duty_cycle 300", "period 600"]),
        ((600, 300), (1000, 500), ["duty_cycle 500", "period 1000"]),
        ((600, 300), (1000, 700), ["duty_cycle 700", "period 1000", "duty_cycle 700"]),
        ((1000, 500), (1000, 400), ["duty_cycle 400", "period 1000"]),
        ((1000, 500), (1000, 1000), ["duty_cycle 1000", "period 1000"]),
        ((1000, 1000), (400, 0), ["duty_cycle 0", "period 400"]),
        ((1000, 300), (600, 500), ["duty_cycle 500", "period 600"]),
        ((1000, 900), (2000, 100), ["duty_cycle 100", "period 2000"]),
    ],
)
def test_the_duty_is_written_before_the_period_unless_it_is_longer(
    before: tuple[int, int], after: tuple[int, int], writes: list[str]
) -> None:
    files = LoggedFiles()
    channel = PwmChannel(files, DEVICE, 0)
    channel.set(*before)
    files.writes.clear()
    assert channel.set(*after)
    assert files.writes == [*writes, "enable 1"]
    assert channel.read() == setting(*after)


periods = st.integers(100, 10_000_000)
settings_of = periods.flatmap(lambda period: st.tuples(st.just(period), st.integers(0, period)))


@settings(max_examples=40)
@given(st.lists(settings_of, min_size=1, max_size=5))
def test_any_setting_can_follow_any_other_and_the_output_never_stops(
    follow: list[tuple[int, int]],
) -> None:
    files = LoggedFiles()
    channel = PwmChannel(files, DEVICE, 1)
    for each in follow:
        assert channel.set(*each)
        assert channel.read() == files.outputs[-1] == setting(*each)
    started = next(index for index, output in enumerate(files.outputs) if output.is_enabled)
    assert all(output.is_enabled for output in files.outputs[started:])


@pytest.mark.parametrize("offer_a", range(6, 33))
def test_each_ampere_has_its_duty_at_1_khz(offer_a: int) -> None:
    files = LoggedFiles()
    duty_percent = duty_of_offer(offer_a)
    PwmChannel(files, DEVICE, 0).set(CP_PERIOD_NS, round(CP_PERIOD_NS * duty_percent / 100.0))
    output = files.outputs[-1]
    assert output.period_ns == CP_PERIOD_NS
    assert output.duty_percent == pytest.approx(duty_percent, abs=0.05)
    assert offer_of_duty(output.duty_percent) == pytest.approx(offer_a, abs=0.03)


@pytest.mark.parametrize(("duty_ns", "percent"), [(CP_PERIOD_NS, 100.0), (0, 0.0)])
def test_x1_and_f_are_a_full_and_an_empty_duty_of_a_running_channel(
    duty_ns: int, percent: float
) -> None:
    files = LoggedFiles()
    PwmChannel(files, DEVICE, 0).set(CP_PERIOD_NS, duty_ns)
    assert (files.outputs[-1].duty_percent, files.outputs[-1].is_enabled) == (percent, True)


def test_the_next_process_finds_the_channel_running_and_writes_nothing_before_it_sets_it() -> None:
    files = LoggedFiles()
    PwmChannel(files, DEVICE, 0).set(CP_PERIOD_NS, 533_333)
    outputs = list(files.outputs)
    files.writes.clear()
    channel = PwmChannel(files, DEVICE, 0)
    assert channel.read() == setting(CP_PERIOD_NS, 533_333)
    assert (files.writes, files.outputs) == (["export 0"], outputs)  # refused: EBUSY
    assert channel.set(CP_PERIOD_NS, 100_000)
    assert files.outputs[len(outputs) :] == [setting(CP_PERIOD_NS, 100_000)]


def test_a_channel_that_was_unexported_runs_again_with_the_setting_it_had() -> None:
    files = LoggedFiles()
    PwmChannel(files, DEVICE, 0).set(CP_PERIOD_NS, 533_333)
    files.write("pwmchip3/unexport", "0")
    assert not files.outputs[-1].is_enabled
    assert PwmChannel(files, DEVICE, 0).set(CP_PERIOD_NS, 533_333)
    assert files.outputs[-1] == setting(CP_PERIOD_NS, 533_333)


def test_the_other_polarity_is_no_reading_and_is_changed_by_the_next_setting() -> None:
    files = LoggedFiles()
    channel = PwmChannel(files, DEVICE, 0)
    channel.set(CP_PERIOD_NS, 100_000)
    files.write("pwmchip3/pwm0/polarity", "inversed")
    assert files.outputs[-1].duty_ns == 900_000
    assert channel.read() is None
    assert PwmReader(files, DEVICE, 0).read() is None
    channel = PwmChannel(files, DEVICE, 0)
    assert channel.set(CP_PERIOD_NS, 100_000)
    assert channel.read() == files.outputs[-1] == setting(CP_PERIOD_NS, 100_000)


def test_a_setting_that_the_kernel_refuses_is_reported_and_the_next_one_is_accepted() -> None:
    files = LoggedFiles()
    channel = PwmChannel(files, DEVICE, 0)
    channel.set(CP_PERIOD_NS, 500_000)
    assert not channel.set(10**12, 100_000)  # the chip counts to 42.9 s
    assert channel.read() == setting(CP_PERIOD_NS, 100_000)
    assert channel.set(CP_PERIOD_NS, 300_000)
    files.write("pwmchip3/unexport", "0")
    assert not channel.set(CP_PERIOD_NS, 200_000)
    assert channel.read() is None


def test_a_generator_that_is_stuck_reads_back_what_it_does() -> None:
    files = LoggedFiles()
    channel, reader = PwmChannel(files, DEVICE, 0), PwmReader(files, DEVICE, 0)
    channel.set(CP_PERIOD_NS, 500_000)
    files.stuck = setting(CP_PERIOD_NS, 533_333)
    assert channel.set(CP_PERIOD_NS, 100_000)
    assert channel.read() == reader.read() == files.stuck
    assert channel.set(CP_PERIOD_NS, 900_000)
    files.stuck = setting(CP_PERIOD_NS, 10_000)
    assert channel.set(50_000, 25_000)
    files.stuck = None
    assert reader.read() == setting(50_000, 25_000)


def test_a_channel_that_cannot_be_read_can_be_set() -> None:
    class Unreadable(LoggedFiles):
        def read(self, path: str) -> str:
            raise OSError(errno.EIO, "Input/output error")

    files = Unreadable()
    files.write("pwmchip3/export", "0")
    channel = PwmChannel(files, DEVICE, 0)
    assert channel.set(CP_PERIOD_NS, 266_667)
    assert channel.set(CP_PERIOD_NS, 533_333)
    assert files.outputs[-1] == setting(CP_PERIOD_NS, 533_333)
    assert channel.read() is None


@pytest.mark.parametrize(("period_ns", "duty_ns"), [(0, 0), (1000, 1001), (1000, -1)])
def test_a_duty_out_of_its_period_is_refused_before_anything_is_written(
    period_ns: int, duty_ns: int
) -> None:
    files = LoggedFiles()
    channel = PwmChannel(files, DEVICE, 0)
    with pytest.raises(ValueError, match="expected 0 to the period"):
        channel.set(period_ns, duty_ns)
    assert files.writes == ["export 0"]


def test_a_reader_may_be_first_and_writes_nothing() -> None:
    files = LoggedFiles()
    reader = PwmReader(files, DEVICE, 0)
    assert reader.read() is None
    assert PwmReader(files, "no.pwm", 0).read() is None
    assert files.writes == []
    channel = PwmChannel(files, DEVICE, 0)
    for duty_ns in (266_667, 533_333):
        channel.set(CP_PERIOD_NS, duty_ns)
        files.writes.clear()
        assert reader.read() == setting(CP_PERIOD_NS, duty_ns)
        assert files.writes == []


def test_a_reader_finds_a_chip_that_has_another_number_now() -> None:
    class Numbered(ModelPwmFiles):
        number = 0

        def names(self, folder: str) -> list[str]:
            return [f"pwmchip{self.number}"]

        def read(self, path: str) -> str:
            if not path.startswith(f"pwmchip{self.number}/"):
                raise OSError(errno.ENOENT, "No such file or directory")
            return super().read(path)

    files = Numbered({0: (DEVICE, 1), 2: (DEVICE, 1)})
    for number in (0, 2):
        files.write(f"pwmchip{number}/export", "0")
    reader = PwmReader(files, DEVICE, 0)
    assert reader.read() is not None
    files.number = 2
    assert (reader.read(), reader.read()) == (None, setting(0, 0, is_enabled=False))


# --- what is not there ---------------------------------------------------------------------------


def test_a_chip_is_found_by_its_device_at_any_number() -> None:
    assert find(ModelPwmFiles({7: (DEVICE, 2), 8: ("other.pwm", 1)}), DEVICE) == "pwmchip7"


def test_a_device_that_is_missing_is_named_with_those_that_exist() -> None:
    with pytest.raises(DriverError) as caught:
        PwmChannel(LoggedFiles(), "1f00098000.pwm", 0)
    assert caught.value.parameter == "pwm_device"
    text = 'there is no PWM "1f00098000.pwm"; expected one of: other.pwm, fe20c000.pwm'
    assert str(caught.value) == text


@pytest.mark.parametrize("has_folder", [True, False])
def test_without_any_pwm_the_overlay_is_named(has_folder: bool) -> None:
    class NoPwm(ModelPwmFiles):
        def names(self, folder: str) -> list[str]:
            if has_folder:
                return []
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    with pytest.raises(DriverError, match=r"expected dtoverlay=pwm-2chan in config\.txt"):
        PwmChannel(NoPwm({}), DEVICE, 0)
    assert PwmReader(NoPwm({}), DEVICE, 0).read() is None


def test_a_channel_that_is_missing_is_named() -> None:
    with pytest.raises(DriverError, match=r"channel 2 .*: No such device"):
        PwmChannel(LoggedFiles(), DEVICE, 2)


def test_a_channel_that_the_kernel_uses_itself_is_refused() -> None:
    class Used(ModelPwmFiles):
        def write(self, path: str, text: str) -> None:
            raise OSError(errno.EBUSY, "Device or resource busy")

    with pytest.raises(DriverError, match="busy; expected a free channel") as caught:
        PwmChannel(Used({0: (DEVICE, 2)}), DEVICE, 0)
    assert caught.value.parameter == "pwm_channel"
