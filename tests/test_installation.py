"""launch/install: the service, its rights, the rules for devices, and the script."""

import json
import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from launch.hardware_watchdog import FEEDS_PER_TIMEOUT
from launch.lifecycle import TERM_GRACE_S
from launch.plan import WatchdogPlan, stop_waves
from launch.plan_file import load_plan
from launch.series import STORE_S
from nodes.board import reference

ROOT = Path(__file__).parent.parent
INSTALL = ROOT / "launch" / "install"
UNIT = INSTALL / "wallbox.service"
TMPFILES = INSTALL / "tmpfiles.conf"
MOST_EXPOSURE = 2.8  # 10 is a service without any protection; "OK" begins at 5
EXECUTABLES = ("opt/wallbox/current/bin/python", "bin/sh", "usr/bin/tail")


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def values(key: str, text: str | None = None) -> list[str]:
    """Return all values of a key of the unit, in their order."""
    found = re.findall(rf"^{key}=(.*)$", UNIT.read_text() if text is None else text, re.MULTILINE)
    return [str(each) for each in found]


def seconds(key: str) -> float:
    (value,) = values(key)
    return float(value)


# --- the service -------------------------------------------------------------------------------


@needs("systemd-analyze")
def test_systemd_finds_nothing_wrong_in_the_unit(tmp_path: Path) -> None:
    """In a root of its own, where its programs are."""
    for name in EXECUTABLES:
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(0o755)
    unit = tmp_path / "etc/systemd/system/wallbox.service"
    unit.parent.mkdir(parents=True)
    for target in ("basic", "sysinit", "shutdown", "multi-user"):
        (unit.parent / f"{target}.target").write_text("[Unit]\nDescription=A target\n")

    def complaints(text: str) -> str:
        unit.write_text(text)
        result = subprocess.run(
            ["systemd-analyze", "verify", f"--root={tmp_path}", "--man=no", "wallbox.service"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return result.stdout + result.stderr

    whole = UNIT.read_text()
    assert "wallbox.service" not in complaints(whole)
    wrong = whole.replace("KillMode=control-group", "KillMode=controlgroup")
    assert "wallbox.service:" in complaints(wrong)


@needs("systemd-analyze")
def test_the_exposure_of_the_service_stays_below_a_limit() -> None:
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--json=short"]
    report = subprocess.run([*words, str(UNIT)], capture_output=True, text=True, check=True).stdout
    rows = json.loads(report)
    refused = {row["json_field"]: row for row in rows if row["set"]}
    for field in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "MemoryDenyWriteExecute"):
        assert field in refused
    limit = f"--threshold={MOST_EXPOSURE * 10:.0f}"
    subprocess.run([*words[:4], limit, str(UNIT)], check=True, capture_output=True)


def test_the_service_has_two_capabilities_and_no_way_to_more() -> None:
    """Ports 80 and 502, and the clock: all else has a limit in its place."""
    expected = ["CAP_NET_BIND_SERVICE CAP_SYS_TIME"]
    assert values("CapabilityBoundingSet") == values("AmbientCapabilities") == expected
    assert values("NoNewPrivileges") == ["yes"]
    assert values("User") == ["wallbox"]


LAUNCH_FILES = sorted(
    each for each in (ROOT / "launch").glob("*.toml") if each.stem in ("simulation", "raspberry_pi")
)


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.stem)
def test_systemd_waits_longer_than_the_longest_ordered_stop(file: Path) -> None:
    """Else it would kill safety, and session before it has stored its end."""
    plan = load_plan(file)
    longest_s = STORE_S + sum(
        max(plan.node(name).stop_s for name in wave) + TERM_GRACE_S for wave in stop_waves(plan)
    )
    assert longest_s + 5.0 < seconds("TimeoutStopSec")


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.stem)
def test_the_limits_of_the_service_allow_the_priorities_of_the_launch_file(file: Path) -> None:
    plan = load_plan(file)
    wanted = [int(node.scheduling.partition(":")[2] or 0) for node in plan.nodes]
    assert max(wanted) <= seconds("LimitRTPRIO")
    assert min(node.nice for node in plan.nodes) >= seconds("LimitNICE")
    if any(node.realtime for node in plan.nodes):
        assert values("LimitMEMLOCK") == ["infinity"]


