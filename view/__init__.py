"""Texts about the box for a person: state, reason, faults, limits, silence. Pure.

The page and the terminal show the same texts and differ only in layout. `snapshot`: the newest
messages with their ages; `silence`: silent nodes; `state`: the state of the box; `headline`: the
same for a person who wants to charge; `faults`: the faults and what to do; `charge`: contactor,
vehicle and session; `acts`: what can be asked for, and what is in force; `card`: the result of a
card; `limits` and `shares`: the limits of the current, and what each phase carries; `meters` and
`energy`: the meters, and where the power comes from; `front`: the lights; `stores`: damaged files,
and a disk that takes nothing.
"""
