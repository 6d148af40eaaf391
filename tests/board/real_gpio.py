"""The real RPi.GPIO on a machine that is no Raspberry Pi: its registers are a file.

RPi.GPIO reads the model of the Pi from /proc/cpuinfo and maps /dev/gpiomem. In a mount namespace
of its own a process sees other files there: a Pi 4, and 4096 bytes. It sets functions, levels and
pulls in these bytes as on the chip; nothing answers, so a test writes the levels of inputs.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

LIBRARY: Final = Path(sys.prefix) / "rpi-gpio"  # made by `make rpi-gpio`
ROOT: Final = Path(__file__).parent.parent.parent

CPUINFO: Final = """processor\t: 0
Hardware\t: BCM2711
Revision\t: c03114
Model\t\t: Raspberry Pi 4 Model B Rev 1.4
"""

# The namespace is the process's own: nothing of it is seen outside.
SCRIPT: Final = """
set -e
root=$PWD
cd "$1"
mount --bind cpuinfo /proc/cpuinfo
mount --rbind /dev dev-of-host
mount -t tmpfs none /dev
for each in null zero urandom random full tty; do
    touch /dev/$each && mount --bind dev-of-host/$each /dev/$each
done
mkdir /dev/shm && mount --bind dev-of-host/shm /dev/shm  # the folder may be there
touch /dev/gpiomem && mount --bind gpiomem /dev/gpiomem
cd "$root"
shift
exec "$@"
"""

# Registers of the BCM2711, section 5.2 of its manual: offsets.
FUNCTIONS: Final = 0x00  # GPFSEL0 and on: 3 bits a pin, 10 pins a register
SETS: Final = 0x1C  # GPSET0
CLEARS: Final = 0x28  # GPCLR0
LEVELS: Final = 0x34  # GPLEV0
PULLS: Final = 0xE4  # GPIO_PUP_PDN_CNTRL_REG0: 2 bits a pin


def why_not() -> str | None:
    """Return why the library cannot be run here; None: it can."""
    if not (LIBRARY / "RPi").is_dir():
        return "RPi.GPIO is not built here: `make rpi-gpio` needs a C compiler and Python's headers"
    if shutil.which("unshare") is None:
        return "there is no unshare"
    tried = subprocess.run(
        ["unshare", *_ways(), "true"], capture_output=True, text=True, check=False
    )
    return None if tried.returncode == 0 else f"no mount namespace: {tried.stderr.strip()}"


def prepare(folder: Path) -> None:
    """Make the files of a Pi in a folder: all registers are 0, so all pins are inputs."""
    (folder / "cpuinfo").write_text(CPUINFO)
    (folder / "gpiomem").write_bytes(bytes(4096))
    (folder / "dev-of-host").mkdir()


def start(folder: Path, *command: str) -> subprocess.Popen[str]:
    """Start Python with the real library on the registers of a folder."""
    return subprocess.Popen(
        ["unshare", *_ways(), "sh", "-c", SCRIPT, "sh", str(folder), sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{LIBRARY}:{ROOT}"},
        cwd=ROOT,
    )


def register(folder: Path, offset: int) -> int:
    """Return a register of 32 bits."""
    content = (folder / "gpiomem").read_bytes()
    return int.from_bytes(content[offset : offset + 4], "little")


def function_of(folder: Path, pin: int) -> int:
    """Return the function of a pin: 0 input, 1 output."""
    return register(folder, FUNCTIONS + 4 * (pin // 10)) >> (3 * (pin % 10)) & 0b111


def pull_of(folder: Path, pin: int) -> int:
    """Return the pull of a pin: 0 none, 1 up, 2 down."""
    return register(folder, PULLS + 4 * (pin // 16)) >> (2 * (pin % 16)) & 0b11


def _ways() -> tuple[str, ...]:
    return ("--mount",) if os.geteuid() == 0 else ("--map-root-user", "--mount")
