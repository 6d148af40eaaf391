"""Pages and API. Uses messages, not the bus."""
