"""For every test: what it has opened is closed when it is over."""

from collections.abc import Iterator

import pytest

from tests.closing import close_all


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    close_all()
