"""The soak: random users, faults and losses against the whole graph, under virtual time.

A soak is a row of boxes, each with a seed of its own: the same seed is the same life. Users come
and go (`users`), things break and are mended (`troubles`), and a witness (`witness`) sees what
the simulated world does and what reaches safety and pilot. What must hold at every instant is a
table of invariants (`invariants`, docs/invariants.md), what explains a fault stands in `causes`,
and what must be true of the stored sessions in `ledger`. `box` lives one life, `run` many,
`report` tells.
"""
