"""The facts of a show: complete, remembered, and forgotten everywhere when somebody changes them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from seatmap.chart.attributes import ACCESSIBLE, Attribute
from seatmap.inventory.model import SalePhase
from server.catalog.catalogue import BLIND_TRUST_S, Catalogue
from server.catalog.facts import load_event, load_show
from server.catalog.plan import sale_phase, show_plan
from server.database import Database
from server.seed.planting import seed
from server.sql_blocks import load_blocks
from tests.integration.installation import Installation

PATIENCE_S = 5.0


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until *holds*, at most five seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while not await holds():
        assert time.monotonic() < deadline, "did not come true in time"
        await asyncio.sleep(0.01)


async def rename(database: Database, org_id: int, event_id: int, title: str) -> None:
    async with database.tenant(org_id) as connection:
        await connection.execute("update events set title = $2, version = version + 1 where id = $1", event_id, title)


@pytest.fixture
async def seeded(server: Installation) -> Installation:
    await seed(server.services)
    return server


async def test_facts_hold_everything_a_sale_needs(seeded: Installation) -> None:
    """Chart, categories, types, prices of every version, quotas, fees, limits, windows, currency and zone come in one read."""
    event = await load_event(seeded.services.database, slug="meadow-lights")
    assert event is not None
    facts = await load_show(seeded.services.database, event.shows[0].show_id)
    assert facts is not None
    assert (facts.currency, facts.time_zone, facts.show.per_order_max) == ("eur", "Europe/Amsterdam", 8)
    assert facts.prices == {1: facts.show.prices}
    day_ticket = facts.types[0].type_id
    assert facts.amount(0, day_ticket) == facts.amount(0, day_ticket, 1) == 9900
    assert facts.amount(0, facts.types[1].type_id) is None
    assert facts.buyer_fee(9900) == 297 + 100
    assert [category.capacity for category in facts.categories] == [2800, 600, 624, 14_036, 6000]
    assert sum(c.capacity for c in facts.categories) == facts.chart.seat_count + sum(
        a.capacity for a in facts.chart.areas
    )


async def test_the_plan_is_what_the_inventory_sells_by(seeded: Installation) -> None:
    """Categories by seat, areas, quotas by what they count, accessible places kept, the show's own limits and window."""
    event = await load_event(seeded.services.database, slug="meadow-lights")
    assert event is not None
    facts = await load_show(seeded.services.database, event.shows[0].show_id)
    assert facts is not None
    plan = show_plan(facts, hold_s=600, extension_s=300)
    child = facts.types[2].type_id
    assert plan.seat_count == facts.chart.n
    assert [area.capacity for area in plan.areas] == [1400, 1400, 14_000, 6000, 600]
    assert set(plan.quota_of) == {(category, child) for category in (2, 3, 4)}
    assert plan.limits.ttl_ms == 600_000
    assert plan.limits.order_max == 8
    kept = [k for k in range(facts.chart.n) if facts.chart.attributes[k] & int(ACCESSIBLE | Attribute.COMPANION)]
    assert [k for k, pool in enumerate(plan.pools) if pool] == kept
    assert isinstance(sale_phase(facts.show), SalePhase)


async def test_another_process_forgets_what_was_changed_here(seeded: Installation) -> None:
    """A second process keeps its facts until the change is announced, then reads them anew."""
    services = seeded.services
    other = Catalogue(services.database, services.redis)
    await other.open()
    try:

        async def listening() -> bool:
            return other.following

        await eventually(listening)
        event = await other.event(slug="the-glass-orchard")
        assert event is not None
        assert await other.event(slug="the-glass-orchard") is event
        await rename(services.database, event.org_id, event.event_id, "The Other Orchard")
        assert await other.event(slug="the-glass-orchard") is event
        await services.shows.changed(event.org_id, event.event_id)

        async def renamed() -> bool:
            now = await other.event(slug="the-glass-orchard")
            return now is not None and now.title == "The Other Orchard"

        await eventually(renamed)
        show = await other.show(event.shows[0].show_id)
        assert show is not None
        assert show.event.title == "The Other Orchard"
    finally:
        await other.close()


async def test_a_process_that_hears_nothing_trusts_its_memory_for_two_seconds_only(
    seeded: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the channel, memory ages: within two seconds it serves, after them it reads again."""
    deaf = Catalogue(seeded.services.database, seeded.services.redis)
    event = await deaf.event(slug="the-glass-orchard")
    assert event is not None
    assert await deaf.event(slug="the-glass-orchard") is event
    await rename(seeded.services.database, event.org_id, event.event_id, "Renamed")
    later = time.monotonic() + BLIND_TRUST_S + 0.1
    monkeypatch.setattr("server.catalog.catalogue.time.monotonic", lambda: later)
    now = await deaf.event(slug="the-glass-orchard")
    assert now is not None
    assert now.title == "Renamed"


async def test_a_read_that_began_before_a_change_is_not_remembered(seeded: Installation) -> None:
    """A slow read that carries old facts past the announcement serves once and is not kept."""
    catalogue = Catalogue(seeded.services.database, seeded.services.redis)
    event = await load_event(seeded.services.database, slug="the-glass-orchard")
    assert event is not None
    reading = asyncio.create_task(catalogue.event(slug="the-glass-orchard"))
    await asyncio.sleep(0)
    await catalogue.changed(event.org_id, event.event_id)
    first = await reading
    assert await catalogue.event(slug="the-glass-orchard") is not first


async def test_a_channel_that_broke_is_followed_again(database: Database, valkey_url: str, redis: Redis) -> None:
    """After the store dropped the connection the catalogue listens again, with an empty memory."""
    client = Redis.from_url(valkey_url)
    catalogue = Catalogue(database, client)
    await catalogue.open()
    try:

        async def listening() -> bool:
            return bool(await redis.pubsub_numpat() >= 1)

        await eventually(listening)
        await redis.client_kill_filter(_type="pubsub")

        async def gone() -> bool:
            return not await listening()

        await eventually(gone)
        await eventually(listening)
    finally:
        await catalogue.close()
        await client.aclose()


@pytest.mark.parametrize(
    ("package", "file"),
    [
        ("server.accounts", "accounts.sql"), ("server.catalog", "catalog.sql"), ("server.catalog", "facts.sql"),
        ("server.catalog", "stock.sql"), ("server.organiser", "dashboard.sql"), ("server.seed", "seed.sql"),
    ],
)  # fmt: skip
async def test_every_statement_fits_the_schema(database: Database, package: str, file: str) -> None:
    """Each named block is understood by Postgres, as the runtime role."""
    blocks = load_blocks(package, file)
    assert len(blocks) >= 3
    for name, text in blocks.items():
        async with database.installation() as connection:
            prepared = await connection.prepare(text)
            assert prepared.get_parameters() is not None, name


def test_every_statement_file_is_tried(tmp_path: Path) -> None:
    """The list above names every file of these packages."""
    root = Path(__file__).parents[3] / "server"
    found = {
        str(path.relative_to(root))
        for name in ("accounts", "catalog", "organiser", "seed")
        for path in (root / name).glob("sql/*.sql")
    }
    assert found == {
        "accounts/sql/accounts.sql", "catalog/sql/catalog.sql", "catalog/sql/facts.sql", "catalog/sql/stock.sql",
        "organiser/sql/dashboard.sql", "seed/sql/seed.sql",
    }  # fmt: skip
