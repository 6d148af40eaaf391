"""Pages and API. Knows messages, not the bus."""
