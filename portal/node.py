"""How `launch` runs the portal: a process without a bus. See launch/child.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    # `page`: a port that --ports moves, and that a browser opens; 0: any free one.
    port: Annotated[int, Meta(ge=0, le=65535, extra={"unit": "1", "port": "page"})] = 8180


def run(parameters: Parameters, state_dir: Path, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM.

    :raises OSError: the port is in use, or the state directory cannot be read.
    """
    from portal.server import serve_until_stopped  # imports what no other process needs

    serve_until_stopped(parameters.port, state_dir, ready)
