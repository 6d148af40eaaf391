"""The front of the wallbox and its charge, in a terminal.

`snapshot` has the newest messages, `view` formats them as lines, `lights` draws the lights,
`changes` lists what is new; all pure. `subscriptions` reads the bus, `screen` draws and reads keys,
`page` finds the address of the web page, `end_detector` detects that the graph has ended. `cli`
starts or finds the graph.
"""
