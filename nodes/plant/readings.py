"""What the box's sensors, the meters and a person read of the simulated world."""

from msgs.led import Color, Effect, Key, LedFrame, Light
from msgs.meter import Line
from msgs.plant import (
    SimCards,
    SimFault,
    SimKeys,
    SimPower,
    SimSignals,
    VehicleState,
    WorldStatus,
)
from nodes.modbus_map.codec import Values
from nodes.plant import cp_line
from nodes.plant.mains import NOMINAL_HZ, live
from nodes.plant.noise import (
    CURRENT_A,
    EXACT,
    FREQUENCY_HZ,
    POWER_W,
    VOLTAGE_V,
    ChipErrors,
    in_steps,
    rms,
)
from nodes.plant.world import World

EARTH_OHM = 0.8  # assumed: the loop of a sound TN connection
HIGH_EARTH_OHM = 2000.0  # the fault `pe_high`: high-ohmic, and not open
OPEN_EARTH_OHM = 1e6  # assumed: what the measurement shows of a broken loop
# Both chips on one SPI bus answer zeros: the CP line's divider (200k, 47k, 75k) then shows -14 V,
# the NTC seems shorted, and the meter chip measures 0; its counters are kept.
STUCK_V = -14.05
STUCK_C = 200.0
BROKEN_NTC_C = -60.0  # what the converter shows of a broken NTC: the coldest value


def signals_of(world: World) -> SimSignals:
    """Return what the box's converters and inputs read. Temperatures are in steps of 0.1 K."""
    faults, heat = world.faults, world.heat
    high_v, low_v = _pilot_v(world)
    terminal_c, board_c = round(heat.terminal_c, 1), round(heat.board_c, 1)
    if SimFault.NTC_OPEN in faults:
        terminal_c = BROKEN_NTC_C
    if not world.mains.is_on:
        earth_ohm = 0.0  # no mains, no measuring current: the converter shows 0
    elif SimFault.PE_OPEN in faults:
        earth_ohm = OPEN_EARTH_OHM
    else:
        earth_ohm = HIGH_EARTH_OHM if SimFault.PE_HIGH in faults else EARTH_OHM
    if SimFault.SPI_STUCK in faults:
        high_v, low_v, earth_ohm, terminal_c, board_c = STUCK_V, STUCK_V, 0.0, STUCK_C, STUCK_C
    return SimSignals(
        high_v=high_v,
        low_v=low_v,
        duty_percent=world.duty_percent,
        mirror_closed=world.contactor.mirror_closed and SimFault.MIRROR_DEAD not in faults,
        load_voltage=True in live(world.mains, world.contactor.poles, faults),
        residual_ac=world.monitor.ac.active,
        residual_dc=world.monitor.dc.active,
        earth_ohm=earth_ohm,
        terminal_c=terminal_c,
        board_c=board_c,
        overtemperature=heat.switch_open,
        dip1=world.setup.dip1,
        dip2=world.setup.dip2,
        power_on_reset=world.power_on_reset,
        external_closed=world.is_external_closed,
        spi_stuck=SimFault.SPI_STUCK in faults,
    )


def power_of(world: World, errors: ChipErrors = EXACT) -> SimPower | None:
    """Return what the box's meter chip shows, in its steps; None: it is silent."""
    if SimFault.CHIP_DEAD in world.faults:
        return None
    flow, box_wh = world.frozen or (world.flow, world.energy.box_wh)
    if SimFault.SPI_STUCK in world.faults or SimFault.CHIP_ZERO in world.faults:
        one, two, three = (
            Line(
                current_a=0.0,
                voltage_v=0.0,
                power_w=0.0,
                power_factor=1.0,
                imported_wh=counted_wh,
                exported_wh=0.0,
            )
            for counted_wh in box_wh
        )
        return SimPower(lines=(one, two, three))
    one, two, three = (
        Line(
            current_a=rms(flow.box_a[line], errors.currents_a[line], CURRENT_A),
            voltage_v=rms(flow.box_v[line], errors.voltages_v[line], VOLTAGE_V),
            power_w=in_steps(flow.box_w[line] + errors.powers_w[line], POWER_W),
            power_factor=flow.power_factor if flow.box_a[line] else 1.0,
            imported_wh=box_wh[line],
            exported_wh=0.0,
        )
        for line in range(3)
    )
    frequency_hz = NOMINAL_HZ if any(flow.box_v) else 0.0
    return SimPower(
        lines=(one, two, three),
        frequency_hz=rms(frequency_hz, errors.frequency_hz, FREQUENCY_HZ),
    )


def is_measuring(world: World) -> bool:
    """Return whether the values of the box's meter chip come from a measurement."""
    broken = {SimFault.CHIP_DEAD, SimFault.CHIP_ZERO, SimFault.SPI_STUCK}
    return world.frozen is None and broken.isdisjoint(world.faults)


