"""The OCPP host of npm's ocpp-rpc as a process beside the test: `node_host/host.js`."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "node_host"
NODE = shutil.which("node")
IS_MISSING = NODE is None or not (FOLDER / "node_modules" / "ocpp-rpc").is_dir()
WHY_MISSING = "no Node.js 20 with npm here: `make node-peer` installs ocpp-rpc where there is"
ANSWER_S = 30.0  # of the host's process, on a busy machine


class NodeHost:
    """What the host has said so far, and orders to it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._orders = 0
        self.seen: list[dict[str, Any]] = []
        """All that it has said, in order; `pump` adds to it."""
        threading.Thread(target=self._read, daemon=True).start()
        self.port: int = self.wait_for("port")["port"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line))
        self._said.put(None)

    def pump(self, timeout_s: float = 0.0) -> bool:
        """Take one more line; return whether there was one.

        :raises AssertionError: the host has ended.
        """
        try:
            line = self._said.get(timeout=timeout_s) if timeout_s else self._said.get_nowait()
        except queue.Empty:
            return False
        assert line is not None, "the host has ended"
        self.seen.append(line)
        return True

    def wait_for(self, key: str, value: object = None) -> dict[str, Any]:
        """Return the next line with a key, and with that value if it is given."""
        done = 0
        while True:
            for line in self.seen[done:]:
                done += 1
                if key in line and value in (None, line[key]):
                    return line
            assert self.pump(ANSWER_S), f"the host does not say {key}"

    def order(self, **order: object) -> int:
        """Give an order; return its number."""
        self._orders += 1
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"order": self._orders, **order}) + "\n")
        self._process.stdin.flush()
        return self._orders

    def result(self, order: int) -> dict[str, Any]:
        """Return what came of an order."""
        return self.wait_for("order", order)

    def catch_up(self) -> None:
        """Take all that it has said until now."""
        self.result(self.order())

    def calls(self, action: str = "") -> list[dict[str, Any]]:
        """Return the calls of the box so far, of one action or of all."""
        self.catch_up()
        return [line for line in self.seen if "call" in line and action in ("", line["call"])]

    @property
    def violations(self) -> list[str]:
        """The rules that the box has broken so far."""
        self.catch_up()
        return [line["violation"] for line in self.seen if "violation" in line]


@contextmanager
def node_host(port: int = 0) -> Iterator[NodeHost]:
    """Run the host."""
    process = subprocess.Popen(
        [str(NODE), str(FOLDER / "host.js"), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    try:
        yield NodeHost(process)
    finally:
        process.stdin.close()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
