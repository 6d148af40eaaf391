"""The front of the board: a chain of LEDs, a buzzer at a PWM, and two keys.

The LEDs keep what they were sent, so a frame is sent only when it differs from the previous one.
They cannot be read back. What fails is logged once, until it works again.
"""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct

from bus import Bus
from bus.interface import Timer
from msgs.led import DARK, LedFrame, Tone
from nodes.board import hc165, reference, sk9822
from nodes.board.hc165 import Hc165
from nodes.board.io import RASPBERRY, open_io
from nodes.board.opening import SpiPlace, open_link
from nodes.board.pins import Pins, Pull
from nodes.board.pwm import PwmChannel
from nodes.board.spi_link import ChipError, SpiLink
from nodes.led.front import Front
from nodes.led.keys import Keys
from nodes.led.lights import leds_of, next_change_ns
from nodes.led.melodies import MELODIES, BuzzerNote

POLL_S = 0.05  # assumed: of the keys; a press is noticed within this time
SILENT_NS = 1_000_000  # period while there is no tone; any would do
LOGGED_S = 0.5  # assumed: what fails for a moment, as in a disturbance, is not worth a line
RETRY_NS = 250_000_000  # assumed: a frame that could not be sent is sent again

_ALL_DARK = LedFrame(
    segments=(DARK, DARK, DARK, DARK), network=DARK, rfid=DARK, frame=DARK, mode=DARK, touch=DARK
)


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The I/O, its places, and the brightness of the LEDs."""

    io: str = RASPBERRY
    leds_spi: SpiPlace = reference.LEDS_SPI
    switches_spi: SpiPlace = reference.SWITCHES_SPI
    service_key_pin: Annotated[int, Meta(ge=0, le=27)] = reference.SERVICE_KEY_PIN
    pwm_device: str = reference.PWM_DEVICE
    pwm_channel: Annotated[int, Meta(ge=0, le=3)] = reference.BUZZER_CHANNEL
    brightness: Annotated[int, Meta(ge=1, le=sk9822.MOST_BRIGHTNESS)] = 8  # assumed


class FailureLog:
    """Logs one line when something begins to fail, and one when it works again."""

    def __init__(self, bus: Bus, what: str) -> None:
        self._bus = bus
        self._what = what
        self._failed_s: float | None = None
        self._is_logged = False

    def note(self, reason: str | None) -> None:
        """Take why it has failed; None: it has worked."""
        now_s = self._bus.clock.now_s()
        if reason is None:
            if self._is_logged:
                self._bus.log("info", f"{self._what}: works again")
            self._failed_s, self._is_logged = None, False
            return
        if self._failed_s is None:
            self._failed_s = now_s
        if not self._is_logged and now_s >= self._failed_s + LOGGED_S:
            self._bus.log("warning", f"{self._what}: {reason}")
            self._is_logged = True


class LedChain:
    """The lights: the frame that is shown, and its effects."""

    def __init__(self, bus: Bus, link: SpiLink, brightness: int) -> None:
        self._bus = bus
        self._link = link
        self._brightness = brightness
        self._failures = FailureLog(bus, "LEDs")
        self._sent: bytes | None = None  # None: what the LEDs show is not known
        self._timer: Timer | None = None

    def show(self, frame: LedFrame) -> None:
        """Show a frame until the next one."""
        self.stop()
        now_ns = self._bus.clock.now_ns()
        leds = [sk9822.rgb_of(*glow) for glow in leds_of(frame, now_ns)]
        due_ns = next_change_ns(frame, now_ns)
        if not self._send(sk9822.frame_of(leds, self._brightness)):
            again_ns = now_ns + RETRY_NS
            due_ns = again_ns if due_ns is None else min(due_ns, again_ns)
        if due_ns is not None:
            self._timer = self._bus.at(due_ns / 1e9, lambda: self.show(frame))

    def stop(self) -> None:
        """Leave the lights as they are."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, data: bytes) -> bool:
        if data == self._sent:
            return True
        try:
            self._link.transfer(data)
        except ChipError as error:
            self._sent = None
            self._failures.note(str(error))
            return False
        self._sent = data
        self._failures.note(None)
        return True


