"""The board: its pins, its buses and its chips, for drivers alone.

A driver named `*_board` takes its I/O from a module that its parameter `io` names:
`nodes.board.io_raspberry` on the board, `nodes.board.io_model` where the chips are modelled byte by
byte (`nodes.board.models`) and joined to the simulated world. Both have the interfaces of `io.py`:
RPi.GPIO and spidev by their public way, and the files of the kernel's PWM.

`reference.py` has the pins, buses and analog circuits of the reference board; docs/hardware.md has
the drawing. The other files have one chip each: its commands and registers, as bytes in and out.
Nothing here decides: what a value means is decided by the machine of its node.
"""
