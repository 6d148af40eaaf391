"""A real MQTT broker, Mosquitto, on a port of this machine."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

USER, PASSWORD = "box", "moss river"
START_S = 20.0


def program() -> str:
    """Return the broker: Debian installs it where a user's PATH may not look."""
    found = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert found is not None, "Mosquitto is not installed; run: make broker"
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """One broker, which can be killed and started again on its port."""

    def __init__(
        self, folder: Path, *, tls: tuple[Path, Path] | None = None, acl: str = ""
    ) -> None:
        """Make its files; `acl` says what the user may do, as an ACL file has it ("": all)."""
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        passwords = folder / "passwords"
        passwd = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
        subprocess.run([passwd, "-b", "-c", str(passwords), USER, PASSWORD], check=True)
        passwords.chmod(0o644)  # started by root it runs as its own user
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {passwords}",
            "user root",
        ]
        if tls is not None:
            lines += [f"certfile {tls[0]}", f"keyfile {tls[1]}"]
        if acl:
            (folder / "acl").write_text(f"user {USER}\n{acl}\n")
            lines.append(f"acl_file {folder / 'acl'}")
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        log = (self._folder / "mosquitto.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [program(), "-c", str(self._config)], stdout=log, stderr=log
            )
        until_s = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
                return
            except OSError:
                text = (self._folder / "mosquitto.log").read_text(errors="replace")
                assert self._process.poll() is None, text
                assert time.monotonic() < until_s, text
                time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Controller:
    """A client of the broker with all that it was sent."""

    def __init__(self, port: int, base: str) -> None:
        self.base = base
        self.found: dict[str, bytes] = {}  # the newest of each topic
        self.results: list[Any] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set(USER, PASSWORD)
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.subscribe("#", 1)
        self.client.loop_start()

    def _on_message(self, client: Any, _: Any, message: paho.MQTTMessage) -> None:
        self.found[message.topic] = message.payload
        if message.topic == f"{self.base}/result":
            self.results.append(json.loads(message.payload))

    def order(self, name: str, payload: str, *, retain: bool = False) -> None:
        sent = self.client.publish(f"{self.base}/set/{name}", payload, 1, retain)
        sent.wait_for_publish(10.0)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def read(self, name: str) -> str:
        """Return what was published on a topic of the box; "": nothing."""
        return self.found.get(f"{self.base}/{name}", b"").decode()
