"""Letters to those who asked to be told when their turn is near. They may come late or not at all; the line waits for no letter."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from server.faults import Unavailable
from server.logs import logger
from server.mail.mailer import Letter, Mailer
from server.rooms.desk import Desk
from server.rooms.facts import RoomFacts
from server.rooms.line_mail import ACCENT
from server.rooms.notices import Notice, due_notices, notices_sent
from server.templating import Templates, words
from waitingroom.eta import Band, Called, eta
from waitingroom.frame import LineFrame

# A letter takes a minute or two to be seen, and somebody needs a minute or two to sit down.
NEAR_MS: Final = 6 * 60_000
AT_ONCE: Final = 100


def is_near(frame: LineFrame, position: int | None) -> bool:
    """Tell whether a letter should go now: the turn is close, by a cautious guess, or has come."""
    match eta(frame, position):
        case Band(p10, _, _):
            return p10 <= NEAR_MS
        case Called():
            return True
        case _:
            return False


class NearTurn:
    """Writes and sends the letters of all rooms."""

    def __init__(self, desk: Desk, mailer: Mailer, templates: Templates, base_url: str) -> None:
        self._desk, self._mailer, self._templates, self._base_url = desk, mailer, templates, base_url

    async def send(self, facts: RoomFacts, near: Callable[[int], bool]) -> int:
        """Send what is due; return how many. A database or mail server that is away puts it off to the next time."""
        sent: list[int] = []
        try:
            for notice in await due_notices(self._desk, facts, near, AT_ONCE):
                await self._mailer.send(self.letter(facts, notice))
                sent.append(notice.index)
        except Unavailable as fault:
            logger().warning("near_turn.put_off", room=facts.room_id, reason=str(fault))
        if sent:
            try:
                await notices_sent(self._desk, facts, sent)
            except Unavailable as fault:  # sent again later under the same key: the same letter to mail programs
                logger().warning("near_turn.unmarked", room=facts.room_id, reason=str(fault))
        return len(sent)

    def letter(self, facts: RoomFacts, notice: Notice) -> Letter:
        """Write one letter."""
        subject = words(notice.locale)("mail.near_turn.subject", event=facts.event_title)
        context = {
            "subject": subject, "event": facts.event_title, "organiser": facts.host.name,
            "accent": facts.host.accent or ACCENT, "address": f"{self._base_url}/rooms/{facts.slug}",
        }  # fmt: skip
        named = hashlib.sha256(f"{facts.room_id}\0{facts.epoch}\0{notice.index}".encode()).hexdigest()[:24]
        return Letter(
            key=f"turn-{named}",
            to_name="",
            to_email=notice.email,
            subject=subject,
            text=self._templates.text("mail/near_turn.txt", notice.locale, **context),
            html=self._templates.text("mail/near_turn.html", notice.locale, **context),
        )
