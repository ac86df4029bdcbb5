"""Carry out what visitors ask for: from a message to an answer and the feed position it made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple, assert_never

from realtime import messages
from realtime.choices import Choices, Pick
from realtime.show_session import ShowSession
from seatmap.faults import Unavailable
from seatmap.inventory.model import Held, Hold, HoldRequest, Position, Refused, Released
from seatmap.inventory.port import Inventory

Command = messages.Hold | messages.Best | messages.Release | messages.Extend
ServerAnswer = messages.Held | messages.Released | messages.Refused

# How often a pick is tried again when somebody else was faster: each try starts from a fresher picture.
PICK_TRIES = 4
RETRY_MS = {"sale_paused": 5000, "unavailable": 1000, "busy": 500, "internal": 2000}


class Answer(NamedTuple):
    """What to tell the visitor. *position* is the feed entry that the command made, if it made one."""

    message: ServerAnswer
    position: Position | None = None


class Commands:
    """The commands of all shows, on one inventory."""

    def __init__(self, inventory: Inventory, choices: Choices, renew: Callable[[ShowSession], Awaitable[None]]) -> None:
        self._inventory, self._choices, self._renew = inventory, choices, renew

    async def run(self, session: ShowSession, visitor: str, command: Command, own: Collection[int]) -> Answer:
        """Carry out *command* for *visitor*, who holds the seats *own* already.

        A store that does not answer is a refusal to repeat, not a fault.
        """
        try:
            match command:
                case messages.Hold():
                    return await self._hold(session, visitor, command, own)
                case messages.Best():
                    return await self._best(session, visitor, command)
                case messages.Release():
                    return await self._release(session, visitor, command)
                case messages.Extend():
                    found = await self._inventory.extend(session.facts.key, visitor, command.id)
                    return await self._answer(session, command.id, found)
                case _:
                    assert_never(command)
        except Unavailable:
            return Answer(refusal(session, command.id, "unavailable"))

    async def _hold(self, session: ShowSession, visitor: str, command: messages.Hold, own: Collection[int]) -> Answer:
        if command.seats and (alone := self._choices.stranded(session, command.seats, own)) is not None:
            return Answer(refusal(session, command.id, "stranded_single", tuple(alone[0]), alone[1]))
        request = HoldRequest(tuple(command.seats), tuple(command.areas), command.accessible)
        found = await self._inventory.hold(session.facts.key, visitor, request, command.id)
        if isinstance(found, Held):
            return await self._answer(session, command.id, found)
        offers: list[messages.Offer] = []
        if found.code in ("seat_taken", "seat_reserved_accessible"):
            offers = self._choices.equivalents(session, visitor, command.seats, accessible=command.accessible)
        return Answer(refusal(session, command.id, found.code, found.seats, offers))

    async def _best(self, session: ShowSession, visitor: str, command: messages.Best) -> Answer:
        """Pick on the picture in memory, claim in the store; a picture that was too old costs another try."""
        taken: set[int] = set()
        for number in range(PICK_TRIES):
            pick = self._pick(session, visitor, command, taken)
            if isinstance(pick, str):
                offers = [] if pick == "busy" else self._choices.instead_of_best(session, visitor, command, taken)
                return Answer(refusal(session, command.id, pick, offers=offers))
            # The command's own id goes with the first try alone: an answer to a repeated id must not hide a second pick.
            command_id = command.id if number == 0 else f"{command.id}#{number}"
            found = await self._take(session, visitor, pick, command_id, accessible=command.accessible > 0)
            if isinstance(found, Held):
                return await self._answer(session, command.id, found)
            if found.code not in ("seat_taken", "seat_off_sale", "seat_reserved"):
                return Answer(refusal(session, command.id, found.code, found.seats))
            taken.update(found.seats)
        offers = self._choices.instead_of_best(session, visitor, command, taken)
        return Answer(refusal(session, command.id, "seat_taken", offers=offers))

    def _pick(self, session: ShowSession, visitor: str, command: messages.Best, taken: set[int]) -> Pick | str:
        """Choose away from what others are being given at this moment; only when nothing else is left, hope that they do not get it."""
        elsewhere = session.on_their_way() - taken
        pick = self._choices.best(session, visitor, command, taken | elsewhere)
        if elsewhere and pick in ("no_seats_together", "accessible_full"):
            pick = self._choices.best(session, visitor, command, taken)
        return pick

    async def _take(
        self, session: ShowSession, visitor: str, pick: Pick, command_id: str, *, accessible: bool
    ) -> Held | Refused:
        """Claim *pick* in the store, and keep other parties away from it until the picture shows what became of it."""
        mine = [k for k, _ in pick if k not in session.picked]
        session.picked.update(dict.fromkeys(mine))
        position = None
        try:
            found = await self._inventory.hold(
                session.facts.key, visitor, HoldRequest(tuple(pick), accessible=accessible), command_id
            )
            position = found.position if isinstance(found, Held) else None
            return found
        finally:
            for k in mine:
                if position is None:
                    session.picked.pop(k, None)
                else:
                    session.picked[k] = position

    async def _release(self, session: ShowSession, visitor: str, command: messages.Release) -> Answer:
        if not command.all and not command.seats and not command.areas:
            return Answer(refusal(session, command.id, "empty_hold"))
        seats, areas = (None, None) if command.all else (command.seats or (), command.areas or ())
        found = await self._inventory.release(session.facts.key, visitor, command.id, seats, areas)
        return await self._answer(session, command.id, found)

    async def _answer(self, session: ShowSession, command_id: str, found: Held | Released | Refused) -> Answer:
        match found:
            case Held(hold=hold, position=position):
                view = await self.view(session, hold)
                return Answer(messages.Held(id=command_id, hold=view), position)
            case Released(hold=left, position=position):
                rest = None if left is None else await self.view(session, left)
                return Answer(messages.Released(id=command_id, hold=rest), position)
            case Refused(code=code, seats=seats):
                return Answer(refusal(session, command_id, code, seats))
            case _:
                assert_never(found)

    async def view(self, session: ShowSession, hold: Hold) -> messages.HoldView:
        """Show a hold; facts older than the hold's prices are read again first."""
        if not session.knows_prices_of(hold):
            await self._renew(session)
        return session.view(hold)


def refusal(
    session: ShowSession | None,
    command_id: str,
    code: str,
    seats: tuple[int, ...] = (),
    offers: list[messages.Offer] | None = None,
) -> messages.Refused:
    """Word a refusal, with the time after which repeating may help."""
    retry = RETRY_MS.get(code)
    if code == "sale_not_open" and session is not None:
        retry = max(0, session.phase.opens_at_ms - session.clock.now_ms())
    return messages.Refused(id=command_id, code=code, seats=list(seats), offers=offers or [], retry_after_ms=retry)
