"""Modbus meters as data, and the two ways to reach them: shared by `meter` and `plant`.

- `maps/NAME.toml` says where a meter keeps its values; `meter_map` loads and checks such a file.
- `codec` turns registers into values and back; `blocks` plans the requests that a meter allows.
- `transport` carries one read at a time: over TCP, or as a bus request to the simulated world.
- `frame` is what Modbus TCP sends, for both ends of it.
- `poll` reads all values of a meter; `bank` and `server` are the other end, a meter's server.

Everything but the drivers `*_tcp` and `*_sim` is pure. To add a meter, add a map.
"""
