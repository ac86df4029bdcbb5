"""Put a show on sale, pause, resume and close it; take seats off sale and put them back.

Postgres is written first, the inventory follows: a store that was away at the wrong moment is rebuilt from Postgres.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from seatmap.inventory.model import Refused, ShowKey
from server.accounts import audit
from server.catalog.desk import SQL, Desk, touch
from server.catalog.facts import EventFacts, Show, ShowFacts, load_show
from server.catalog.plan import sale_phase, show_plan
from server.catalog.stock import stock_facts
from server.faults import Misuse
from server.principal import Principal
from server.refusals import Refusal

# action → the states it starts from, the state it leads to. From its own target an action changes nothing.
_MOVES = {
    "open": (("draft", "closed"), "on_sale"),
    "pause": (("on_sale",), "paused"),
    "resume": (("paused",), "on_sale"),
    "close": (("on_sale", "paused"), "closed"),
}


async def change_sale(desk: Desk, who: Principal | None, org_id: int, show_id: int, action: str) -> ShowFacts | Refusal:
    """Carry out one of `open pause resume close`. *who* None is the seed.

    Refusals: `show_unknown sale_state`, and for `open` `event_not_published event_cancelled prices_missing`.
    """
    facts = await desk.show_of(org_id, show_id)
    if isinstance(facts, Refusal):
        return facts
    if action == "open" and (refusal := _not_ready(facts)) is not None:
        return refusal
    sources, target = _MOVES[action]
    async with desk.database.tenant(org_id) as connection:
        event = await connection.fetchrow(SQL["lock_event_of_show"], show_id)
        if action == "open" and event is not None and event["status"] == "cancelled":  # since the facts were read
            return Refusal("event_cancelled")
        state = (await _locked(connection, show_id))["state"]
        if state != target:
            if state not in sources:
                return Refusal("sale_state", {"state": state})
            await connection.execute(SQL["set_show_state"], show_id, target)
            await touch(connection, facts.event_id)
            await audit.record(connection, who, f"sale.{target}", f"show:{show_id}")
    await desk.changed(org_id, facts.event_id)
    now = await desk.show_of(org_id, show_id)
    if isinstance(now, ShowFacts):
        await follow_phase(desk, now.event, now.show)
    return now


def _not_ready(facts: ShowFacts) -> Refusal | None:
    if facts.event.status == "cancelled" or facts.show.state == "cancelled":
        return Refusal("event_cancelled")
    if facts.event.status != "published":
        return Refusal("event_not_published")
    return None if facts.show.prices else Refusal("prices_missing")


async def follow_phase(desk: Desk, event: EventFacts, show: Show) -> None:
    """Make the inventory sell at the show's times and in its state; open it there when it isn't known yet."""
    if show.state == "draft":
        return
    answer = await desk.inventory.set_phase(ShowKey(event.event_id, show.show_id), sale_phase(show))
    if isinstance(answer, Refused) and show.state != "cancelled":
        await open_in_inventory(desk, show.show_id)


async def follow_room(desk: Desk, event: EventFacts, show: Show) -> None:
    """Make the inventory demand a waiting room's pass for holds of the show, or stop demanding it."""
    if show.state == "draft":
        return
    answer = await desk.inventory.require_pass(ShowKey(event.event_id, show.show_id), show.room)
    if isinstance(answer, Refused) and show.state != "cancelled":
        await open_in_inventory(desk, show.show_id)


async def open_in_inventory(desk: Desk, show_id: int) -> None:
    """Open a show in the inventory, or open it anew, with its present plan and what Postgres knows of its places.

    This is also how a lost store is rebuilt. The facts are read after the fence is taken, so the last of two at once has the newest.
    The epoch is greater than any before, also when the store forgot them and its clock went back.
    """
    async with desk.database.installation() as connection:
        owner = await connection.fetchrow("select event_id from owner_of_show($1)", show_id)
    if owner is None:
        raise Misuse(f"there is no show {show_id} to open")
    key = ShowKey(owner["event_id"], show_id)
    fence = await desk.inventory.begin_rebuild(key)
    facts = await load_show(desk.database, show_id)
    assert facts is not None, "shows are never deleted"
    async with desk.database.tenant(facts.org_id) as connection:
        epoch = await connection.fetchval(SQL["reserve_epoch"], show_id)
    async with desk.database.tenant(facts.org_id) as connection:
        known = await stock_facts(connection, facts)
    plan = show_plan(facts, hold_s=desk.settings.hold_s, extension_s=desk.settings.extension_s)
    opened = await desk.inventory.open_show(key, plan, known, fence=fence, after_epoch=epoch - 1)
    if not isinstance(opened, Refused) and opened.epoch > epoch:  # the store's clock is ahead of the database's
        async with desk.database.tenant(facts.org_id) as connection:
            await connection.execute(SQL["keep_epoch"], show_id, opened.epoch)


async def block_seats(
    desk: Desk, who: Principal, show_id: int, seats: Sequence[int], reason: str
) -> ShowFacts | Refusal:
    """Take free seats off sale, all or nothing. Refusals: `show_unknown seat_unknown seat_taken`."""
    return await _move_seats(desk, who, show_id, seats, reason)


async def unblock_seats(desk: Desk, who: Principal, show_id: int, seats: Sequence[int]) -> ShowFacts | Refusal:
    """Put blocked seats back on sale; others are ignored. Refusals: `show_unknown seat_unknown`."""
    return await _move_seats(desk, who, show_id, seats, None)


class _Undo(Exception):
    """Roll the transaction back: the inventory refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


async def _move_seats(
    desk: Desk, who: Principal, show_id: int, seats: Sequence[int], reason: str | None
) -> ShowFacts | Refusal:
    facts = await desk.show_of(who.org_id, show_id)
    if isinstance(facts, Refusal):
        return facts
    chart = facts.chart
    if unknown := [k for k in seats if k >= chart.n or chart.removed[k]]:
        return Refusal("seat_unknown", {"seats": unknown})
    try:
        async with desk.database.tenant(who.org_id) as connection:
            await _locked(connection, show_id)
            if reason is not None:
                await connection.execute(SQL["block_seats"], show_id, list(seats), reason, who.user_id)
            else:
                await connection.execute(SQL["unblock_seats"], show_id, list(seats))
            deed = "seats.unblocked" if reason is None else "seats.blocked"
            await audit.record(connection, who, deed, f"show:{show_id}", seats=list(seats), reason=reason)
            # Before the commit, so that a seat somebody holds is refused and nothing is written; repeating a change is harmless.
            answer = await (
                desk.inventory.unblock(facts.key, seats)
                if reason is None
                else desk.inventory.block(facts.key, seats, reason)
            )
            if isinstance(answer, Refused) and answer.code != "show_unknown":
                raise _Undo(Refusal(answer.code, {"seats": list(answer.seats)}))
    except _Undo as undo:
        return undo.refusal
    return facts


async def _locked(connection: asyncpg.Connection[Any], show_id: int) -> Any:
    row = await connection.fetchrow(SQL["lock_show"], show_id)
    assert row is not None, "shows are never deleted"
    return row
