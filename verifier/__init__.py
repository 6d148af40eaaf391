"""The soak: random users, faults and losses against the whole graph, under virtual time.

A soak runs boxes, each with its own seed: the same seed gives the same run. `users` makes visits at
random, `disturbances` faults and losses, and `injector` applies those. `observer` follows what the
simulated world does and what reaches safety and pilot, as an `observation`. `invariants` (and
docs/invariants.md) is the table of rules that apply at every instant, `rules` has their code.
`causes` says which fault may have which cause, `store_audit` checks the stored sessions. `box` runs
one box, `soak` many, `report` prints the result.
"""
