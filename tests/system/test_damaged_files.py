"""A real box with directories in place of its stored files: it starts, and says so."""

import pytest

from bus.store import remove
from msgs.session import WallboxState
from msgs.stored import Stored
from msgs.topics import LAUNCH_GRAPH, RFID_STATUS, SESSION_STATUS
from tests.system.box import QUICK_VEHICLE_WITH_CARD, Box

pytestmark = pytest.mark.system

STORES = ("settings.json", "cards.json", "session-wish.json", "sessions.sqlite", "meter-energy")


@pytest.mark.req("RFID-6", "RFID-9")
def test_directories_in_place_of_stored_files_keep_no_box_from_starting(own_box: Box) -> None:
    box = own_box
    box.launch(*QUICK_VEHICLE_WITH_CARD)
    box.end()
    for store in STORES:
        for end in ("", ".previous"):
            path = box.place.state_dir / f"{store}{end}"
            remove(path)
            path.mkdir()
            (path / "note").write_text("x")
    box.launch(*QUICK_VEHICLE_WITH_CARD)
    graph = box.last(LAUNCH_GRAPH).message
    assert {process.state for process in graph.processes} == {"ready"}
    assert box.ask("system", "get")["stored"] == Stored.LOST
    assert box.until(RFID_STATUS, lambda _: True).message.stored is Stored.LOST
    status = box.until(SESSION_STATUS, lambda status: status.authorization_required).message
    assert (status.state, status.unrecorded) == (WallboxState.TOKEN_PROGRAMMING_MODE, "")
    for store in STORES:
        assert (box.place.state_dir / f"{store}.broken-1" / "note").exists()
        assert f"{store}" in box.log
