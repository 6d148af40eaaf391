"""Wiring of dcs: follow the settings; begin when they name a service. See `charge_point.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

from bus import Bus, Call, leave
from msgs.dcs import CardDecision, CardVerdict, CheckCard
from msgs.methods import CHECK_CARD, UNPAIR
from msgs.ports import PortKind
from msgs.requests import NoArguments, StopReason
from msgs.settings import OperatingMode, ServiceUrl, Settings
from msgs.topics import SETTINGS
from nodes.dcs.charge_point import ChargePoint
from nodes.dcs.link import ProxyServer, Uplink
from nodes.dcs.service import Service

RUNNER: Literal["blocking", "asyncio"] = "asyncio"


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    # The preset service, with which the box can be paired; `dcs.url` of the settings replaces it.
    # A service on this machine is a simulated one, whose port --ports moves.
    service_url: Annotated[ServiceUrl, Meta(extra={"port": PortKind.TEXT})] = ""
    look_s: Annotated[float, Meta(ge=0.1, le=1.0)] = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of dcs."""

    uplink: Uplink


class DcsNode:
    """The settings, and the charge point once they name a service."""

    def __init__(self, bus: Bus, parameters: Parameters, uplink: Uplink) -> None:
        self._bus = bus
        self._parameters = parameters
        self._uplink = uplink
        self._service: Service | None = None
        self._charge_point: ChargePoint | None = None
        bus.subscribe(SETTINGS, on_change=self._follow)
        bus.serve(CHECK_CARD, self._on_card)
        bus.serve(UNPAIR, self._on_unpair)
        bus.on_stop(self._stop)

    def _follow(self, settings: Settings) -> None:
        """Follow a change of the settings."""
        self._service = service_of(settings, self._parameters.service_url)
        if self._charge_point is None and self._service is not None:
            self._charge_point = ChargePoint(self._bus, self._parameters.look_s, self._uplink)
        if self._charge_point is not None:
            self._charge_point.use(self._service)

    def _on_card(self, call: Call[CheckCard, CardDecision]) -> None:
        if self._charge_point is not None:
            self._charge_point.check_card(call)
        else:
            token = call.arguments.token
            call.ok(CardDecision(verdict=CardVerdict.NOT_ASKED, token=token))

    def _on_unpair(self, call: Call[NoArguments, None]) -> None:
        if self._charge_point is not None:
            self._charge_point.unpair(call)
        else:
            call.refuse("No charging service is used.")

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        def end() -> None:
            leave(self._uplink, reason)
            done()

        if self._charge_point is None:
            end()
        else:
            self._charge_point.stop(reason, end)


def service_of(settings: Settings, preset_url: str) -> Service | None:
    """Return the service that is used; None: none. In fleet mode there is none (MET-6)."""
    dcs, proxy = settings.dcs, settings.proxy
    if settings.operating_mode is OperatingMode.FLEET:
        return None
    if dcs.url and not dcs.enabled:  # the owner has switched it off
        return None
    url = dcs.url or preset_url
    if not url:
        return None
    server = None
    if proxy.enabled:
        server = ProxyServer(host=proxy.address, port=proxy.port, user=proxy.user)
    return Service(
        url=url,
        is_given=dcs.url != "",
        is_enabled=dcs.enabled,
        plan_wait_s=float(dcs.plan_wait_s),
        fallback_a=dcs.fallback_a,
        security_profile=dcs.security_profile,
        proxy=server,
    )


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> DcsNode:
    """Start the node."""
    node = DcsNode(bus, parameters, drivers.uplink)
    bus.ready()
    return node
