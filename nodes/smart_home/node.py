"""Wiring of smart_home: look at the messages, step, publish; the interfaces."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from bus import Answer, Bus, Call, leave
from bus.generations import read_valid_or_raise
from bus.rounds import Instant, Rounds
from bus.store import replace_file
from bus.write_behind import write_result
from msgs.dcs import DcsStatus, Link
from msgs.label import LABEL_FILE, Label, network_id
from msgs.methods import SET_BROKER_PASSWORD
from msgs.ports import OwnPort
from msgs.requests import StopReason
from msgs.safety import DIP_SMART_HOME, SafetyStatus
from msgs.settings import Host, Settings
from msgs.smart_home import BrokerPasswordArguments
from msgs.topics import (
    DCS_STATUS,
    LAUNCH_GRAPH,
    LOAD_OFFER,
    METER_BOX,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SETTINGS,
    SMART_HOME_STATUS,
    SMART_HOME_WISH,
)
from msgs.version import VERSION
from nodes.smart_home import words
from nodes.smart_home.datagrams import Datagrams
from nodes.smart_home.machine import start, step
from nodes.smart_home.modbus_desk import (
    MODBUS_OFF,
    MODBUS_PORT,
    ModbusDesk,
    ModbusSettings,
)
from nodes.smart_home.modbus_server import ModbusServer
from nodes.smart_home.mqtt_desk import MQTT_OFF, MqttDesk, MqttSettings
from nodes.smart_home.mqtt_discovery import MqttIdentity
from nodes.smart_home.mqtt_link import PASSWORD_FILE, MqttLink
from nodes.smart_home.senders import PORT
from nodes.smart_home.snapshot import BoxSnapshot, NewestMessages, snapshot_of
from nodes.smart_home.state import Inputs, OrderCall, OrderReplied, Outputs, Stores, session_seen
from nodes.smart_home.store import load, save
from nodes.smart_home.udp_desk import OFF, UdpDesk, UdpSettings
from nodes.smart_home.udp_reports import Identity

RUNNER: Literal["blocking", "asyncio"] = "asyncio"

LOOK_S = 0.5
NO_ID = "0"  # of a box without a label


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    host: Host = ""  # the address of its interfaces; "": each of this machine
    udp_port: OwnPort = PORT
    modbus_port: OwnPort = MODBUS_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of smart_home."""

    datagrams: Datagrams
    modbus: ModbusServer
    mqtt: MqttLink


