"""Carries out calls of RPi.GPIO, a line of JSON each, in a process of its own; one line answers.

A call is [name, positional arguments, named arguments]; ["levels", [mask], {}] writes GPLEV0.
"""

import json
import sys
from pathlib import Path
from typing import Any

from RPi import GPIO

MEMORY = Path("/dev/gpiomem")


def carry_out(name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
    if name == "levels":
        with MEMORY.open("r+b") as file:
            file.seek(0x34)
            file.write(arguments[0].to_bytes(4, "little"))
        return None
    try:
        return getattr(GPIO, name)(*arguments, **named)
    except (ValueError, RuntimeError) as error:
        return [type(error).__name__, str(error)]


def main() -> None:
    GPIO.setwarnings(False)
    for line in sys.stdin:
        print(json.dumps(carry_out(*json.loads(line))), flush=True)


main()
