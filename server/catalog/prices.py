"""Ticket types, prices, fees and quotas."""

from __future__ import annotations

from typing import Any

import asyncpg

from server.accounts import audit
from server.catalog.desk import SQL, Desk, touch
from server.catalog.facts import EventFacts, ShowFacts
from server.catalog.inputs import FeeList, NewTicketType, PriceList, QuotaList, TicketTypeChange
from server.catalog.plan import show_plan
from server.catalog.sale import open_in_inventory
from server.principal import Principal
from server.refusals import Refusal


async def add_type(desk: Desk, who: Principal, event_id: int, new: NewTicketType) -> int | Refusal:
    """Add a ticket type; it is sold where it gets prices. Returns its number. Refusal: `event_unknown`."""
    async with desk.database.tenant(who.org_id) as connection:
        if await connection.fetchrow(SQL["lock_event"], event_id) is None:
            return Refusal("event_unknown")
        type_id: int = await connection.fetchval(SQL["insert_type"], event_id, new.name, new.description, new.position)
        await touch(connection, event_id)
        await audit.record(connection, who, "type.created", f"type:{type_id}")
    await desk.changed(who.org_id, event_id)
    return type_id


async def change_type(desk: Desk, who: Principal, type_id: int, change: TicketTypeChange) -> EventFacts | Refusal:
    """Rename, reorder, archive or revive a ticket type. Refusal: `type_unknown`."""
    async with desk.database.tenant(who.org_id) as connection:
        event_id = await connection.fetchval(
            SQL["update_type"], type_id, change.name, change.description, change.position, change.archived
        )
        if event_id is None:
            return Refusal("type_unknown")
        await touch(connection, event_id)
        await audit.record(connection, who, "type.changed", f"type:{type_id}", archived=change.archived)
    event = await desk.changed(who.org_id, event_id)
    if change.archived is not None:
        for show in event.shows:
            await _sell_by_new_plan(desk, show.show_id, show.state)
    return event


async def set_prices(desk: Desk, who: Principal, show_id: int, wanted: PriceList) -> ShowFacts | Refusal:
    """Put a new version of all prices in force. Seats that are held keep the price they were held at.

    Refusals: `show_unknown type_unknown category_unknown price_twice`.
    """
    pairs = [(price.category, price.type_id) for price in wanted.prices]
    if len(set(pairs)) < len(pairs):
        return Refusal("price_twice", field="/prices")
    async with desk.database.tenant(who.org_id) as connection:
        await connection.execute(SQL["lock_event_of_show"], show_id)
        show = await connection.fetchrow(SQL["lock_show"], show_id)
        if show is None:
            return Refusal("show_unknown")
        if (refusal := await _unknown_pair(connection, show, pairs)) is not None:
            return refusal
        before = await connection.fetch(SQL["prices_of_version"], show_id, show["price_version"])
        version = show["price_version"] + 1
        rows = [(show_id, version, price.category, price.type_id, price.amount) for price in wanted.prices]
        await connection.executemany(SQL["insert_price"], rows)
        await connection.execute(SQL["set_price_version"], show_id, version)
        await touch(connection, show["event_id"])
        await audit.record(
            connection, who, "price.changed", f"show:{show_id}", version=version,
            before=[list(row) for row in before], after=[[*pair, price.amount] for pair, price in zip(pairs, wanted.prices, strict=True)],
        )  # fmt: skip
    await desk.changed(who.org_id, show["event_id"])
    facts = await desk.show_of(who.org_id, show_id)
    if isinstance(facts, ShowFacts) and facts.show.state != "draft":
        if {(row["category"], row["ticket_type_id"]) for row in before} == set(pairs):
            current = show_plan(facts).prices[version]
            await desk.inventory.reprice(facts.key, version, current)
        else:
            await open_in_inventory(desk, show_id)
    return facts


