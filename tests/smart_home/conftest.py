"""A node inside asyncio, for the sockets of its interfaces."""

from tests.modbus_map.conftest import in_loop as in_loop
from tests.modbus_map.conftest import loop_bus as loop_bus
