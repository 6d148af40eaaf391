"""The front of the wallbox and its charge, in a terminal.

`facts` is what was heard, `view` makes lines of it, `lights` the lights among them, `changes` tells
what became new; all pure. `listener` reads the bus, `screen` draws and hears keys, `page` tells
where the web page is. Whose graph it shows is nothing to it: `cli` puts the two together.
"""
