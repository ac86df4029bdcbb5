"""A small house for the tests of tickets and the door: one organisation, event and show, two gates, one device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Scene:
    """The numbers of what was laid."""

    org: int
    event: int
    show: int
    other_show: int
    venue: int
    gates: tuple[int, int]
    device: int


async def lay_scene(owner: Connection[Any], slug: str = "playhouse", first_order: int = 1) -> Scene:
    """Write a house with a hundred paid orders behind the application's back, as the administrator."""
    org = await owner.fetchval("insert into organisations (slug, name) values ($1, 'The Playhouse') returning id", slug)
    venue = await owner.fetchval(
        "insert into venues (org_id, name, street, city, country, time_zone) "
        "values ($1, 'Playhouse', 'Bühnenweg 4', 'Graz', 'AT', 'Europe/Vienna') returning id",
        org,
    )
    chart = await owner.fetchval(
        "insert into charts (org_id, venue_id, name, seats, wire) values ($1, $2, 'Hall', 100, '') returning id",
        org, venue,
    )  # fmt: skip
    event = await owner.fetchval(
        "insert into events (org_id, slug, title, currency, status) values ($1, $2, 'Twelfth Night', 'eur', 'published') returning id",
        org, slug,
    )  # fmt: skip
    shows = [
        await owner.fetchval(
            "insert into shows (org_id, event_id, venue_id, chart_id, chart_rev, starts_at, doors_at, ends_at, sale_opens_at, sale_closes_at, state) "
            "values ($1, $2, $3, $4, 1, now() + interval '1 hour', now() - interval '1 hour', now() + interval '3 hours', now() - interval '1 day', "
            "now() + interval '1 hour', 'on_sale') returning id",
            org, event, venue, chart,
        )
        for _ in range(2)
    ]  # fmt: skip
    gates = [
        await owner.fetchval("insert into gates (org_id, venue_id, name) values ($1, $2, $3) returning id", org, venue, name)
        for name in ("North", "South")
    ]  # fmt: skip
    device = await owner.fetchval("insert into devices (org_id, name) values ($1, 'Phone of Ada') returning id", org)
    await owner.execute(
        "insert into orders (id, org_id, ref, key, event_id, show_id, visitor, hold_id, hold_started_ms, state, currency, subtotal, "
        "buyer_fees, organiser_fees, buyer_name, buyer_email, pay_until, check_at) overriding system value "
        "select n, $1, 'REFNM' || lpad(n::text, 5, '0'), repeat('k', 22), $2, $3, 'visitor', 'hold' || n, 0, 'paid', 'eur', 1000, 0, 0, "
        "'Buyer ' || n, 'buyer' || n || '@example.org', now(), now() from generate_series($4::int, $4::int + 99) n",
        org, event, shows[0], first_order,
    )  # fmt: skip
    return Scene(org, event, shows[0], shows[1], venue, (gates[0], gates[1]), device)