def test_a_killed_or_hung_supervisor_is_followed_by_sigterm_to_safety() -> None:
    """Else the contactor would be open only after the second of the board's own watchdog."""
    assert values("KillMode") == ["control-group"]  # mixed: systemd kills safety at once
    assert values("WatchdogSignal") == ["SIGTERM"]
    assert seconds("TimeoutAbortSec") > TERM_GRACE_S
    (stop,) = values("ExecStop")  # else an ordered stop would begin with SIGTERM to all nodes
    assert "kill $MAINPID" in stop


def test_systemd_replaces_a_hung_supervisor_before_the_machine_restarts() -> None:
    """Else each hang of a program would be a restart of the machine."""
    start_s = 15.0  # assumed, on a Raspberry Pi under load
    replaced_s = seconds("WatchdogSec") + seconds("TimeoutAbortSec") + seconds("RestartSec")
    timeout_s = WatchdogPlan(device="/dev/watchdog").timeout_s
    fed_s = timeout_s / FEEDS_PER_TIMEOUT  # before the hang, at worst
    assert replaced_s + start_s < timeout_s - fed_s


def test_it_is_started_again_whatever_has_ended_it() -> None:
    assert values("Restart") == ["always"]
    assert values("StartLimitIntervalSec") == ["0"]


def test_the_run_directory_is_there_while_the_service_is_stopped_or_disabled() -> None:
    """`wallbox board check` acts as the user wallbox, who cannot make it."""
    (name,) = values("RuntimeDirectory")
    assert values("RuntimeDirectoryPreserve") == ["yes"]  # else systemd removes it at the stop
    command = (INSTALL / "wallbox").read_text()
    assert f"WALLBOX_RUN_DIR=/run/{name} " in command
    made = [line.split() for line in TMPFILES.read_text().splitlines() if line[0] != "#"]
    (user,), (mode,) = values("User"), values("RuntimeDirectoryMode")
    assert made == [["d", f"/run/{name}", mode, user, user, "-"]]


