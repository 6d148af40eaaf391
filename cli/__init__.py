"""The command `wallbox`, one verb a file."""
