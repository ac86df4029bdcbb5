"""`frontrow sell`: import a seating plan and put it on sale in one step, in the installation that runs on this machine."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from babel.numbers import get_currency_precision

from seatmap.chart import Chart, CompiledChart, compile_chart, has_errors, write_chart
from seatmap.chart.findings import Finding
from seatmap.chart.imports import FORMATS, ImportOptions, import_chart
from seatmap.chart.validate import validate
from server.accounts.passwords import Passwords
from server.catalog import events, prices, sale, shows
from server.catalog.addresses import show_address
from server.catalog.charts import save_chart
from server.catalog.desk import Desk
from server.catalog.facts import ShowFacts
from server.catalog.inputs import NewEvent, NewShow, NewTicketType, NewVenue, Price, PriceList, ms
from server.faults import Misuse
from server.principal import Principal
from server.refusals import REFUSALS, Refusal
from server.seed.passwords import seeded_password
from server.sql_blocks import load_blocks

_ACCOUNTS = load_blocks("server.accounts", "accounts.sql")
# The cheapest of several price levels costs this share of the dearest, a child this share of an adult.
CHEAPEST, CHILD = Decimal("0.4"), Decimal("0.5")
FINDINGS_SHOWN = 10


def main(arguments: list[str]) -> int:
    """Import, publish, open, and print where to buy. Exit code 1 when the plan has errors or something was refused."""
    parser = argparse.ArgumentParser(prog="frontrow sell", description=__doc__)
    parser.add_argument("file", type=Path, help="a plan of any format that `frontrow chart import` reads, repaired")
    parser.add_argument("--format", choices=FORMATS, help="what the file is (default: found by looking)")
    parser.add_argument("--title", default="", help="the event's title (default: the chart's name)")
    parser.add_argument(
        "--organisation", default="box-office", metavar="SLUG", help="who sells; made when new (%(default)s)"
    )
    parser.add_argument("--currency", default="eur", help="ISO 4217 code (%(default)s)")
    parser.add_argument("--price", default="60", help="an adult's ticket in the best category (%(default)s)")
    parser.add_argument("--days", type=int, default=30, help="the show is that many days away (%(default)s)")
    parser.add_argument("--per-order", type=int, default=8, help="tickets per order (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        best = _minor(options.price, options.currency)
        raw = options.file.read_bytes()
    except (InvalidOperation, ValueError):
        parser.error(f"--price {options.price}: not an amount of {options.currency.upper()}")
    except OSError as cause:
        parser.error(f"{options.file}: {cause.strerror}")
    chart, findings = _imported(raw, options.format)
    for finding in findings[:FINDINGS_SHOWN]:
        print(f"{finding.severity}: {finding.message} [{finding.code}]", file=sys.stderr)
    if chart is None or has_errors(findings):
        print(f"not put on sale; `frontrow chart check {options.file}` lists everything", file=sys.stderr)
        return 1
    return asyncio.run(_main(options, chart, best))


def _imported(raw: bytes, form: Any) -> tuple[Chart | None, list[Finding]]:
    imported = import_chart(raw, ImportOptions(), form)
    if imported.chart is None:
        return None, imported.findings
    _, findings = validate(imported.chart)
    return imported.chart, imported.findings + findings


async def _main(options: argparse.Namespace, chart: Chart, best: int) -> int:
    from server.app import open_services  # only the command composes; what it calls does not
    from server.settings import read
    from server.supervisor.attach import attached

    settings = attached(read())
    async with open_services(settings, "sell") as services:
        desk = Desk(services.database, services.shows, services.inventory, services.settings)
        who = await seller(desk, options.organisation)
        facts = await put_on_sale(
            desk, who, chart, title=options.title or chart.name or options.file.stem, currency=options.currency, best=best,
            starts=datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=options.days),
            per_order=options.per_order,
        )  # fmt: skip
    if isinstance(facts, Refusal):
        print(f"refused: {REFUSALS[facts.code].title} [{facts.code}]", file=sys.stderr)
        return 1
    print(f"{facts.event.title}: {facts.show.capacity:,} places on sale as show {facts.show_id}")
    print(f"http://localhost:{settings.port}{show_address(facts.show_id)}")
    return 0


async def put_on_sale(
    desk: Desk, who: Principal, chart: Chart, *, title: str, currency: str, best: int, starts: datetime, per_order: int
) -> ShowFacts | Refusal:
    """Make an event with one show on *chart*, adults at *best* in the first category and less further back, and open its sale."""
    event = await events.create_event(desk, who, NewEvent(title=title[:200], currency=currency))
    if isinstance(event, Refusal):
        return event
    # A plan does not say where its venue is. The organiser corrects it through the API.
    place = NewVenue(
        name=(chart.venue or title)[:200], city=(chart.venue or title)[:120], country="ZZ", time_zone="UTC"
    )
    venue = await events.create_venue(desk, who, place)
    compiled = compile_chart(chart)
    async with desk.database.tenant(who.org_id) as connection:
        chart_id, rev = await save_chart(connection, chart.name or title, compiled, authoring=write_chart(chart))
    kinds = [await prices.add_type(desk, who, event.event_id, NewTicketType(name=name)) for name in ("Adult", "Child")]
    show = NewShow(
        venue_id=_number(venue), chart_id=chart_id, chart_rev=rev, starts_at_ms=ms(starts), sale_closes_at_ms=ms(starts),
        sale_opens_at_ms=ms(datetime.now(UTC) - timedelta(minutes=1)), per_order_max=per_order, per_visitor_max=per_order,
    )  # fmt: skip
    made = await shows.add_show(desk, who, event.event_id, show)
    if isinstance(made, Refusal):
        return made
    listed = await prices.set_prices(
        desk, who, made.show_id, _price_list(compiled, best, *(_number(kind) for kind in kinds))
    )
    if isinstance(listed, Refusal):
        return listed
    published = await events.publish_event(desk, who, event.event_id)
    if isinstance(published, Refusal):
        return published
    return await sale.change_sale(desk, who, who.org_id, made.show_id, "open")


def _price_list(chart: CompiledChart, best: int, adult: int, child: int) -> PriceList:
    steps = max(1, len(chart.categories) - 1)
    listed = []
    for category in range(len(chart.categories)):
        amount = int(best * (1 - (1 - CHEAPEST) * category / steps)) if len(chart.categories) > 1 else best
        listed.append(Price(category=category, type_id=adult, amount=amount))
        listed.append(Price(category=category, type_id=child, amount=int(amount * CHILD)))
    return PriceList(prices=tuple(listed))


async def seller(desk: Desk, slug: str) -> Principal:
    """Return somebody who may sell for the organisation; one that is new gets an owner, whose sign-in is printed."""
    async with desk.database.installation() as connection:
        org_id = await connection.fetchval("select organisation_at($1)", slug)
        if org_id is not None:
            return Principal(org_id=org_id, scopes=frozenset(), name="frontrow sell", role="owner")
        name = slug.replace("-", " ").capitalize()
        org_id = await connection.fetchval(_ACCOUNTS["found_organisation"], slug, name, None)
    email = f"owner@{slug}.example"
    password = seeded_password(desk.settings.secret, email)
    hashed = await Passwords().hash(password)
    async with desk.database.tenant(org_id) as connection:
        user_id = await connection.fetchval(_ACCOUNTS["ensure_user"], email, f"{name} owner", hashed, False)
        await connection.execute(_ACCOUNTS["add_member"], user_id, "owner")
    print(f"{name} is new here; its owner signs in as {email} {password}")
    return Principal(org_id=org_id, scopes=frozenset(), user_id=user_id, name="frontrow sell", role="owner")


def _minor(text: str, currency: str) -> int:
    amount = Decimal(text).scaleb(get_currency_precision(currency.upper()))
    if amount != amount.to_integral_value() or not 0 <= amount <= 100_000_000:
        raise ValueError(text)
    return int(amount)


def _number(made: int | Refusal) -> int:
    if isinstance(made, Refusal):
        raise Misuse(f"our own words were refused: {made}")
    return made
