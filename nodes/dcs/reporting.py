"""Reports that the service has asked for now (1.6: TriggerMessage, case 25). Pure."""

from msgspec.structs import replace

from nodes.dcs import status
from nodes.dcs.boot import BEAT
from nodes.dcs.box_asks import Asked, Beat, FirmwareReport, LogReport
from nodes.dcs.dialect import ServiceRequest
from nodes.dcs.events import ReportKind, Trigger, Verdict
from nodes.dcs.state import CONNECTOR, Waiting
from nodes.dcs.turn import Turn
from nodes.dcs.variables import text_of

CONNECTORS = (status.BOX, CONNECTOR)


def trigger(turn: Turn, request: ServiceRequest, asked: Trigger) -> None:
    """Answer, and send the report after it."""
    if asked.kind is None:
        turn.verdict(request, Verdict.NOT_IMPLEMENTED)
        return
    if asked.connector not in (None, *CONNECTORS):
        turn.verdict(request, Verdict.REJECTED, f"there is no connector {asked.connector}")
        return
    connectors = CONNECTORS if asked.connector is None else (asked.connector,)
    reports: list[tuple[str, Asked]] = []
    match asked.kind:
        case ReportKind.BOOT:
            registered = replace(turn.state.registered, is_asked_again=True, boot_s=turn.now_s)
            turn.set(registered=registered)
        case ReportKind.BEAT:
            reports.append((BEAT, Beat()))
        case ReportKind.STATUS:
            found = (status.report_of(turn, each) for each in connectors)
            reports += [(status.key_of(each.connector), each) for each in found if each]
            if not reports:
                turn.verdict(request, Verdict.REJECTED, "the status is not known")
                return
        case ReportKind.VALUES:
            if CONNECTOR not in connectors or not text_of(turn, "MeterValuesSampledData"):
                turn.verdict(request, Verdict.REJECTED, "there are no values to be sent")
                return
            turn.set(triggered=True)
        case ReportKind.FIRMWARE:
            reports.append(("firmware", FirmwareReport()))
        case ReportKind.LOG:
            reports.append(("log", LogReport()))
    turn.verdict(request, Verdict.ACCEPTED)
    for key, report in reports:
        turn.wait(Waiting(asked=report, key=f"triggered {key}", is_early=True))
