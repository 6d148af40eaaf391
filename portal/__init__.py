"""A small charging service, to try the uplink on: a third party without the bus."""
