"""Who decides, and who touches hardware: one folder a node, no node knows another."""
