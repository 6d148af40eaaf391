"""What the tests of rfid share: cards, a label, the machine's scenario step by step."""

from msgspec.structs import replace

from bus import Answer, Status
from bus.write_behind import WriteResult
from msgs.card import Card, CardColor, CardRole
from msgs.dcs import CardDecision, CheckCard
from msgs.rfid import RfidStatus
from msgs.session import Action, Authorized, SessionStatus
from nodes.rfid.cards import Cards
from nodes.rfid.field import POLL_S, CardEvent, Unclear
from nodes.rfid.machine import start, step
from nodes.rfid.outcome import CardResult
from nodes.rfid.state import Inputs, ListWrite, State, view_of
from tests.builders import box_label, session_status

MASTER, RED, GREEN, BLUE = "A1B2C3D4", "11223344", "55667788", "99AABBCC"
NEW = "04112233445566"  # ISO 14443, 7 bytes
OTHER = "E004015012345678"  # ISO 15693
RANDOM = "08123456"
UNREADABLE, SEVERAL = CardEvent(problem=Unclear.UNREADABLE), CardEvent(problem=Unclear.SEVERAL)

LABEL = box_label(MASTER, RED, GREEN, BLUE)
CARDS: Cards = (
    Card(uid=MASTER, role=CardRole.MASTER, color=CardColor.WHITE, name="Master card"),
    Card(uid=RED, role=CardRole.USER, color=CardColor.RED, name="Red card"),
    Card(uid=GREEN, role=CardRole.USER, color=CardColor.GREEN, name="Green card"),
    Card(uid=BLUE, role=CardRole.USER, color=CardColor.BLUE, name="Blue card"),
)
FREE = session_status(authorization_required=True)
PLUGGED = replace(FREE, plugged=True)
RELEASED = Answer(status=Status.OK, result=Authorized(action=Action.RELEASED))


class Scenario:
    """A machine with a session that answers and a disk that keeps, stepped by hand."""

    def __init__(self, cards: Cards = CARDS, now_s: float = 100.0) -> None:
        self.now_s = now_s
        self.state: State = start(cards, now_s)
        self.session: SessionStatus | None = FREE
        self.works = True
        self.answer: Answer[Authorized] | None = RELEASED  # None: it comes later
        self.disk_problem: str | None = ""  # None: it takes its time
        self.has_service = False
        self.decision: Answer[CardDecision] | None = None  # None: it comes later
        self.checked: list[CheckCard] = []
        self.asked: list[str] = []
        self.writes: list[ListWrite] = []
        self.disk = cards
        self.said: list[tuple[float, RfidStatus]] = []
        self.lines: list[tuple[str, str]] = []
        self.step()

    @property
    def status(self) -> RfidStatus:
        return self.said[-1][1]

    def step(
        self,
        event: CardEvent | None = None,
        answer: Answer[Authorized] | None = None,
        decision: Answer[CardDecision] | None = None,
        written: WriteResult | None = None,
        change: ListWrite | None = None,
    ) -> RfidStatus:
        inputs = Inputs(
            now_s=self.now_s,
            works=self.works,
            vehicle=view_of(self.session),
            has_service=self.has_service,
            event=event,
            decision=decision,
            answer=answer,
            written=written,
            change=change,
        )
        self.state, outputs = step(self.state, inputs)
        self.lines += outputs.lines
        if outputs.status is not None:
            self.said.append((self.now_s, outputs.status))
        if outputs.write is not None:
            self.writes.append(outputs.write)
            if self.disk_problem is not None:
                self.finish(self.disk_problem or None)
        if outputs.check_for is not None:
            self.checked.append(outputs.check_for)
            if self.decision is not None:
                self.step(decision=self.decision)
        if outputs.request_for is not None:
            self.asked.append(outputs.request_for)
            if self.answer is not None:
                self.step(answer=self.answer)
        return self.status

    @property
    def result(self) -> CardResult:
        """What happened last."""
        return self.state.outcome.result

    def finish(self, problem: str | None = None) -> RfidStatus:
        """Let the oldest write that waits end."""
        if problem is None:
            assert self.state.store.writing is not None
            self.disk = self.state.store.writing.cards
        return self.step(written=WriteResult(problem=problem))

    def present(self, uid: str) -> RfidStatus:
        return self.step(event=CardEvent(uid=uid))

    def wait(self, seconds: float) -> RfidStatus:
        """Let time pass, with the rounds of polls that see nothing new."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(self.now_s + POLL_S, end_s)
            self.step()
        return self.status

    def teach(self, uid: str) -> RfidStatus:
        """Present the master, a new card, the master, 2 s apart."""
        self.present(MASTER)
        self.wait(2.0)
        self.present(uid)
        self.wait(2.0)
        return self.present(MASTER)
