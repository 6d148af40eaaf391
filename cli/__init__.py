"""The command `wallbox`, one file for each verb."""
