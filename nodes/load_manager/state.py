"""What the arbiter remembers. Pure."""

import math

from msgspec import Struct, field

from msgs.load_manager import HouseMeter
from nodes.load_manager.clamps import Clamps
from nodes.load_manager.external_input import ExternalInput
from nodes.load_manager.house import Headroom, HouseMeterState
from nodes.load_manager.meter_pace import MeterPace
from nodes.load_manager.ramp import Ramp
from nodes.load_manager.rest import Rest
from nodes.load_manager.search import SearchState
from nodes.load_manager.solar import SolarState
from nodes.load_manager.supply_limits import SupplyLimits
from nodes.load_manager.thermal_budget import ThermalBudget
from nodes.load_manager.unbalance import UnbalanceState
from nodes.load_manager.vehicle import Drawn, VehicleDraw

NONE_WIRED = (False, False, False)  # safety does not know yet which phases are wired


class State(Struct, frozen=True, kw_only=True):
    """What is remembered from one instant to the next."""

    begun_s: float
    house: HouseMeterState
    supply_limits: SupplyLimits | None = None  # in use; None: the settings are not known yet
    wired: tuple[bool, bool, bool] = NONE_WIRED  # the box's phases, as safety has found them
    vehicle: VehicleDraw = field(default_factory=VehicleDraw)
    headroom: Headroom | None = None  # of the newest good reading
    headroom_ns: int = 0  # when the newest good reading was taken
    drawn: Drawn | None = None  # by the vehicle when the newest good reading was taken
    fresh_headroom_a: float = math.inf  # the headroom of the newest fresh reading
    pace: MeterPace = field(default_factory=MeterPace)
    budget: ThermalBudget | None = None  # None: there is none, or no reading yet
    clamps: Clamps = field(default_factory=Clamps)  # since the plug went in
    others_a: float = 0.0  # the lowest claim but that of the missing proof
    ramp: Ramp | None = None
    rest: Rest = field(default_factory=Rest)
    ramp_ends_s: float | None = None  # monitoring was switched off: the ramp limits until then
    solar: SolarState = SolarState()
    unbalance: UnbalanceState = UnbalanceState()
    external_input: ExternalInput = ExternalInput()
    start_a: float | None = None  # pilot's offer before this node began
    out_since_s: float | None = None  # the plug
    awaited_claims: tuple[str, ...] = ()  # claims not known yet since the start
    given_up_claims: tuple[str, ...] = ()  # claims not known that are not waited for any more
    is_house_known: bool = False  # it has been ONLINE since the start
    is_start_over: bool = False  # since the start awaited_claims has been empty once
    search: SearchState = field(default_factory=SearchState)  # of the phase assignment
    has_published: bool = False


def start(now_s: float) -> State:
    """Return the state to start with."""
    return State(begun_s=now_s, house=HouseMeterState(meter=HouseMeter.STARTING, since_s=now_s))
