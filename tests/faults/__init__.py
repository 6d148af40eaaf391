"""Every fault of the ERR table, injected in every state of a session: the table in docs/faults.md.

`make faults` writes the page; the tests run each row anew and compare.
"""