class Buzzer:
    """Plays the notes of one tone."""

    def __init__(self, bus: Bus, channel: PwmChannel) -> None:
        """Take the buzzer over, silent: the process before may have been killed in a tone."""
        self._bus = bus
        self._channel = channel
        self._failures = FailureLog(bus, "buzzer")
        self._timer: Timer | None = None
        self.stop()

    def play(self, tone: Tone) -> None:
        """Play a tone in place of the one that is played."""
        self._cancel()
        self._play(MELODIES[tone])

    def stop(self) -> None:
        """Silence the buzzer."""
        self._cancel()
        self._set(SILENT_NS, 0)

    def _play(self, notes: tuple[BuzzerNote, ...]) -> None:
        if not notes:
            self.stop()
            return
        note, *others = notes
        self._set(note.period_ns, note.period_ns // 2)
        end_s = self._bus.clock.now_s() + note.duration_s
        self._timer = self._bus.at(end_s, lambda: self._play(tuple(others)))

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, period_ns: int, duty_ns: int) -> None:
        is_set = self._channel.set(period_ns, duty_ns)
        self._failures.note(None if is_set else "the PWM does not accept a setting")


class FrontKeys:
    """The service key at a pin and the touch key behind the shift registers."""

    def __init__(self, bus: Bus, pins: Pins, pin: int, registers: Hc165) -> None:
        self._pins = pins
        self._pin = pin
        self._registers = registers
        self._failures = FailureLog(bus, "keys")

    def read(self) -> Keys | None:
        """Return which keys are pressed; None: they cannot be read."""
        try:
            keys = Keys(service=not self._pins.read(self._pin), touch=self._touch())
        except ChipError as error:
            self._failures.note(str(error))
            return None
        self._failures.note(None)
        return keys

    def _touch(self) -> bool:
        return self._registers.read().touch


class BoardFront(Front):
    """See `nodes.led.front.Front`."""

    def __init__(self, bus: Bus, chain: LedChain, buzzer: Buzzer, keys: FrontKeys) -> None:
        self._chain = chain
        self._buzzer = buzzer
        self._keys = keys
        self._tone = Tone.NONE  # of the newest frame
        self._seen: Keys | None = None  # as last returned to the node
        self._on_edge: Callable[[], None] = lambda: None
        self._poll = bus.every(POLL_S, self._look)

    def show(self, frame: LedFrame) -> None:
        """See `nodes.led.front.Front.show`."""
        self._chain.show(frame)
        if frame.tone not in (self._tone, Tone.NONE):
            self._buzzer.play(frame.tone)
        self._tone = frame.tone

    def keys(self) -> Keys | None:
        """See `nodes.led.front.Front.keys`. They are read when they are asked for."""
        self._seen = self._keys.read()
        return self._seen

    def on_edge(self, action: Callable[[], None]) -> None:
        """See `nodes.led.front.Front.on_edge`."""
        self._on_edge = action

    def shutdown(self) -> None:
        """See `nodes.led.front.Front.shutdown`. The pin of the key stays an input."""
        self._chain.show(_ALL_DARK)
        self.handover()

    def handover(self) -> None:
        """See `nodes.led.front.Front.handover`. The LEDs keep their colours; no tone goes on."""
        self._poll.cancel()
        self._chain.stop()
        self._buzzer.stop()

    def _look(self) -> None:
        if self._keys.read() != self._seen:
            self._on_edge()


def open(bus: Bus, parameters: Parameters) -> Front:
    """Open the front. The LEDs keep what they show until the first frame.

    :raises DriverError: there is no such SPI device, PWM or pin.
    """
    io = open_io(parameters.io, bus)
    chain = open_link(
        io,
        parameters.leds_spi,
        mode=sk9822.MODE,
        clock_hz=sk9822.CLOCK_HZ,
        parameter="leds_spi",
    )
    registers = open_link(
        io,
        parameters.switches_spi,
        mode=hc165.MODE,
        clock_hz=hc165.CLOCK_HZ,
        parameter="switches_spi",
    )
    buzzer = PwmChannel(io.pwm, parameters.pwm_device, parameters.pwm_channel)
    pins = Pins(bus, io)
    pins.input(parameters.service_key_pin, Pull.UP)
    return BoardFront(
        bus,
        LedChain(bus, chain, parameters.brightness),
        Buzzer(bus, buzzer),
        FrontKeys(bus, pins, parameters.service_key_pin, Hc165(registers)),
    )
