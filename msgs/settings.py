"""What is configured: one typed tree with the manual's defaults. The rules of the noun stand here.

A value comes from the default, from what is stored over it, and from the launch file or `--set`
over both; one of the last kind is locked: pages show it, and nobody changes it there.
"""

from typing import Annotated

from msgspec import Meta, Struct

from msgs.units import Name


class Authorization(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page "Authorization & Time Sync" (WEB-9)."""

    required: bool = False  # RFID-6


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration without secrets. Latched, sent on change.

    Silence means that system has not started yet: who needs a value waits for it.
    """

    authorization: Authorization = Authorization()
    locked: Annotated[tuple[Name, ...], Meta(max_length=64)] = ()  # as "authorization.required"
