"""What local controllers have asked for, as text (MET-7). Pure."""

from collections.abc import Mapping

from msgs.smart_home import SmartHomeOrder, SmartHomeStatus
from view.silence import silence
from view.snapshot import Snapshot


def smart_home_words(snapshot: Snapshot) -> str:
    """Return what a controller has asked for last, and what counts now."""
    settings, said = snapshot.settings.message, snapshot.smart_home.fresh
    if settings is None or not settings.smart_home.enabled:
        return "not used"
    if said is None:
        return silence(snapshot, snapshot.smart_home)
    problems = {
        name: problem
        for name, is_on, problem in (
            ("UDP", said.has_udp, said.udp),
            ("Modbus", said.has_modbus, said.modbus),
            ("MQTT", said.has_mqtt, said.mqtt),
        )
        if is_on and problem
    }
    if problems and len(problems) == said.has_udp + said.has_modbus + said.has_mqtt:  # none answers
        return _unanswered(problems)
    parts = (_unanswered(problems), _counts(said), _last(said.last))
    return "; ".join(part for part in parts if part)


def _unanswered(problems: Mapping[str, str]) -> str:
    """Return why interfaces, by their names, do not answer; "": each does."""
    if len(problems) > 1 and len(set(problems.values())) == 1:
        return f"{' and '.join(problems)} do not answer: {next(iter(problems.values()))}"
    return "; ".join(f"{name} does not answer: {problem}" for name, problem in problems.items())


def _counts(said: SmartHomeStatus) -> str:
    """Return what counts now; "": nothing limits."""
    if said.is_failsafe:
        return f"no order for {said.failsafe_s:g} s: the failsafe of {said.failsafe_a:g} A counts"
    if not said.is_enabled:
        return "charging is paused"
    return "" if said.limit_a is None else f"at most {said.limit_a:g} A"


def _last(order: SmartHomeOrder | None) -> str:
    if order is None:
        return "no order yet"
    words = f"last order of {order.sender}: {order.words}"
    if order.refusal:
        return f"{words}, refused: {order.refusal}"
    return f"{words}, being carried out" if order.is_open else words
