"""Models of the board's chips and libraries: bytes, levels and files as the real ones answer.

They know no node and no message. `nodes.board.io_model` joins them to the simulated world.
"""
