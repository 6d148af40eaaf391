"""The reference board: its pins, its SPI devices and its analog circuits.

The values are the defaults of the drivers' parameters, and what the models of the chips are wired
to. launch/raspberry_pi.toml repeats them, so that another board is another launch file. Source:
docs/hardware.md, where each choice has its reason and each value its formula.
"""

from typing import Final

# --- pins, BCM numbers ---------------------------------------------------------------------------

POWER_ON_PIN: Final = 0  # in: the flip-flop that is set when mains come on
POWER_ON_CLEAR_PIN: Final = 1  # out: clears it, if it is high for 50 ms
RESIDUAL_DC_PIN: Final = 2  # in: low while the monitor does not trip at 6 mA DC
RESIDUAL_AC_PIN: Final = 3  # in: low while the monitor does not trip at 30 mA AC
LOAD_VOLTAGE_PIN: Final = 4  # in: high while there is voltage behind the contactor
CP_CONNECT_PIN: Final = 5  # out: the relay between the pilot's driver and the cable
ENABLE_PIN: Final = 6  # out: the contactor's coil, behind the gates
WATCHDOG_PIN: Final = 22  # out: an edge each 0.1 s
READER_RESET_PIN: Final = 23  # out: low resets the card reader
READER_BUSY_PIN: Final = 25  # in
RESIDUAL_TEST_PIN: Final = 26  # out: the monitor's test line
MIRROR_PIN: Final = 27  # in: high proves all main poles open
SERVICE_KEY_PIN: Final = 18  # in: low while pressed

# --- hardware PWM: name of the device, channel ---------------------------------------------------

PWM_DEVICE: Final = "fe20c000.pwm"  # Raspberry Pi 4; 3: 3f20c000.pwm, 5: 1f00098000.pwm
CP_CHANNEL: Final = 0  # GPIO12
BUZZER_CHANNEL: Final = 1  # GPIO13

# --- SPI: bus, device; mode and clock ------------------------------------------------------------

CONVERTER_SPI: Final = (0, 0)  # MCP3208, mode 0, 1 MHz
METER_SPI: Final = (0, 1)  # ATM90E32AS, mode 3
LEDS_SPI: Final = (1, 0)  # SK9822 chain, mode 0
SWITCHES_SPI: Final = (1, 1)  # 3 x 74HC165, mode 0
READER_SPI: Final = (1, 2)  # PN5180, mode 0

# --- analog circuits -----------------------------------------------------------------------------

REFERENCE_V: Final = 3.3  # the converter's reference
FULL_COUNTS: Final = 4095  # 12 bits

# The pilot's dividers: 200 kohm from the line, 47 kohm to 3.3 V, 75 kohm to ground; 0.1 %. Buffers
# are before and behind each switch. A capacitor that holds falls to 0 V of the line: CP_OFFSET_V.
CP_RATIO: Final = 0.1262
CP_OFFSET_V: Final = 1.773

CP_HIGH_CHANNEL: Final = 0  # sample-and-hold of the positive half-wave
CP_LOW_CHANNEL: Final = 1  # sample-and-hold of the negative half-wave
CP_RAW_CHANNEL: Final = 2
EARTH_CHANNEL: Final = 3
TERMINAL_CHANNEL: Final = 4  # NTC at the terminals
BOARD_CHANNEL: Final = 5  # NTC on the board
PLUS_CHANNEL: Final = 6  # +12 V / 5
MINUS_CHANNEL: Final = 7  # -12 V behind a divider like the pilot's: never 0 and never full scale

# --- shift registers: three bytes, DSW1, DSW2, and these bits of the third ------------------------

TOUCH_BIT: Final = 0x80
EXTERNAL_BIT: Final = 0x40  # the contact at the external input, 1: closed
EARTH_OK_BIT: Final = 0x20
HEAT_BIT: Final = 0x10  # 1: the over-temperature switch has opened
SUPPLY_OK_BIT: Final = 0x08
WATCHDOG_OK_BIT: Final = 0x04
RESIDUAL_OK_BIT: Final = 0x02
SPARE_BIT: Final = 0x01  # tied to 1, so that a register that reads zeros is seen

# --- the LED chain -------------------------------------------------------------------------------

LEDS: Final = 12  # 0 to 3: S1 to S4; 4: network; 5: RFID; 6 to 9: frame; 10: mode; 11: touch key
