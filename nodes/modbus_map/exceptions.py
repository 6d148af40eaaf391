"""The exceptions with which a Modbus server answers: pure.

Modbus Application Protocol V1.1b3, 7.
"""

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
DEVICE_FAILURE = 4
GATEWAY_NO_RESPONSE = 11

EXCEPTIONS = {
    ILLEGAL_FUNCTION: "illegal function",
    ILLEGAL_ADDRESS: "illegal data address",
    ILLEGAL_VALUE: "illegal data value",
    DEVICE_FAILURE: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    GATEWAY_NO_RESPONSE: "gateway target device failed to respond",
}

# Exceptions by which a meter says that it has no such registers. Some meters say 4; the others may
# be over in the next poll.
REFUSED_KEY = "registers"  # of a refusal on the bus, with the same meaning
REFUSALS = frozenset({ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE})
