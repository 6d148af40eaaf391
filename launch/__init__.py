"""Who is alive: plans, the supervisor, and the command line."""
