"""Stands in for the node dcs, OCPP over a WebSocket: imports its libraries, and idles."""

IMPORTS = ("asyncio", "ocpp", "websockets")  # see launch.warm
