"""Sets pins up and releases them again and again, in a process of its own, on the real RPi.GPIO.

Waits for a line, then prints how often a pin of its own had another function than it was given.
"""

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from RPi import GPIO

from nodes.board.pins import Pins, Pull

MEMORY = Path("/dev/gpiomem")


def function_of(pin: int) -> int:
    content = MEMORY.read_bytes()
    register = int.from_bytes(content[4 * (pin // 10) :][:4], "little")
    return register >> (3 * (pin % 10)) & 0b111


def main(run_dir: str, times: str, *pins: str) -> None:
    bus = cast(Any, SimpleNamespace(run_dir=Path(run_dir)))
    io = cast(Any, SimpleNamespace(gpio=GPIO, wait=time.sleep, setup_lock=lambda: None))
    own = [int(pin) for pin in pins]
    print("ready", flush=True)
    sys.stdin.readline()
    wrong = 0
    for _ in range(int(times)):
        mine = Pins(bus, io)
        for pin in own:
            mine.output(pin, True)
        wrong += sum(function_of(pin) != 1 for pin in own)
        mine.release()
        wrong += sum(function_of(pin) != 0 for pin in own)
    mine = Pins(bus, io)
    for pin in own[:-1]:
        mine.output(pin, True)
    mine.input(own[-1], Pull.UP)
    print(wrong, flush=True)


main(*sys.argv[1:])
