"""The letter with the six digits. Sent after the answer: whoever asks learns nothing from how long it takes."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from server.faults import Unavailable
from server.logs import logger
from server.mail.mailer import Letter, Mailer
from server.rooms.facts import RoomFacts
from server.templating import Templates, words

# Letters under way and letters waiting; beyond it, somebody asks again.
AT_ONCE: Final = 8
WAITING_MAX: Final = 2000
ACCENT: Final = "#ffb020"


class CodePost:
    """Letters with codes, delivered by a few at a time."""

    def __init__(self, mailer: Mailer, templates: Templates) -> None:
        self._mailer, self._templates = mailer, templates
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, facts: RoomFacts, email: str, code: str, locale: str) -> None:
        """Begin to deliver *code*; what fails is logged without the address."""
        if len(self._under_way) >= WAITING_MAX:
            logger().warning("line_code.dropped", room=facts.room_id)
            return
        task = asyncio.create_task(self._deliver(self._letter(facts, email, code, locale), facts.room_id))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Wait for the letters under way."""
        await asyncio.gather(*self._under_way)

    def _letter(self, facts: RoomFacts, email: str, code: str, locale: str) -> Letter:
        subject = words(locale)("mail.line_code.subject", code=code, event=facts.event_title)
        context = {
            "subject": subject, "code": code, "event": facts.event_title, "organiser": facts.host.name,
            "accent": facts.host.accent or ACCENT,
        }  # fmt: skip
        named = hashlib.sha256(f"{facts.room_id}\0{email}\0{code}".encode()).hexdigest()[:24]
        return Letter(
            key=f"line-{named}",
            to_name="",
            to_email=email,
            subject=subject,
            text=self._templates.text("mail/line_code.txt", locale, **context),
            html=self._templates.text("mail/line_code.html", locale, **context),
        )

    async def _deliver(self, letter: Letter, room_id: int) -> None:
        async with self._turns:
            try:
                await self._mailer.send(letter)
            except Unavailable as fault:
                logger().warning("line_code.unsent", room=room_id, reason=type(fault).__name__)
