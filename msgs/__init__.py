"""The messages on the bus with their units and contracts, the tables of topics and methods.

Imports no other folder of the project. One file for each writer; the rules of a quantity are in
the file of its message.
"""