async def _unknown_pair(connection: asyncpg.Connection[Any], show: Any, pairs: list[tuple[int, int]]) -> Refusal | None:
    types = {row["id"] for row in await connection.fetch(SQL["type_names"], show["event_id"])}
    categories = {row["category"] for row in await connection.fetch(SQL["categories_of_show"], show["id"])}
    for number, (category, type_id) in enumerate(pairs):
        if category not in categories:
            return Refusal("category_unknown", field=f"/prices/{number}/category")
        if type_id not in types:
            return Refusal("type_unknown", field=f"/prices/{number}/type_id")
    return None


async def set_fees(desk: Desk, who: Principal, event_id: int, wanted: FeeList) -> EventFacts | Refusal:
    """Replace the fees of an event. Orders already started keep theirs. Refusal: `event_unknown`."""
    async with desk.database.tenant(who.org_id) as connection:
        if await connection.fetchrow(SQL["lock_event"], event_id) is None:
            return Refusal("event_unknown")
        await connection.execute(SQL["delete_fees"], event_id)
        rows = [
            (event_id, fee.name, fee.percent_bp, fee.fixed, fee.payer, position)
            for position, fee in enumerate(wanted.fees)
        ]
        await connection.executemany(SQL["insert_fee"], rows)
        await touch(connection, event_id)
        fees = [[fee.name, fee.percent_bp, fee.fixed, fee.payer] for fee in wanted.fees]
        await audit.record(connection, who, "fees.changed", f"event:{event_id}", fees=fees)
    return await desk.changed(who.org_id, event_id)


async def set_quotas(desk: Desk, who: Principal, show_id: int, wanted: QuotaList) -> ShowFacts | Refusal:
    """Replace the quotas of a show; one of the same name keeps its number and its count. Refusals: `show_unknown type_unknown
    category_unknown`."""
    if len({quota.name for quota in wanted.quotas}) < len(wanted.quotas):
        return Refusal("field_invalid", {"detail": "Two quotas have the same name"}, field="/quotas")
    pairs = [(m.category, m.type_id) for quota in wanted.quotas for m in quota.members]
    async with desk.database.tenant(who.org_id) as connection:
        await connection.execute(SQL["lock_event_of_show"], show_id)
        show = await connection.fetchrow(SQL["lock_show"], show_id)
        if show is None:
            return Refusal("show_unknown")
        types = {row["id"] for row in await connection.fetch(SQL["type_names"], show["event_id"])}
        categories = {row["category"] for row in await connection.fetch(SQL["categories_of_show"], show_id)}
        if not {category for category, _ in pairs} <= categories | {None}:
            return Refusal("category_unknown", field="/quotas")
        if not {type_id for _, type_id in pairs} <= types | {None}:
            return Refusal("type_unknown", field="/quotas")
        await _replace_quotas(connection, show_id, wanted)
        await touch(connection, show["event_id"])
        quotas = [[quota.name, quota.capacity] for quota in wanted.quotas]
        await audit.record(connection, who, "quotas.changed", f"show:{show_id}", quotas=quotas)
    await desk.changed(who.org_id, show["event_id"])
    await _sell_by_new_plan(desk, show_id, show["state"])
    return await desk.show_of(who.org_id, show_id)


async def _replace_quotas(connection: asyncpg.Connection[Any], show_id: int, wanted: QuotaList) -> None:
    known = {row["name"]: row["id"] for row in await connection.fetch(SQL["quotas_of_show"], show_id)}
    for name in known.keys() - {quota.name for quota in wanted.quotas}:
        await connection.execute(SQL["delete_quota"], known[name])
    for quota in wanted.quotas:
        if (quota_id := known.get(quota.name)) is None:
            quota_id = await connection.fetchval(SQL["insert_quota"], show_id, quota.name, quota.capacity)
        else:
            await connection.execute(SQL["update_quota"], quota_id, quota.capacity)
            await connection.execute(SQL["delete_quota_members"], quota_id)
        for member in dict.fromkeys((m.category, m.type_id) for m in quota.members):
            await connection.execute(SQL["insert_quota_member"], quota_id, *member)


async def _sell_by_new_plan(desk: Desk, show_id: int, state: str) -> None:
    if state not in ("draft", "cancelled"):
        await open_in_inventory(desk, show_id)
