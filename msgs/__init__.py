"""What is said on the bus: the messages, their units and contracts, and the table of topics.

Imports nothing of ours. One file for each writer; the laws that belong to a noun live beside it.
"""
