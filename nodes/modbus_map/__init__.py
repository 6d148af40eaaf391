"""Modbus meters as data, and their transports: shared by `meter` and `plant`.

- `maps/NAME.toml` is the register map of a meter; `meter_map` loads and checks such a file.
- `chain` finds the model of a SunSpec meter, and makes a map with addresses of it.
- `codec` converts registers to values and back; `blocks` plans the requests that a meter allows.
- `transport` carries one read at a time: over TCP, or as a bus request to the simulated world;
  `serial_line` does it on a serial line, which `adapter` opens. `reads` has their turn.
- `frame` has the frames of Modbus TCP, for client and server; `rtu` those of Modbus RTU.
- `poll` reads all values of a meter; `bank` and `server` are the server side of a meter;
  `connections` has those of one port, of any server, and `exceptions` what servers refuse with.

Everything but `adapter` and the drivers `*_tcp`, `*_rtu` and `*_sim` is pure. docs/architecture.md
says how a meter is added.
"""
