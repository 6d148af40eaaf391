"""The script of the installation in a clean Debian, and the service under a real systemd there.

A container with a root file system of its own; it has no device of a Raspberry Pi, so the installed
box is the simulated one.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("mmdebstrap", "systemd-nspawn")
PACKAGES = ("mmdebstrap", "systemd-container")
INSTALLED = "python3-venv,ca-certificates,systemd,udev,dbus"
START_S = 60.0
SCRIPT = "/src/launch/install/install.sh"
CHECK = ("board", "check", "--unattended", "/opt/wallbox/current/launch/raspberry_pi.toml")
NO_BOARD = "the board cannot be used: RPi.GPIO cannot be imported"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "node_modules", "__pycache__", ".*_cache")

pytestmark = [pytest.mark.system, pytest.mark.proof, pytest.mark.timeout(900)]


class Container:
    """A clean Debian, then a running one."""

    def __init__(self, suite: str) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=f"wb-{suite}-", dir="/var/tmp"))
        words = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={INSTALLED}"]
        subprocess.run([*words, suite, str(self.root)], check=True)
        shutil.copytree(ROOT, self.root / "src", ignore=LEFT_OUT, symlinks=True)
        self.process: subprocess.Popen[bytes] | None = None

    def words(self, *more: str) -> list[str]:
        return ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--register=no",
                "--keep-unit", *more]  # fmt: skip

    def run_before_boot(self, *command: str) -> str:
        """Run a command in it, with the network of this machine and what that needs."""
        given = [
            f"--setenv={name}={value}"
            for name, value in os.environ.items()
            if name in ("SSL_CERT_FILE", "PIP_CERT") or name.lower().endswith("_proxy")
        ]
        bound = [f"--bind-ro={path}" for path in ("/etc/ssl/certs",) if Path(path).exists()]
        words = self.words(*given, *bound, "--pipe", *command)
        result = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def boot(self) -> None:
        self.process = subprocess.Popen(
            self.words("--private-network", "--kill-signal=SIGRTMIN+3", "/usr/lib/systemd/systemd"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.until(lambda: self.run("systemctl", "is-active", "wallbox") == "active")

    @property
    def leader(self) -> str:
        """Return the process id of its systemd; "" if it does not run yet."""
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return children[0] if children else ""

    def run(self, *command: str, check: bool = False) -> str:
        """Run a command in the running container."""
        result = subprocess.run(
            ["nsenter", "--target", self.leader, "--all", *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result.stdout.strip()

    def said(self, *command: str) -> str:
        """Return what a command has written to both of its outputs."""
        return self.run("/bin/sh", "-c", 'exec "$@" 2>&1', "sh", *command)

    def show(self, key: str) -> str:
        return self.run("systemctl", "show", "--property", key, "--value", "wallbox")

    def signal_supervisor(self, name: str) -> None:
        self.run("systemctl", "kill", "--kill-whom=main", f"--signal={name}", "wallbox", check=True)

    def until(self, holds: Callable[[], bool]) -> None:
        end_s = time.monotonic() + START_S
        while not (self.leader and holds()):
            log = "" if time.monotonic() < end_s else self.run("journalctl", "--no-pager", "-n50")
            assert time.monotonic() < end_s, log
            time.sleep(0.2)

    def close(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)  # nspawn has its systemd power off
            try:
                self.process.wait(20.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20.0)
        shutil.rmtree(self.root)


@pytest.fixture(scope="module")
def tools() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("containers need root, and Debian's tools")
    if any(shutil.which(tool) is None for tool in TOOLS):
        words = ["apt-get", "-qq", "install", "-y", "--no-install-recommends", *PACKAGES]
        subprocess.run(["apt-get", "-qq", "update"], check=False, capture_output=True)
        if subprocess.run(words, check=False, capture_output=True).returncode:
            pytest.skip("mmdebstrap or systemd-nspawn cannot be installed")


@pytest.fixture(params=["bookworm", "trixie"])
def debian(request: pytest.FixtureRequest, tools: None) -> Iterator[Container]:
    container = Container(request.param)
    try:
        yield container
    finally:
        container.close()


def test_a_box_is_installed_updated_supervised_set_back_and_removed(debian: Container) -> None:
    """As docs/install.md describes it."""
    debian.run_before_boot("/bin/sh", SCRIPT, "--board", "none")
    first = (debian.root / "opt/wallbox/current").readlink()
    debian.run_before_boot("/bin/sh", SCRIPT, "--board", "none")  # an update
    second = (debian.root / "opt/wallbox/current").readlink()
    assert first != second
    assert (debian.root / "opt/wallbox/former").readlink() == first

    debian.boot()
    assert debian.show("StatusText") == "wallbox: 13 of 13 nodes are ready"
    pid = debian.show("MainPID")
    assert debian.run("stat", "--format=%U", f"/proc/{pid}") == "wallbox"
    assert "Serial number" in debian.run("wallbox", "label", check=True)
    refused = [
        line
        for line in debian.run("journalctl", "--no-pager", "-u", "wallbox").splitlines()
        if "refused" in line and "scheduling" not in line and "realtime" not in line
    ]
    assert refused == []  # priorities need a capability that a container may lack

    debian.signal_supervisor("KILL")
    debian.until(lambda: debian.show("NRestarts") == "1")
    debian.until(lambda: debian.run("systemctl", "is-active", "wallbox") == "active")
    log = debian.run("journalctl", "--no-pager", "-u", "wallbox")
    assert "with signal SIGKILL" not in log  # safety has ended by itself

    debian.signal_supervisor("STOP")
    debian.until(lambda: debian.show("NRestarts") == "2")
    debian.until(lambda: debian.run("systemctl", "is-active", "wallbox") == "active")
    log = debian.run("journalctl", "--no-pager", "-u", "wallbox")
    assert "Failed with result 'watchdog'" in log

    debian.run("/bin/sh", SCRIPT, "--back", check=True)
    assert (debian.root / "opt/wallbox/current").readlink() == first
    assert debian.show("StatusText") == "wallbox: 13 of 13 nodes are ready"

    # A user of this machine who cannot look into the run directory of the service.
    other = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    python = ("/opt/wallbox/current/bin/python", "-I", "-m", "cli.main")
    assert "/run/wallbox cannot be read" in debian.said(*other, *python, *CHECK)
    assert "a graph runs on /run/wallbox" in debian.said("wallbox", *CHECK)

    debian.run("systemctl", "stop", "wallbox", check=True)
    assert debian.show("Result") == "success"
    assert NO_BOARD in debian.said("wallbox", *CHECK)  # the run directory is still there
    debian.run("rm", "-r", "/run/wallbox", check=True)
    debian.run("systemd-tmpfiles", "--create", "wallbox.conf", check=True)  # as at boot
    assert NO_BOARD in debian.said("wallbox", *CHECK)

    debian.run("/bin/sh", SCRIPT, "--remove", check=True)
    assert not (debian.root / "opt/wallbox").exists()
    assert (debian.root / "var/lib/wallbox/label.json").exists()
