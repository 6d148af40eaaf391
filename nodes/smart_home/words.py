"""Texts of smart_home for a person and for controllers. Pure."""

from msgs.safety import DIP_SMART_HOME, SafetyStatus
from nodes.smart_home.control import Control, is_enabled
from nodes.smart_home.mqtt_link import MqttClosed, MqttProblem
from nodes.smart_home.orders import (
    CancelTimer,
    Enable,
    LimitEnergy,
    Order,
    SetCurrent,
    SetCurrentLater,
    SetFailsafe,
    StartOrder,
    StopOrder,
)

TOO_MANY = "too many orders wait: try again"
SESSION_SILENT = "the wallbox starts: try again"
NO_CARDS_HERE = "cards over the network are switched off in the settings"
CARD_NEEDED = "the number of a card of the list is needed"
OTHER_CARD = "another card has authorised"
BLOCKED = "too many wrong cards: try again in a minute"
NO_SESSIONS = "the sessions cannot be read: try again"
SILENT = "the controller has not been heard within the time of its failsafe"
FULL = "its energy limit is reached"
CONNECTING = "connecting to the broker"
TOO_FAST = "too many orders: expected ten a second at most"

_MQTT_PROBLEMS = {
    MqttProblem.NAME: "the name of the broker {host} is not known",
    MqttProblem.UNREACHABLE: "the broker {url} does not answer",
    MqttProblem.UNTRUSTED: "the certificate of the broker {host} is not trusted",
    MqttProblem.NO_TLS: "the broker {url} does not speak TLS there",
    MqttProblem.DENIED: "the broker {host} refuses the user name or the password",
    MqttProblem.FORBIDDEN: "the broker {host} does not let this user receive its orders",
    MqttProblem.NO_MQTT: "{url} does not answer as an MQTT broker",
    MqttProblem.LOST: "the connection to the broker {host} was lost",
    MqttProblem.PASSWORD: "the stored password of the broker cannot be used: set it again",
}


def mqtt_problem(closed: MqttClosed, url: str) -> str:
    """Return why there is no connection to a broker."""
    host = url.partition("://")[2].partition(":")[0]
    return _MQTT_PROBLEMS[closed.problem].format(url=url, host=host)


def expected(words: str) -> str:
    """Return why a message orders nothing."""
    return f"expected {words}"


def unanswered(safety: SafetyStatus | None, problem: str) -> str:
    """Return why an interface does not answer, though the settings have it on."""
    if safety is None:
        return "the wallbox starts"
    if not safety.dip & DIP_SMART_HOME:
        return "DIP switch DSW1.3 is off"
    return problem


def stopped(sender: str) -> str:
    """Return why a session ends."""
    return f"by the controller at {sender}"


def not_stored(problem: str) -> str:
    """Return why an order is not confirmed."""
    return f"in force, but not stored: {problem}"


def not_kept(problem: str) -> str:
    """Return why a password is not confirmed."""
    return f"not stored: {problem}"


def refused(sender: str, words: str, refusal: str) -> str:
    """Return a line for the log."""
    return f'"{words}" of {sender} is refused: {refusal}'


def recalled(control: Control) -> str:
    """Return a line for the log, after a restart of the node."""
    enabled = "charging enabled" if is_enabled(control) else "charging paused"
    return f"goes on with what controllers have asked for: {enabled}"


def failsafe(control: Control) -> str:
    """Return a line for the log, when the failsafe begins or ends."""
    if not control.is_failsafe or control.failsafe is None:
        return "failsafe: over, current and enabling have been ordered again"
    current_a = control.failsafe.current_ma / 1000.0
    return f"failsafe: no order for {control.failsafe.timeout_s} s, {current_a:g} A count"


def order(order: Order) -> str:
    """Return an order for a person; the number of a card is not shown."""
    match order:
        case SetCurrent():
            return f"limit {order.current_ma / 1000.0:g} A"
        case SetCurrentLater(delay_s=0):
            return f"limit {order.current_ma / 1000.0:g} A for this charge"
        case SetCurrentLater():
            return f"limit {order.current_ma / 1000.0:g} A for this charge in {order.delay_s} s"
        case CancelTimer():
            return "forget the limit that waits"
        case Enable():
            return "enable charging" if order.is_on else "pause charging"
        case LimitEnergy():
            if not order.energy_dwh:
                return "no energy limit"
            return f"pause after {order.energy_dwh / 10_000.0:g} kWh"
        case SetFailsafe(timeout_s=0):
            return "no failsafe"
        case SetFailsafe():
            current_a = order.current_ma / 1000.0
            return f"failsafe: {current_a:g} A without an order for {order.timeout_s} s"
        case StartOrder():
            return "start" if order.tag is None else "start with a card"
        case StopOrder():
            return "stop" if order.tag is None else "stop with a card"
