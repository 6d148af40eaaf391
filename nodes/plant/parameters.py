"""The parameters of the simulated world, and the parts of the world that follow from them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from msgs.ports import OwnPort
from msgs.safety import DIP_LIMIT_A
from msgs.settings import METER_LINES, PhaseAssignment
from msgs.units import Name
from nodes.plant.mains import Mains
from nodes.plant.vehicle import Charger
from nodes.plant.world import Setup

LoadAmps = Annotated[float, Meta(ge=0, le=200)]
Delay = Annotated[float, Meta(ge=0, le=600)]


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The house, the box's switches, and the vehicle."""

    house_host: str = "127.0.0.1"  # where the simulated meters listen
    house_port: OwnPort = 1502  # 0: any free one
    house_map: Name = "tq"  # of both meters: which map, as `nodes.modbus_map.maps`
    house_a: tuple[LoadAmps, LoadAmps, LoadAmps] = (2.0, 2.0, 2.0)  # other loads, L1 first
    phases: Literal[1, 3] = 3  # of the installation that reach the box; 1: L1 alone
    # The house's phases that feed the box's L1, L2 and L3; "L2": its L1, where it has one phase.
    wiring: PhaseAssignment = PhaseAssignment.L1_L2_L3
    house_trace: str = ""  # path of a recorded house, played on L1 instead of house_a
    sun_w: Annotated[float, Meta(ge=0, le=100_000)] = 0.0
    wander_percent: Annotated[float, Meta(ge=0, le=3)] = 1.0  # drift of the grid's voltage
    # Of the box's converters: standard deviation of each sample on each analog channel.
    noise_lsb: Annotated[float, Meta(ge=0, le=100)] = 0.0
    ambient_c: Annotated[float, Meta(ge=-40, le=60)] = 20.0
    dip_a: Literal[10, 13, 16, 20, 25, 32] = 32  # DSW1.6 to .8: the installation's maximum
    external_input: bool = False  # DSW1.1: the external input is used
    smart_home: bool = True  # DSW1.3: local controllers may be answered
    dip2: Annotated[int, Meta(ge=0, le=255)] = 0  # DSW2, switch .1 is the most significant bit
    vehicle_phases: Literal[1, 2, 3] = 3
    vehicle_max_a: Annotated[float, Meta(ge=6, le=80)] = 32.0
    vehicle_charged_percent: Annotated[float, Meta(ge=0, le=100)] = 40.0  # when it arrives
    battery_kwh: Annotated[float, Meta(gt=0, le=1000)] = 60.0
    ready_after_s: Delay | None = None  # from plug-in to asking for energy; None: by `ready` only
    start_delay_s: Delay = 1.0  # offer to S2 closed
    precharge_s: Delay = 1.0
    ramp_up_a_s: Annotated[float, Meta(gt=0, le=1000)] = 5.0
    dead_time_s: Delay = 1.0  # changed duty to changed current


def setup_of(parameters: Parameters) -> Setup:
    """Return the constants of the world."""
    switches = next(bits for bits, limit in DIP_LIMIT_A.items() if limit == parameters.dip_a)
    return Setup(
        charger=Charger(
            phases=parameters.vehicle_phases,
            max_a=parameters.vehicle_max_a,
            ready_after_s=parameters.ready_after_s,
            start_delay_s=parameters.start_delay_s,
            precharge_s=parameters.precharge_s,
            ramp_up_a_s=parameters.ramp_up_a_s,
            dead_time_s=parameters.dead_time_s,
            battery_wh=1000.0 * parameters.battery_kwh,
            arrives_charged_ratio=parameters.vehicle_charged_percent / 100.0,
        ),
        ambient_c=parameters.ambient_c,
        # DSW1.1 is the highest bit; DSW1.6, .7, .8 are the three lowest, .8 the lowest.
        dip1=128 * parameters.external_input
        + 32 * parameters.smart_home
        + 4 * switches[0]
        + 2 * switches[1]
        + switches[2],
        dip2=parameters.dip2,
    )


def mains_of(parameters: Parameters) -> Mains:
    """Return the supply at the start."""
    first = METER_LINES[parameters.wiring][0]
    return Mains(
        phases=parameters.phases,
        wiring=(first, (first + 1) % 3, (first + 2) % 3),
        house_a=parameters.house_a,
        sun_w=parameters.sun_w,
    )
