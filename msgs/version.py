"""The version of this software: its package, report 1 of UDP and the registration of dcs have it.

It stands here, and pyproject.toml takes it from here: `importlib.metadata` costs each process that
asks it 1.3 MB.
"""

VERSION = "0.1.0"