@needs("systemd-tmpfiles")
def test_systemd_finds_nothing_wrong_in_the_rule_for_the_run_directory(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(f"wallbox:x:{os.getuid()}:{os.getgid()}::/:/bin/sh\n")
    (tmp_path / "etc/group").write_text(f"wallbox:x:{os.getgid()}:\n")
    words = ["systemd-tmpfiles", "--create", f"--root={tmp_path}", str(TMPFILES)]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    made = tmp_path / "run/wallbox"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert made.owner() == Path(tmp_path).owner()


# --- devices -----------------------------------------------------------------------------------

RULES = [
    line
    for line in (INSTALL / "90-wallbox.rules").read_text().splitlines()
    if line and not line.startswith("#")
]
MATCHES = {"KERNEL==", "SUBSYSTEM==", "ACTION=="}
ASSIGNMENTS = {"GROUP=", "MODE=", "RUN+="}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_for_devices_has_the_form_of_udev(rule: str) -> None:
    parts = re.findall(r'([A-Z]+(?:==|\+=|=))"([^"]*)"(?:, |$)', rule)
    assert ", ".join(f'{key}"{value}"' for key, value in parts) == rule
    keys = {key for key, _ in parts}
    assert keys <= MATCHES | ASSIGNMENTS
    assert keys & MATCHES
    assert keys & ASSIGNMENTS


@needs("udevadm")
def test_udev_finds_nothing_wrong_in_the_rules() -> None:
    """From version 254 on; where the groups are unknown, it is not asked for them."""
    words = ["udevadm", "verify", "--resolve-names=never", str(INSTALL / "90-wallbox.rules")]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    if "verify" in result.stderr and "Unknown command" in result.stderr:
        pytest.skip("udevadm cannot verify rules before version 254")
    assert result.returncode == 0, result.stdout + result.stderr


def run_rules(action: str, chip: Path, group: str) -> None:
    """Run what the rules run for a PWM chip, as udev does."""
    for rule in RULES:
        if '"pwm"' in rule and (action in rule or "add|change" in rule):
            ((_, command),) = re.findall(r"RUN\+=\"/bin/sh -c ('(.*)')\"", rule)
            command = command.replace("/sys%p", str(chip)).replace("$$", "$")
            command = command.replace("chgrp gpio", f"chgrp {group}")
            subprocess.run(["/bin/sh", "-c", command], check=True)


def test_the_pwm_is_exported_at_boot_and_its_files_belong_to_the_group(tmp_path: Path) -> None:
    chip = tmp_path / "pwmchip0"
    chip.mkdir()
    for name in ("export", "unexport", "npwm", "uevent"):
        (chip / name).touch(0o200 if "export" in name else 0o444)
    run_rules('"add"', chip, str(os.getgid()))
    assert (chip / "export").read_text() == "1\n"  # the kernel has taken 0 before
    for channel in ("pwm0", "pwm1"):  # by the kernel
        (chip / channel).mkdir()
        for name in ("period", "duty_cycle", "enable", "polarity", "capture", "uevent"):
            (chip / channel / name).touch(0o644)
    run_rules('"change"', chip, str(os.getgid()))
    writable = {
        str(file.relative_to(chip))
        for file in chip.rglob("*")
        if file.is_file() and file.stat().st_mode & stat.S_IWGRP
    }
    per_channel = ("period", "duty_cycle", "enable", "polarity")
    assert writable == {
        "export", "unexport", *(f"pwm{n}/{name}" for n in (0, 1) for name in per_channel)
    }  # fmt: skip
    (chip / "export").write_text("")
    run_rules('"add"', chip, str(os.getgid()))
    assert (chip / "export").read_text() == ""  # exported already: the kernel would refuse


def test_the_boot_configuration_has_the_pins_of_the_reference_board() -> None:
    lines = (INSTALL / "config.txt").read_text().splitlines()
    low = (reference.CP_CONNECT_PIN, reference.ENABLE_PIN, reference.RESIDUAL_TEST_PIN)
    assert f"gpio={','.join(str(pin) for pin in low)}=op,dl" in lines
    assert {reference.POWER_ON_PIN, reference.POWER_ON_CLEAR_PIN} == {0, 1}
    assert {"force_eeprom_read=0", "disable_poe_fan=1"} <= set(lines)
    assert {reference.RESIDUAL_DC_PIN, reference.RESIDUAL_AC_PIN} == {2, 3}
    assert "dtparam=i2c_arm=off" in lines
    buses = {
        bus
        for bus, _ in (
            reference.CONVERTER_SPI, reference.METER_SPI, reference.LEDS_SPI,
            reference.SWITCHES_SPI, reference.READER_SPI,
        )
    }  # fmt: skip
    assert buses == {0, 1}
    used = {value for name, value in vars(reference).items() if name.endswith("_PIN")}
    (spi1,) = [line for line in lines if line.startswith("dtoverlay=spi1-3cs")]
    (pwm,) = [line for line in lines if line.startswith("dtoverlay=pwm-2chan")]
    given = [int(pin) for pin in re.findall(r"(?:cs\d_)?pin2?=(\d+)", spi1 + pwm)]
    assert len(given) == len(set(given)) == 5
    assert used.isdisjoint(given)


# --- the script --------------------------------------------------------------------------------

BOOT = "dtparam=audio=on\n[cm4]\notg_mode=1\n"
CMDLINE = "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootwait\n"


def script(root: Path, *words: str) -> str:
    result = subprocess.run(
        ["/bin/sh", str(INSTALL / "install.sh"), *words],
        env={**os.environ, "DESTDIR": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the root of a machine with the boot files of Raspberry Pi OS."""
    boot = tmp_path / "boot/firmware"
    boot.mkdir(parents=True)
    (boot / "config.txt").write_text(BOOT)
    (boot / "cmdline.txt").write_text(CMDLINE)
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*")
            if file.is_file()}  # fmt: skip


def test_the_script_puts_each_file_in_its_place_and_once_more_changes_nothing(root: Path) -> None:
    said = script(root, "--board", "board")
    first = files(root)
    assert {
        "etc/systemd/system/wallbox.service",
        "etc/udev/rules.d/90-wallbox.rules",
        "etc/systemd/system.conf.d/90-wallbox.conf",
        "etc/wallbox/box.toml",
        "usr/lib/sysusers.d/wallbox.conf",
        "usr/lib/tmpfiles.d/wallbox.conf",
        "usr/local/bin/wallbox",
        "boot/firmware/wallbox.txt",
    } <= set(first)
    assert "please restart the machine" in said
    assert "please restart the machine" not in script(root, "--board", "board")
    assert files(root) == first


def test_the_boot_files_keep_what_they_had_and_the_uart_has_no_console(root: Path) -> None:
    script(root)
    config = (root / "boot/firmware/config.txt").read_text()
    assert config == f"{BOOT}\n[all]\ninclude wallbox.txt\n"
    cmdline = (root / "boot/firmware/cmdline.txt").read_text()
    assert cmdline == "console=tty1 root=PARTUUID=1-02 rootwait\n"


def test_a_machine_without_boot_files_gets_none(tmp_path: Path) -> None:
    script(tmp_path)
    assert not (tmp_path / "boot").exists()


def test_the_launch_file_of_the_box_is_the_owners(root: Path) -> None:
    script(root, "--board", "board5")
    own = root / "etc/wallbox/box.toml"
    assert 'include = "/opt/wallbox/current/launch/raspberry_pi.toml"' in own.read_text()
    own.write_text("[settings]\nmain_fuse_a = 25\n")
    script(root, "--board", "board5")
    assert own.read_text() == "[settings]\nmain_fuse_a = 25\n"


def pwm_devices(file: Path) -> dict[str, str]:
    """Return the PWM that a launch file names, by node and device."""
    found = {}
    for node, table in tomllib.loads(file.read_text()).get("nodes", {}).items():
        driver = table.get("driver", {})
        if isinstance(driver, str):
            continue
        for device, each in ({"": driver} if "parameters" in driver else dict(driver)).items():
            if isinstance(each, dict) and "pwm_device" in each.get("parameters", {}):
                found[f"{node}.{device}"] = each["parameters"]["pwm_device"]
    return found


def test_a_raspberry_pi_5_has_its_own_pwm_in_all_drivers(root: Path) -> None:
    script(root, "--board", "board5")
    given = pwm_devices(root / "etc/wallbox/box.toml")
    assert set(given.values()) == {"1f00098000.pwm"}
    assert set(given) == {"safety.analog", "safety.generator", "pilot.", "led."}
    assert set(given) == set(pwm_devices(ROOT / "launch" / "raspberry_pi.toml"))


def test_a_raspberry_pi_4_needs_no_other_pwm(root: Path) -> None:
    script(root, "--board", "board")
    assert pwm_devices(root / "etc/wallbox/box.toml") == {}


def test_a_removal_leaves_the_boot_files_the_store_and_the_launch_file(root: Path) -> None:
    store = root / "var/lib/wallbox/settings.json"
    store.parent.mkdir(parents=True)
    store.write_text("{}")
    script(root)
    script(root, "--remove")
    left = set(files(root))
    assert left == {
        "boot/firmware/config.txt", "boot/firmware/cmdline.txt",
        "boot/firmware/cmdline.txt.before-wallbox", "etc/wallbox/box.toml",
        "var/lib/wallbox/settings.json",
    }  # fmt: skip
    assert "wallbox" not in (root / "boot/firmware/config.txt").read_text()


@pytest.mark.parametrize("words", [("--bored",), ("--board", "pi4"), ("--back",)])
def test_what_the_script_does_not_know_is_refused(root: Path, words: tuple[str, ...]) -> None:
    before = files(root)
    result = subprocess.run(
        ["/bin/sh", str(INSTALL / "install.sh"), *words],
        env={**os.environ, "DESTDIR": str(root)}, capture_output=True, check=False,
    )  # fmt: skip
    assert result.returncode != 0
    assert files(root) == before


@needs("shellcheck")
def test_the_scripts_have_no_known_mistake() -> None:
    words = ["shellcheck", "install.sh", "wallbox"]
    result = subprocess.run(words, cwd=INSTALL, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_user_of_the_service_is_made_with_the_groups_of_its_devices() -> None:
    users = (INSTALL / "sysusers.conf").read_text()
    (groups,) = values("SupplementaryGroups")
    for group in groups.split():
        assert re.search(rf"^g {group}\s", users, re.MULTILINE)
        assert re.search(rf"^m wallbox {group}$", users, re.MULTILINE)
