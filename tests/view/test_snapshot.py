"""The sources of a snapshot: one for each field that is received."""

from dataclasses import fields

import pytest

from terminal.snapshot import FRONT_SOURCES, FrontSnapshot
from tests.builders import charging_session
from tests.view.snapshot import said
from view.snapshot import SOURCES, Snapshot, SnapshotSource, received
from web.page_snapshot import PageSnapshot


@pytest.mark.parametrize(
    ("snapshot", "sources"),
    [(Snapshot, SOURCES), (PageSnapshot, SOURCES), (FrontSnapshot, FRONT_SOURCES)],
)
def test_each_received_field_of_a_snapshot_has_a_source(
    snapshot: type[Snapshot], sources: dict[str, SnapshotSource]
) -> None:
    assert {each.name for each in fields(snapshot) if "Received" in str(each.type)} == set(sources)


def test_a_source_is_received_with_its_hold_its_age_and_its_subject() -> None:
    heard = {field: said(field) for field in SOURCES} | {
        "session": said("session", charging_session())
    }
    assert received(SOURCES, heard) == heard
    assert received(SOURCES, heard)["house"].about == "the house"
