"""Stand-ins for nodes that are not written yet, with their memory and CPU."""
