"""The supervisor: it reads a plan, and starts, restarts and stops its nodes."""
