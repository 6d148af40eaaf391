"""What session may publish of cards, and which sessions may go on. Pure.

A session that was interrupted may go on by the rules of docs/architecture.md: not after an ordered
restart, not after more than 4 h without mains, and not while its age is unknown because UTC was not
set since.
"""

from collections.abc import Iterator

from msgs.session import SessionStatus
from verifier.rules import CARD_S

LONGEST_CUT_S = 4 * 3600.0
SIGN_S = 61.0  # the stored sign of a session is at most so old

RESTARTED = "the box was restarted in order"
CUT = "the box had no mains for more than 4 h"
NO_UTC = "UTC was not set since the mains are back"

NEVER_S = float("-inf")


class SessionRules:
    """Follows the sessions of one box, and returns what is wrong with a status."""

    def __init__(self, needs_card: bool) -> None:
        self._needs_card = needs_card
        self._presented_s: dict[str, float] = {}  # when each card was presented last, by UID
        self._begun_s: dict[str, float] = {}  # when the last session of each card began, by UID
        self._published: set[str] = set()
        # Why sessions must not go on, and which: those that were published before.
        self._over: dict[str, set[str]] = {}
        self._is_utc_wrong = False
        self._utc_wrong_until_s = NEVER_S  # it was right since

    def note_presented(self, uid: str, now_s: float) -> None:
        """Note that a card was presented to the reader."""
        self._presented_s[uid] = now_s

    def note_restart(self) -> None:
        """Note that all nodes have been stopped in order."""
        self._bar(RESTARTED)

    def note_cut(self, seconds: float, *, is_utc_set: bool, now_s: float) -> None:
        """Note that all nodes have ended with the mains, for a time [s].

        A wrong UTC lets an interruption seem longer or shorter than it was.
        """
        if not is_utc_set:
            self._bar(NO_UTC)
        is_utc_right = not self._is_utc_wrong and now_s > self._utc_wrong_until_s + SIGN_S
        if seconds > LONGEST_CUT_S and is_utc_right:
            self._bar(CUT)

    def note_utc_set(self, *, is_right: bool, now_s: float) -> None:
        """Note that UTC was set, to the right time or to a wrong one."""
        self._over.pop(NO_UTC, None)
        if not is_right:
            self._over.pop(CUT, None)
        if self._is_utc_wrong:
            self._utc_wrong_until_s = now_s
        self._is_utc_wrong = not is_right

    def check(
        self, before: SessionStatus | None, status: SessionStatus, now_s: float
    ) -> Iterator[tuple[str, str]]:
        """Return what is wrong in a message of session, each as invariant and detail."""
        session_id = status.session_id
        why = next((why for why, over in self._over.items() if session_id in over), None)
        if status.permitted and why is not None:
            yield "resumed", f"session '{session_id}' goes on, though {why}"
        is_first = session_id not in ("", *self._published)
        if self._needs_card:
            for what in self._wrong_with_cards(before, status, is_first, now_s):
                yield "card", f"session '{session_id}' {what}"
        if is_first:
            self._published.add(session_id)
            self._begun_s[status.token] = now_s

    def _wrong_with_cards(
        self, before: SessionStatus | None, status: SessionStatus, is_first: bool, now_s: float
    ) -> Iterator[str]:
        token = status.token
        presented_s = self._presented_s.get(token, NEVER_S)
        age_s = now_s - presented_s
        if (status.authorized or status.permitted) and not token:
            yield "authorises without a card"
        if is_first and age_s > CARD_S:
            yield f"begins {age_s:.1f} s after its card"
        elif is_first and presented_s < self._begun_s.get(token, NEVER_S):
            yield "begins with the card of the session before"
        if status.released and age_s > CARD_S:
            yield f"is released {age_s:.1f} s after its card"
        is_same = before is not None and status.session_id == before.session_id != ""
        if is_same and before is not None and token != before.token:
            yield "has changed its card"

    def _bar(self, why: str) -> None:
        self._over[why] = set(self._published)
