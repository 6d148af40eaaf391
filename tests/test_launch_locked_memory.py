"""A process that may lock only a little memory locks none: it would fail at the limit later."""

import resource

import pytest

from launch import locked_memory
from launch.locked_memory import lock_memory


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Flags of the calls of mlockall, which succeed."""
    flags: list[int] = []

    class Libc:
        def mlockall(self, given: int) -> int:
            flags.append(given)
            return 0

    monkeypatch.setattr("ctypes.CDLL", lambda name, use_errno: Libc())
    return flags


def limit(monkeypatch: pytest.MonkeyPatch, limit_bytes: int, has_capability: bool) -> None:
    def refuse(kind: int, limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limit_bytes, limit_bytes))
    monkeypatch.setattr(locked_memory, "_has_capability", lambda number: has_capability)


@pytest.mark.parametrize(
    ("limit_bytes", "has_capability"),
    [(resource.RLIM_INFINITY, False), (8 << 20, True), (resource.RLIM_INFINITY, True)],
)
def test_it_locks_present_and_future_pages_as_they_are_used(
    monkeypatch: pytest.MonkeyPatch, locked: list[int], limit_bytes: int, has_capability: bool
) -> None:
    limit(monkeypatch, limit_bytes, has_capability)
    lock_memory()
    assert locked == [7]


def test_a_limit_is_a_refusal(monkeypatch: pytest.MonkeyPatch, locked: list[int]) -> None:
    limit(monkeypatch, 1 << 30, False)
    with pytest.raises(PermissionError, match="RLIMIT_MEMLOCK"):
        lock_memory()
    assert locked == []
