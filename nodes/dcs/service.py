"""The charging service that the settings name."""

from msgspec import Struct

from nodes.dcs.link import ProxyServer


class Service(Struct, frozen=True, kw_only=True):
    """What settings and launch file say of the service."""

    url: str
    is_given: bool  # by the settings: counts as paired
    is_enabled: bool  # its limits count
    plan_wait_s: float
    fallback_a: float = 6.0  # in place of a plan, while this node is silent
    security_profile: int = 0
    proxy: ProxyServer | None = None
