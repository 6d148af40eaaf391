"""Stands in for the node smart_home, MQTT and a Modbus server: imports its libraries, and idles."""

IMPORTS = ("asyncio", "paho", "pymodbus")  # see launch.warm