def house_of(world: World) -> Values:
    """Return what the meter at the house connection measures: other loads and box, less sun."""
    flow, energy = world.flow, world.energy
    one, two, three = (
        _line(
            flow.house_a[line],
            flow.house_v[line],
            flow.house_w[line],
            energy.house_in_wh[line],
            energy.house_out_wh[line],
        )
        for line in range(3)
    )
    return Values(
        lines=(one, two, three),
        power_w=sum(flow.house_w),
        imported_wh=energy.total_in_wh,
        exported_wh=energy.total_out_wh,
    )


def frequency_of(world: World) -> float:
    """Return the frequency that the meters of house and sun measure [Hz]."""
    return NOMINAL_HZ if any(world.flow.house_v) else 0.0


def solar_of(world: World) -> Values:
    """Return what the solar meter measures: export only."""
    flow, third_wh = world.flow, world.energy.sun_wh / 3.0
    one, two, three = (
        _line(-flow.sun_a, voltage_v, -flow.sun_a * voltage_v, 0.0, third_wh)
        for voltage_v in flow.house_v
    )
    return Values(
        lines=(one, two, three),
        power_w=-flow.sun_w,
        imported_wh=0.0,
        exported_wh=world.energy.sun_wh,
    )


def status_of(world: World, lights: LedFrame | None, ports: dict[str, int]) -> WorldStatus:
    """Return the state of the world for a person."""
    return WorldStatus(
        vehicle=_vehicle_state(world),
        contacts_closed=world.contactor.poles,
        coil=world.contactor.coil,
        current_a=world.flow.box_a,
        house_a=world.mains.house_a,
        sun_w=world.mains.sun_w,
        mains=world.mains.is_on,
        duty_percent=world.duty_percent,
        faults=tuple(sorted(world.faults)),
        lights=describe(lights),
        ports=ports,
        cards=world.hands.uids,
        keys=world.hands.keys,
        external_closed=world.is_external_closed,
    )


def cards_of(world: World) -> SimCards:
    """Return the cards in the reader's field; without mains the reader has no supply."""
    works = world.mains.is_on and SimFault.READER_DEAD not in world.faults
    return SimCards(works=works, uids=world.hands.uids if works else ())


def keys_of(world: World) -> SimKeys:
    """Return which keys are pressed."""
    pressed = world.hands.keys
    return SimKeys(service=Key.SERVICE in pressed, touch=Key.TOUCH in pressed)


def describe(lights: LedFrame | None) -> str:
    """Return the front as text, segments first."""
    if lights is None:
        return "off: no lights were received yet"
    segments = ", ".join(_light(light) for light in lights.segments)
    others = ", ".join(
        f"{name} {_light(light)}"
        for name, light in (
            ("network", lights.network),
            ("rfid", lights.rfid),
            ("frame", lights.frame),
            ("mode", lights.mode),
            ("touch", lights.touch),
        )
    )
    return f"S1..S4 {segments}; {others}; tone {lights.tone}"


def _pilot_v(world: World) -> tuple[float, float]:
    """Return both plateaus [V]. Faults of the line override the vehicle behind it."""
    faults, car = world.faults, world.vehicle
    if not world.mains.is_on:
        return 0.0, 0.0  # the generator has no supply
    load: cp_line.Load | None = None
    if not world.commands.is_connected:
        load = None  # the voltages are measured before the relay
    elif SimFault.CP_SHORT in faults:
        load = cp_line.SHORT
    elif SimFault.CP_OPEN in faults:
        load = None
    elif SimFault.CP_MID in faults:
        load = cp_line.MIDDLE
    elif car.plugged:
        load = cp_line.vehicle_load(car.s2, has_diode=SimFault.NO_DIODE not in faults)
    return cp_line.plateaus(world.line_percent, load)


def _line(
    current_a: float, voltage_v: float, power_w: float, imported_wh: float, exported_wh: float
) -> Line:
    apparent_va = abs(current_a) * voltage_v
    return Line(
        current_a=current_a,
        voltage_v=voltage_v,
        power_w=power_w,
        power_factor=min(1.0, abs(power_w) / apparent_va) if apparent_va else 1.0,
        imported_wh=imported_wh,
        exported_wh=exported_wh,
    )


def _vehicle_state(world: World) -> VehicleState:
    car = world.vehicle
    if not car.plugged:
        return VehicleState.AWAY
    if car.is_leaving or (car.current_a > 0.0 and car.target_a == 0.0):
        return VehicleState.STOPPING
    if car.current_a > 0.0:
        return VehicleState.CHARGING
    if car.is_full:
        return VehicleState.FULL
    return VehicleState.READY if car.wants else VehicleState.PLUGGED


def _light(light: Light) -> str:
    if light.color is Color.OFF or light.effect is Effect.OFF:
        return "off"
    return f"{light.color} {light.effect}"
