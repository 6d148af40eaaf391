"""One running box for all tests of a worker that need no box of their own."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from msgs.led import LedFrame
from msgs.rfid import RfidMode
from msgs.safety import SafetyPhase
from msgs.session import SessionStatus, WallboxState
from msgs.topics import LED_FRAME, RFID_STATUS, SAFETY_STATUS, SESSION_STATUS
from tests.system.box import QUICK, Box, new_box
from tests.system.listener import Wanted

# Its settings may be changed: they are those of a box that is delivered, and not locked by --set.
DELIVERED = (*QUICK, "factory.main_fuse_a=63", "factory.authorization.required=false")
Note = Callable[[str, object], None]  # record_property of pytest
LAUNCHED = "box launched"
SAID_AGAIN_S = 1.5  # each node says its state on change, and each second
HOUSE_A = (2.0, 2.0, 2.0)  # of launch/simulation.toml


class SharedBox:
    """A box that is brought back between two tests, or launched again if that fails."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._box: Box | None = None
        self._at_first: dict[str, Any] = {}

    def idle(self, note: Note) -> Box:
        """Return the box as it was when it was launched, but for the nodes' incarnations.

        :param note: takes why the box had to be launched.
        """
        return self._bring_back(note, may_charge=False)

    def charging(self, note: Note) -> Box:
        """Return the same in a charge, which may go on from a test before, whatever its current."""
        box = self._bring_back(note, may_charge=True)
        if not box.is_charging():
            box.begin_charge()
        return box

    def charging_fully(self, note: Note) -> Box:
        """Return the same in a charge at full current."""
        box = self.charging(note)
        if not box.is_charged():
            box.charge()
        return box

    def _bring_back(self, note: Note, *, may_charge: bool) -> Box:
        if self._box is not None:
            try:
                _tidy(self._box, self._at_first, may_charge=may_charge)
                return self._box
            except (AssertionError, pytest.fail.Exception) as error:
                note(LAUNCHED, f"the test before has damaged it: {error}".splitlines()[0])
                self.close()
        else:
            note(LAUNCHED, "there was none")
        self._box = self._stack.enter_context(new_box())
        self._box.launch(*DELIVERED)
        _wait_idle(self._box)
        self._at_first = _kept(self._box)
        return self._box

    def close(self) -> None:
        """End the box."""
        self._box = None
        self._stack.close()


def _tidy(box: Box, at_first: dict[str, Any], *, may_charge: bool) -> None:
    """Bring a box back; raise AssertionError if it is not what it was."""
    assert box.process is not None
    assert box.process.poll() is None, box.log
    assert {row.state for row in box.nodes().values()} == {"ready"}
    world = box.act("status")
    for fault in world["faults"]:
        box.act("clear", name=fault)
    if not world["mains"]:
        box.act("power", on=True)
    box.act("house", current_a=list(HOUSE_A))
    box.act("sun", power_w=0.0)
    box.look_for(0.05)
    box.catch_up()
    safety = box.last(SAFETY_STATUS).message
    is_well = (safety.retries, safety.faults) == (0, ())
    if may_charge and is_well and _kept(box) == at_first:
        return
    if world["vehicle"] != "away":
        box.unplug()
    settings, before = box.ask("system", "get"), at_first["settings"]
    changed = {key: before[key] for key in before if settings[key] != before[key]}
    if changed:
        box.ask("system", "set", {"changes": changed})
    is_empty = world["mains"] and world["vehicle"] == "away"
    is_as_it_was = is_empty and not (world["faults"] or changed)
    _wait_idle(box, known_s=SAID_AGAIN_S if is_as_it_was else 0.0)
    assert _kept(box) == at_first


def _wait_idle(box: Box, known_s: float = 0.0) -> None:
    """Wait until nothing is plugged in, authorised, taught or wrong: all of it at one time.

    :param known_s: so old may the words be that say so.
    """

    def is_idle(said: SessionStatus) -> bool:
        is_held = said.plugged or said.released or said.authorization_required
        return said.state is WallboxState.IDLE and not is_held

    def is_ready(frame: LedFrame) -> bool:
        return frame.caption == "ready"

    box.until_all(
        Wanted(SESSION_STATUS, is_idle),
        Wanted(SAFETY_STATUS, lambda said: said.phase is SafetyPhase.IDLE and not said.faults),
        Wanted(RFID_STATUS, lambda said: said.mode is RfidMode.READY),
        Wanted(LED_FRAME, is_ready),
        since_s=time.monotonic() - known_s,
    )


def _kept(box: Box) -> dict[str, Any]:
    """Return what a test may change and has to leave as it was: settings and cards."""
    return {"settings": box.ask("system", "get"), "cards": box.ask("rfid", "cards")}
