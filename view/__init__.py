"""Texts about the box for a person: state, reason, faults, limits, silence. Pure.

The page and the terminal show the same texts and differ only in layout. `snapshot`: the newest
messages with their ages; `silence`: silent nodes; `state`: the state of the box and its faults;
`charge`: contactor, vehicle and session; `limits`: the limits of the current; `meters`: the meters;
`front`: the lights; `stores`: damaged files, and a disk that takes nothing.
"""
