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


async def lay_scene(owner: Connection[Any], slug: str = "playhouse") -> Scene:
    """Write a house behind the application's back, as the administrator."""
    org = await owner.fetchval("insert into organisations (slug, name) values ($1, 'The Playhouse') returning id", slug)
    venue = await owner.fetchval(
        "insert into venues (org_id, name, street, city, country, time_zone) "
        "values ($1, 'Playhouse', 'Bühnenweg 4', 'Graz', 'AT', 'Europe/Vienna') returning id",
        org,
    )
    chart = await owner.fetchval(
        "insert into charts (org_id, venue_id, name, seats, compiled, wire) values ($1, $2, 'Hall', 100, '', '') returning id",
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
    return Scene(org, event, shows[0], shows[1], venue, (gates[0], gates[1]), device)
