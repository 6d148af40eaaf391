"""Nodes that stand in for those that are not there yet, for their memory and CPU."""
