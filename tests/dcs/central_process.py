"""The service of `central_system` as a process: `python -m tests.dcs.central_process PORT JOURNAL`.

SIGUSR1 ends the connection without a word.
"""

import signal
import sys
from pathlib import Path

from tests.dcs.central_system import CentralSystem


def main() -> None:
    system = CentralSystem(int(sys.argv[1]), Path(sys.argv[2]))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    while True:
        signal.sigwait({signal.SIGUSR1})
        system.cut()


if __name__ == "__main__":
    main()
