"""The figures of a sale: money less refunds, tickets by the minute, last orders, gates without undone scans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from server.database import Database
from server.organiser.dashboard import read_figures
from server.seed.planting import seed
from tests.integration.installation import Installation

NOW = datetime(2026, 11, 21, 12, 30, 20, tzinfo=UTC)


@pytest.fixture
async def sold(server: Installation, owner_url: str) -> tuple[Database, int, int]:
    """A show with three paid orders, one of them refunded in part, one unpaid, and a few scans, written past the application."""
    await seed(server.services)
    event = await server.services.shows.event(slug="the-glass-orchard")
    assert event is not None
    org_id, show_id = event.org_id, event.shows[0].show_id
    administrator = await asyncpg.connect(owner_url)
    await administrator.execute("set session_replication_role = replica")
    for number, (age, tickets, amount) in enumerate([(0, 2, 5000), (61, 1, 4000), (3599, 3, 1000), (None, 4, 9000)]):
        paid = None if age is None else NOW - timedelta(seconds=age)
        order = await administrator.fetchval(
            """insert into orders (org_id, ref, key, event_id, show_id, visitor, hold_id, hold_started_ms, state, currency, subtotal,
                   buyer_fees, organiser_fees, buyer_name, buyer_email, pay_until, check_at, paid_at)
               values ($1, $2, repeat('k', 22), $3, $4, 'v', $5, 0, $6, 'eur', $7, 100, 0, 'B', 'b@x.example', now(), now(), $8) returning id""",
            org_id, f"000000000{number}", event.event_id, show_id, f"h{number}", "paid" if paid else "awaiting_payment",
            tickets * amount, paid,
        )  # fmt: skip
        for position in range(tickets):
            await administrator.execute(
                """insert into order_lines (org_id, order_id, position, k, category, type_id, price_version, amount, buyer_fee, organiser_fee)
                   values ($1, $2, $3, $4, 0, 1, 1, $5, 0, 0)""",
                org_id, order, position, number * 10 + position, amount,
            )  # fmt: skip
        if number == 1:
            await administrator.execute(
                """insert into refunds (org_id, order_id, attempt_id, amount, currency, state, reason, idempotency_key)
                   values ($1, $2, 1, 1500, 'eur', 'succeeded', 'staff', 'a'), ($1, $2, 1, 9999, 'eur', 'failed', 'staff', 'b')""",
                org_id, order,
            )  # fmt: skip
    gate = await administrator.fetchval("select min(id) from gates where org_id = $1", org_id)
    for seq, (direction, decision, undoes) in enumerate(
        [
            ("entry", "admit", None),
            ("entry", "admit", None),
            ("entry", "deny", None),
            ("undo", "undo", 1),
            ("exit", "leave", None),
        ],
        1,
    ):
        await administrator.execute(
            """insert into scans (id, org_id, device_id, seq, show_id, gate_id, direction, method, code_digest, decision, undoes_scan_id)
               overriding system value values ($1, $2, 1, $1, $3, $4, $5, 'typed', decode(repeat('00', 16), 'hex'), $6, $7)""",
            seq, org_id, show_id, gate, direction, decision, undoes,
        )  # fmt: skip
    await administrator.close()
    return server.services.database, org_id, show_id


async def test_the_figures_add_up(sold: tuple[Database, int, int]) -> None:
    """Revenue is what was paid less what went back; unpaid orders and failed refunds count nothing."""
    database, org_id, show_id = sold
    figures = await read_figures(database, org_id, show_id, round(NOW.timestamp() * 1000))
    assert figures.orders == 3
    assert figures.revenue == (10_000 + 100) + (4000 + 100) + (3000 + 100) - 1500
    assert [(order.tickets, order.amount) for order in figures.last_orders] == [(2, 10_100), (1, 4100), (3, 3100)]


async def test_tickets_stand_in_the_minute_they_were_paid_in(sold: tuple[Database, int, int]) -> None:
    """The running minute is last, sixty minutes are shown, and what is older than the oldest minute is not."""
    database, org_id, show_id = sold
    figures = await read_figures(database, org_id, show_id, round(NOW.timestamp() * 1000))
    assert len(figures.per_minute) == 60
    assert (figures.per_minute[59], figures.per_minute[58], sum(figures.per_minute)) == (2, 1, 3)
    earlier = await read_figures(database, org_id, show_id, round((NOW - timedelta(seconds=30)).timestamp() * 1000))
    assert (earlier.per_minute[0], earlier.per_minute[59]) == (3, 1)


async def test_an_undone_admission_is_none(sold: tuple[Database, int, int]) -> None:
    """A gate counts admissions that stand, and refusals; exits and undone scans are neither."""
    database, org_id, show_id = sold
    figures = await read_figures(database, org_id, show_id, round(NOW.timestamp() * 1000))
    assert [(gate.gate, gate.admitted, gate.refused) for gate in figures.gates] == [
        ("Main foyer", 1, 1),
        ("River entrance", 0, 0),
    ]


async def test_another_organisation_reads_zeros(sold: tuple[Database, int, int], server: Installation) -> None:
    """Row-level security: whoever asks for a foreign show learns nothing."""
    database, _, show_id = sold
    other = await server.organisation("northfield")
    figures = await read_figures(database, other, show_id, round(NOW.timestamp() * 1000))
    assert (figures.orders, figures.revenue, figures.last_orders, figures.gates) == (0, 0, (), ())
