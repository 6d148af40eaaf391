"""The nodes, one folder for each: they decide, and use the hardware. No node imports another."""
