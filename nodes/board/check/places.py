"""Where everything is on the board under check: taken from the drivers' parameters of its plan.

This file alone knows how the drivers name their parameters.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from nodes.board.io import RASPBERRY
from nodes.board.meter_setup import MeterSetup

Place = tuple[int, int]  # SPI bus and device
MODELS = "nodes.board.io_model"  # of a simulated board; they need a graph


class CheckError(Exception):
    """Raised when a plan cannot be checked; says what was expected."""


class Calibration(Struct, frozen=True, kw_only=True):
    """What the drivers make of a measured value: it times the gain, then the offset is added."""

    pilot_gain: float = 1.0
    pilot_offset_v: float = 0.0
    earth_gain: float = 1.0
    earth_offset_ohm: float = 0.0
    terminal_offset_k: float = 0.0
    board_offset_k: float = 0.0


class ReaderPlaces(Struct, frozen=True, kw_only=True):
    """The card reader."""

    spi: Place
    clock_hz: int
    reset_pin: int
    busy_pin: int


class FrontPlaces(Struct, frozen=True, kw_only=True):
    """The LED chain, the buzzer and the service key."""

    spi: Place
    brightness: int
    key_pin: int
    pwm_device: str
    pwm_channel: int


class Places(Struct, frozen=True, kw_only=True):
    """The whole board. Pins are BCM numbers. None: the plan has no driver of the board for it."""

    io: str
    enable_pin: int
    watchdog_pin: int
    test_pin: int
    clear_pin: int
    mirror_pin: int
    load_pin: int
    ac_pin: int
    dc_pin: int
    power_on_pin: int
    connect_pin: int
    converter_spi: Place
    switches_spi: Place
    pwm_device: str
    pwm_channel: int
    meter: MeterSetup | None
    reader: ReaderPlaces | None
    front: FrontPlaces | None
    calibration: Calibration
    earth_loop: bool  # False: a grid whose earth loop cannot be measured (IT)


def places_of(drivers: Mapping[str, Any], *, earth_loop: bool) -> Places:
    """Return the places of a board.

    :param drivers: the checked parameters of each driver of the board, by node and device:
        "safety.coil".
    :raises CheckError: a driver is missing, or two of them have different I/O, or the models of a
        simulated board.
    """
    needed = ("safety.coil", "safety.analog", "safety.shift_register", "pilot.cp_line")
    missing = [name for name in needed if name not in drivers]
    if missing:
        text = f"no driver of the board for {', '.join(missing)}"
        raise CheckError(f"{text}; expected a plan such as launch/raspberry_pi.toml")
    modules = {parameters.io for parameters in drivers.values()}
    if len(modules) != 1:
        raise CheckError(f"the drivers have different I/O: {', '.join(sorted(modules))}")
    if MODELS in modules:
        text = f"its drivers have models of a simulated board (io = {MODELS})"
        raise CheckError(f"{text}; expected those of a real one: io = {RASPBERRY}")
    coil, pilot = drivers["safety.coil"], drivers["pilot.cp_line"]
    return Places(
        io=coil.io,
        enable_pin=coil.enable_pin,
        watchdog_pin=coil.watchdog_pin,
        test_pin=coil.residual_test_pin,
        clear_pin=coil.power_on_clear_pin,
        mirror_pin=coil.mirror_pin,
        load_pin=coil.load_voltage_pin,
        ac_pin=coil.residual_ac_pin,
        dc_pin=coil.residual_dc_pin,
        power_on_pin=coil.power_on_pin,
        connect_pin=pilot.connect_pin,
        converter_spi=drivers["safety.analog"].spi,
        switches_spi=drivers["safety.shift_register"].spi,
        pwm_device=pilot.pwm_device,
        pwm_channel=pilot.pwm_channel,
        meter=drivers.get("meter.chip"),
        reader=_reader(drivers.get("rfid.reader")),
        front=_front(drivers.get("led.front")),
        calibration=_calibration(drivers["safety.analog"]),
        earth_loop=earth_loop,
    )


def _calibration(analog: Any) -> Calibration:
    """Return the calibration of safety's driver; pilot's has the same for the pilot."""
    return Calibration(**{name: getattr(analog, name) for name in Calibration.__struct_fields__})


def _reader(reader: Any) -> ReaderPlaces | None:
    if reader is None:
        return None
    return ReaderPlaces(
        spi=reader.spi,
        clock_hz=reader.clock_hz,
        reset_pin=reader.reset_pin,
        busy_pin=reader.busy_pin,
    )


def _front(front: Any) -> FrontPlaces | None:
    if front is None:
        return None
    return FrontPlaces(
        spi=front.leds_spi,
        brightness=front.brightness,
        key_pin=front.service_key_pin,
        pwm_device=front.pwm_device,
        pwm_channel=front.pwm_channel,
    )