class SmartHomeNode:
    """The settings, seven topics, one machine, three interfaces."""

    def __init__(self, bus: Bus, parameters: Parameters, drivers: Drivers) -> None:
        """Read what is kept.

        :raises StoreError: the label cannot be read.
        """
        self._bus, self._drivers = bus, drivers
        label = read_valid_or_raise(bus.state_dir / LABEL_FILE, Label)
        kept, is_lost, lasting = load(bus.run_dir, bus.state_dir, bus.log)
        self._state = start(kept, lasting, bus.clock.now_s(), is_lost=is_lost)
        self._lasting = lasting
        self._settings = bus.subscribe(SETTINGS, on_change=self._on_change)
        self._graph = bus.subscribe(LAUNCH_GRAPH, uses=lambda graph: graph.series)
        self._session = bus.subscribe(SESSION_STATUS, on_change=self._on_change, uses=session_seen)
        self._safety = bus.subscribe(SAFETY_STATUS, uses=dip_of)
        self._dcs = bus.subscribe(DCS_STATUS, uses=is_online)
        # Looked at when somebody asks.
        self._pilot = bus.subscribe(PILOT_STATUS, uses=lambda _: None)
        self._box = bus.subscribe(METER_BOX, uses=lambda _: None)
        self._offer = bus.subscribe(LOAD_OFFER, uses=lambda _: None)
        identity = Identity(serial="" if label is None else label.serial, firmware=VERSION)
        box_id = NO_ID if label is None else network_id(label)
        number = count(1).__next__  # of the next order, of either interface
        self._udp = UdpDesk(
            bus,
            drivers.datagrams,
            (parameters.host, parameters.udp_port),
            identity,
            self._see,
            self._on_order,
            number,
        )
        self._modbus = ModbusDesk(
            bus,
            drivers.modbus,
            (parameters.host, parameters.modbus_port),
            identity.serial,
            drivers.datagrams.networks,
            self._see,
            self._on_order,
            number,
        )
        self._mqtt = MqttDesk(
            bus,
            drivers.mqtt,
            MqttIdentity(id=f"wallbox_{box_id}", firmware=VERSION),
            self._see,
            self._on_order,
            number,
        )
        self._password_count = 0  # how often it was stored since the start
        bus.serve(SET_BROKER_PASSWORD, self._set_password)
        bus.on_stop(self._stop)
        self._rounds: Rounds[Inputs, Outputs] = Rounds(
            bus, LOOK_S, self._look, self._act, is_exact=True
        )

    def _on_change(self, _: object) -> None:
        self._rounds.wake()

    def _on_order(self, call: OrderCall) -> None:
        self._rounds.run(lambda inputs: replace(inputs, order=call))

    def _look(self, instant: Instant) -> Inputs:
        clock, settings, safety = self._bus.clock, self._settings.message, self._safety.message
        session, graph = self._session.fresh(), self._graph.message
        udp = OFF if settings is None else udp_settings_of(settings, safety)
        self._udp.use(udp)
        modbus = MODBUS_OFF if settings is None else modbus_settings_of(settings, safety)
        self._modbus.use(modbus)
        mqtt = mqtt_settings_of(settings, safety, self._password_count)
        self._mqtt.use(mqtt)
        has_udp = settings is not None and settings.smart_home.udp
        has_modbus = settings is not None and settings.smart_home.modbus
        has_mqtt = settings is not None and settings.smart_home.mqtt_url != ""
        is_used = udp.is_on or modbus.is_on or mqtt.url != ""
        return Inputs(
            now_s=instant.now_s,
            utc_ns=instant.utc_ns,
            boot=clock.boot(),
            series="" if graph is None else graph.series,
            is_used=None if settings is None or safety is None else is_used,
            session=None if session is None else session_seen(session),
            has_udp=has_udp,
            udp=words.unanswered(safety, self._udp.problem) if has_udp else "",
            has_modbus=has_modbus,
            modbus=words.unanswered(safety, self._modbus.problem) if has_modbus else "",
            has_mqtt=has_mqtt,
            mqtt=words.unanswered(safety, self._mqtt.problem) if has_mqtt else "",
        )

    def _act(self, inputs: Inputs) -> Outputs:
        bus = self._bus
        self._state, outputs = step(self._state, inputs)
        if outputs.wishes is not None:
            bus.publish(SMART_HOME_WISH, outputs.wishes)
        self._rounds.say(SMART_HOME_STATUS, outputs.status)
        for level, text in outputs.lines:
            bus.log(level, text)
        for request in outputs.requests:
            bus.request(request.method, request.arguments, partial(self._on_reply, request.number))
        if outputs.write is not None:
            self._write(outputs.write)
        for number, outcome in outputs.answers:
            self._udp.answer(number, outcome)
            self._modbus.answer(number, outcome)
            self._mqtt.answer(number, outcome)
        return outputs

    def _write(self, stores: Stores) -> None:
        lasts = stores.lasting != self._lasting
        bus = self._bus
        work = partial(save, bus.run_dir, bus.state_dir, stores, lasts=lasts)
        bus.offload("orders", work, partial(self._on_written, stores))

    def _on_written(self, stores: Stores, result: Exception | None) -> None:
        if result is None:
            self._lasting = stores.lasting
        written = write_result(result)
        self._rounds.run(lambda inputs: replace(inputs, written=written))

    def _set_password(self, call: Call[BrokerPasswordArguments, None]) -> None:
        content = call.arguments.password.encode()
        work = partial(replace_file, self._bus.state_dir / PASSWORD_FILE, content)
        self._bus.offload("password", work, partial(self._on_password, call))

    def _on_password(
        self, call: Call[BrokerPasswordArguments, None], result: Exception | None
    ) -> None:
        written = write_result(result)
        if written.problem is not None:
            self._bus.log("error", f"the password of the broker: {written.detail}")
            call.refuse(words.not_kept(written.problem))
            return
        self._password_count += 1
        self._rounds.wake()
        call.ok(None)

    def _on_reply(self, number: int, answer: Answer[Any]) -> None:
        replied = OrderReplied(number=number, answer=answer)
        self._rounds.run(lambda inputs: replace(inputs, replied=replied))

    def _see(self) -> BoxSnapshot:
        offer, dcs = self._offer.fresh(), self._dcs.fresh()
        safety = self._safety.fresh()
        self._udp.has_service = dcs is not None and is_online(dcs)
        self._udp.identity_dip = 0 if safety is None else safety.dip
        seen = NewestMessages(
            safety=safety,
            pilot=self._pilot.fresh(),
            session=self._session.fresh(),
            box=self._box.fresh(),
            limit_a=None if offer is None else offer.limit_a,
        )
        return snapshot_of(seen, self._state.control, self._bus.clock.now_s())

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._rounds.stop()
        leave(self._drivers.datagrams, reason)
        leave(self._drivers.modbus, reason)
        self._mqtt.stop(done)


def dip_of(safety: SafetyStatus) -> int:
    """Return the DIP switches, as report 1 has them."""
    return safety.dip


def is_online(dcs: DcsStatus) -> bool:
    """Return whether the charging service is connected."""
    return dcs.link is Link.ONLINE


def udp_settings_of(settings: Settings, safety: SafetyStatus | None) -> UdpSettings:
    """Return how the UDP interface is used: the settings and DSW1.3 have to switch it on."""
    section = settings.smart_home
    if not (section.udp and _is_used(settings, safety)):
        return OFF
    return UdpSettings(
        is_on=True,
        allowed=section.allowed,
        may_start=section.udp_start,
        shows_tags=section.udp_tokens,
    )


def modbus_settings_of(settings: Settings, safety: SafetyStatus | None) -> ModbusSettings:
    """Return how the Modbus interface is used, likewise."""
    section = settings.smart_home
    if not (section.modbus and _is_used(settings, safety)):
        return MODBUS_OFF
    return ModbusSettings(is_on=True, allowed=section.allowed, has_tags=section.udp_tokens)


def mqtt_settings_of(
    settings: Settings | None, safety: SafetyStatus | None, password_count: int
) -> MqttSettings:
    """Return how the MQTT interface is used, likewise."""
    if settings is None or not (settings.smart_home.mqtt_url and _is_used(settings, safety)):
        return MQTT_OFF
    section = settings.smart_home
    return MqttSettings(
        url=section.mqtt_url,
        user=section.mqtt_user,
        has_discovery=section.mqtt_discovery,
        may_start=section.udp_start,
        revision=password_count,
    )


def _is_used(settings: Settings, safety: SafetyStatus | None) -> bool:
    is_on = safety is not None and safety.dip & DIP_SMART_HOME != 0
    return settings.smart_home.enabled and is_on


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> SmartHomeNode:
    """Start the node.

    :raises StoreError: the label cannot be read.
    """
    node = SmartHomeNode(bus, parameters, drivers)
    bus.ready()
    return node
