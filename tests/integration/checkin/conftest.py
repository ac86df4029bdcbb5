"""A door to test: a small house, sixteen issued tickets, a device."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg
import pytest

from server.checkin.door import Door
from server.checkin.scan import Scan, ScanAnswer, ScanRefused
from server.database import Database
from server.tickets.issue import Admission, Issued, Ticket, issue
from server.tickets.keyring import Keyring
from server.tickets.keys import KeyWrapper
from tests.integration.ticket_scene import Scene, lay_scene

WRAPPER = KeyWrapper(b"a secret of the tests, long enough")


@dataclass
class House:
    """A scene with tickets and a door, and short ways to use them."""

    scene: Scene
    database: Database
    owner: asyncpg.Connection[Any]
    door: Door
    tickets: tuple[Ticket, ...]
    _seq: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def reading(self, code: str, **changes: Any) -> Scan:
        """A scan of *code* at the first gate, under a number not used yet."""
        facts = {"device": self.scene.device, "seq": self._seq(), "show": self.scene.show, "gate": self.scene.gates[0]}
        return Scan(code=code, **(facts | changes))

    async def scan(self, code: str, **changes: Any) -> ScanAnswer:
        """Scan *code* and expect a verdict."""
        answer = await self.door.scan(self.scene.org, self.reading(code, **changes), None)
        assert isinstance(answer, ScanAnswer), answer
        return answer

    async def refused(self, code: str, **changes: Any) -> ScanRefused:
        """Scan *code* and expect that it cannot be judged."""
        answer = await self.door.scan(self.scene.org, self.reading(code, **changes), None)
        assert isinstance(answer, ScanRefused), answer
        return answer


async def issue_seats(database: Database, scene: Scene, *, order: int, seats: range) -> tuple[Ticket, ...]:
    """Issue a ticket for each of *seats*."""
    async with database.tenant(scene.org) as connection:
        issued = await issue(
            connection, WRAPPER, org_id=scene.org, event_id=scene.event, show_id=scene.show, order_id=order,
            admissions=[
                Admission(
                    line_id=order * 1000 + k, ordinal=0, k=k, area=None, category=1, type_id=1, category_name="Stalls",
                    type_name="Adult", section="Stalls", row=str(k // 10 + 1), seat=str(k), holder_name=f"Guest {k}",
                )
                for k in seats
            ],
        )  # fmt: skip
    assert isinstance(issued, Issued)
    return issued.tickets


@pytest.fixture
async def house(database: Database, owner_url: str) -> AsyncIterator[House]:
    owner = await asyncpg.connect(owner_url)
    scene = await lay_scene(owner)
    tickets = await issue_seats(database, scene, order=1, seats=range(16))
    yield House(scene, database, owner, Door(database, Keyring(database)), tickets)
    await owner.close()
