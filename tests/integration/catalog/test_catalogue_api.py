"""Making an event and selling it, by API alone: what works, what is refused, and that other organisations see nothing of it."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from seatmap.chart import compile_chart
from seatmap.chart.generators import generate_festival, generate_theatre
from seatmap.inventory.model import Held, HoldRequest, Refused, ShowKey
from server.catalog.charts import save_chart
from server.catalog.desk import Desk
from server.catalog.sale import open_in_inventory
from tests.integration.installation import Installation

HOUR_MS = 3_600_000


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture
async def org_id(server: Installation) -> int:
    return await server.organisation("harbour")


@pytest.fixture
async def owner(server: Installation, org_id: int) -> httpx.AsyncClient:
    return await server.signed_in(org_id, "owner")


class Draft:
    """An event with one show on a theatre or a field, not yet published, and its numbers."""

    def __init__(
        self, client: httpx.AsyncClient, event: dict[str, Any], show: dict[str, Any], types: list[int]
    ) -> None:
        self.client, self.event, self.show, self.types = client, event, show, types

    @property
    def key(self) -> ShowKey:
        return ShowKey(self.event["id"], self.show["id"])

    async def price(self, *, categories: int = 5, adult: int = 4000, child: int | None = 2000) -> httpx.Response:
        prices = [{"category": c, "type_id": self.types[0], "amount": adult} for c in range(categories)]
        if child is not None:
            prices += [{"category": c, "type_id": self.types[1], "amount": child} for c in range(categories)]
        return await self.client.put(f"/api/v1/shows/{self.show['id']}/prices", json={"prices": prices})

    async def sale(self, action: str) -> httpx.Response:
        return await self.client.post(f"/api/v1/shows/{self.show['id']}/sale", json={"action": action})

    async def open(self) -> None:
        assert (await self.price()).status_code == 200
        assert (await self.client.post(f"/api/v1/events/{self.event['id']}/publish")).status_code == 200
        opened = await self.sale("open")
        assert opened.status_code == 200, opened.text


async def make_draft(server: Installation, client: httpx.AsyncClient, org_id: int, *, field: bool = False) -> Draft:
    chart = generate_festival(1) if field else generate_theatre(1)
    venue = {"name": "Old Wharf", "city": "Bremen", "country": "DE", "time_zone": "Europe/Berlin"}
    venue_id = (await client.post("/api/v1/venues", json=venue)).json()["id"]
    async with server.services.database.tenant(org_id) as connection:
        chart_id, rev = await save_chart(connection, "House", compile_chart(chart), venue_id=venue_id)
    event = (
        await client.post("/api/v1/events", json={"title": "Schöne Töne", "currency": "eur", "genre": "concert"})
    ).json()
    show = {
        "venue_id": venue_id, "chart_id": chart_id, "chart_rev": rev, "starts_at_ms": now_ms() + 48 * HOUR_MS,
        "sale_opens_at_ms": now_ms() - HOUR_MS, "sale_closes_at_ms": now_ms() + 47 * HOUR_MS, "per_order_max": 4,
    }  # fmt: skip
    made = await client.post(f"/api/v1/events/{event['id']}/shows", json=show)
    assert made.status_code == 201, made.text
    types = [
        (await client.post(f"/api/v1/events/{event['id']}/ticket-types", json={"name": name})).json()["id"]
        for name in ("Adult", "Child")
    ]
    return Draft(client, event, made.json(), types)


@pytest.fixture
async def draft(server: Installation, owner: httpx.AsyncClient, org_id: int) -> Draft:
    return await make_draft(server, owner, org_id)


async def test_an_event_is_made_published_and_sold_by_api(server: Installation, draft: Draft) -> None:
    """From nothing to a held seat: event, show, types, prices, fees, publish, open; buyers see totals with fees."""
    fees = {
        "fees": [
            {"name": "Booking", "percent_bp": 500, "fixed": 50},
            {"name": "Card", "percent_bp": 140, "payer": "organiser"},
        ]
    }
    assert (await draft.client.put(f"/api/v1/events/{draft.event['id']}/fees", json=fees)).status_code == 200
    await draft.open()
    buyer = server.client()
    seen = (await buyer.get("/api/v1/events/schoene-toene")).json()
    price = next(p for p in seen["shows"][0]["prices"] if p["type_id"] == draft.types[0])
    assert (price["amount"], price["total"]) == (4000, 4250)
    assert [kind["name"] for kind in seen["types"]] == ["Adult", "Child"]
    held = await server.services.inventory.hold(draft.key, "v" * 16, HoldRequest(seats=((0, draft.types[0]),)), "c1")
    assert isinstance(held, Held)
    listed = (await buyer.get("/api/v1/events", params={"q": "töne", "city": "bremen", "genre": "concert"})).json()
    assert [(e["id"], e["price_min"], e["price_max"]) for e in listed["events"]] == [(draft.event["id"], 2150, 4250)]


async def test_a_draft_is_nobody_elses_business(server: Installation, draft: Draft) -> None:
    """Buyers and other organisations are told that a draft does not exist, and cannot change it whatever they guess."""
    other = await server.signed_in(await server.organisation("meadow"), "owner")
    for client in (server.client(), other):
        assert (await client.get(f"/api/v1/events/{draft.event['id']}")).json()["code"] == "event_unknown"
        assert (await client.get(f"/api/v1/shows/{draft.show['id']}")).json()["code"] == "show_unknown"
        assert (await client.get(f"/events/{draft.event['slug']}")).status_code == 404
    event, show = draft.event["id"], draft.show["id"]
    attempts = [
        other.patch(f"/api/v1/events/{event}", json={"title": "Mine now"}),
        other.post(f"/api/v1/events/{event}/publish"),
        other.post(f"/api/v1/events/{event}/ticket-types", json={"name": "Free"}),
        other.put(f"/api/v1/events/{event}/fees", json={"fees": []}),
        other.put(
            f"/api/v1/shows/{show}/prices", json={"prices": [{"category": 0, "type_id": draft.types[0], "amount": 1}]}
        ),
        other.post(f"/api/v1/shows/{show}/sale", json={"action": "open"}),
        other.post(f"/api/v1/shows/{show}/blocked-seats", json={"seats": [1]}),
        other.patch(f"/api/v1/ticket-types/{draft.types[0]}", json={"name": "Mine"}),
        other.get(f"/api/v1/shows/{show}/sales"),
    ]
    codes = [(await attempt).json().get("code") for attempt in attempts]
    assert set(codes) == {"event_unknown", "show_unknown", "type_unknown"}, codes
    seen = (await draft.client.get(f"/api/v1/events/{event}")).json()
    assert (seen["title"], seen["status"]) == ("Schöne Töne", "draft")


async def test_a_show_cannot_use_another_organisations_venue_or_chart(server: Installation, draft: Draft) -> None:
    """Numbers of another organisation's venue or chart are unknown, not usable."""
    org_id = await server.organisation("meadow")
    other = await server.signed_in(org_id, "owner")
    theirs = await make_draft(server, other, org_id)
    body = {
        "venue_id": theirs.show["venue"]["venue_id"], "chart_id": theirs.show["chart_id"], "chart_rev": 1,
        "starts_at_ms": now_ms() + HOUR_MS, "sale_opens_at_ms": 0, "sale_closes_at_ms": now_ms() + HOUR_MS,
    }  # fmt: skip
    ours = draft.show["venue"]["venue_id"]
    refused = await other.post(f"/api/v1/events/{theirs.event['id']}/shows", json={**body, "venue_id": ours})
    assert refused.json()["code"] == "venue_unknown"
    refused = await other.post(
        f"/api/v1/events/{theirs.event['id']}/shows", json={**body, "chart_id": draft.show["chart_id"]}
    )
    assert refused.json()["code"] == "chart_unknown"


async def test_nothing_is_sold_before_it_can_be(draft: Draft) -> None:
    """A sale opens only for a published event with prices; each reason has its code."""
    assert (await draft.sale("open")).json()["code"] == "event_not_published"
    await draft.client.post(f"/api/v1/events/{draft.event['id']}/publish")
    assert (await draft.sale("open")).json()["code"] == "prices_missing"
    assert (await draft.sale("pause")).json()["code"] == "sale_state"
    await draft.price()
    assert (await draft.sale("open")).status_code == 200
    assert (await draft.sale("open")).status_code == 200
    empty = (await draft.client.post("/api/v1/events", json={"title": "Empty", "currency": "eur"})).json()
    assert (await draft.client.post(f"/api/v1/events/{empty['id']}/publish")).json()["code"] == "event_empty"


async def test_pausing_and_closing_stop_new_holds_and_opening_again_allows_them(
    server: Installation, draft: Draft
) -> None:
    """Each step of the sale is what the inventory enforces."""
    await draft.open()
    inventory, request = server.services.inventory, HoldRequest(seats=((3, draft.types[0]),))

    async def outcome(command: str) -> str:
        answer = await inventory.hold(draft.key, command.ljust(16, "x"), request, command)
        if isinstance(answer, Held):
            await inventory.release(draft.key, command.ljust(16, "x"), command + "r")
            return "held"
        return answer.code

    assert await outcome("a") == "held"
    assert (await draft.sale("pause")).json()["state"] == "paused"
    assert await outcome("b") == "sale_paused"
    await draft.sale("resume")
    assert await outcome("c") == "held"
    await draft.sale("close")
    assert await outcome("d") == "sale_closed"
    await draft.sale("open")
    assert await outcome("e") == "held"
    cancelled = await draft.client.post(f"/api/v1/events/{draft.event['id']}/cancel")
    assert cancelled.json()["status"] == "cancelled"
    assert await outcome("f") == "sale_closed"
    assert (await draft.sale("open")).json()["code"] == "event_cancelled"


async def test_a_new_price_holds_for_new_holds_only(server: Installation, draft: Draft) -> None:
    """Repricing adds a version: who holds a seat keeps its price, who comes later pays the new one; both are on record."""
    await draft.open()
    inventory = server.services.inventory
    before = await inventory.hold(draft.key, "early".ljust(16, "x"), HoldRequest(seats=((0, draft.types[0]),)), "1")
    assert (await draft.price(adult=5000)).json()["price_version"] == 2
    after = await inventory.hold(draft.key, "later".ljust(16, "x"), HoldRequest(seats=((9, draft.types[0]),)), "1")
    assert isinstance(before, Held)
    assert isinstance(after, Held)
    again = await inventory.read_hold(draft.key, "early".ljust(16, "x"))
    assert again is not None
    facts = await server.services.shows.show(draft.show["id"])
    assert facts is not None
    category = int(facts.chart.category[0])
    assert facts.amount(category, draft.types[0], again.seats[0].price_version) == 4000
    assert facts.amount(category, draft.types[0], after.hold.seats[0].price_version) == 5000
    deeds = (await draft.client.get("/api/v1/audit", params={"subject": f"show:{draft.show['id']}"})).json()["entries"]
    assert [entry["details"]["version"] for entry in deeds if entry["deed"] == "price.changed"] == [2, 1]


async def test_dropping_a_type_from_the_prices_stops_its_sale_and_keeps_holds(
    server: Installation, draft: Draft
) -> None:
    """When what is sold changes, not only amounts, the show is opened anew: holds survive, the dropped type is refused."""
    await draft.open()
    inventory = server.services.inventory
    await inventory.hold(draft.key, "early".ljust(16, "x"), HoldRequest(seats=((0, draft.types[0]),)), "1")
    assert (await draft.price(child=None)).status_code == 200
    answer = await inventory.hold(draft.key, "later".ljust(16, "x"), HoldRequest(seats=((9, draft.types[1]),)), "1")
    assert isinstance(answer, Refused)
    assert answer.code == "type_not_sold"
    assert await inventory.read_hold(draft.key, "early".ljust(16, "x")) is not None


async def test_prices_name_only_what_exists_and_name_it_once(draft: Draft) -> None:
    """Unknown categories, types of other events, doubles, and amounts that are none are refused with the field."""
    url = f"/api/v1/shows/{draft.show['id']}/prices"

    async def refusal(*prices: dict[str, Any]) -> tuple[str, str]:
        body = (await draft.client.put(url, json={"prices": list(prices)})).json()
        return body["code"], body.get("field", "")

    good = {"category": 0, "type_id": draft.types[0], "amount": 100}
    assert await refusal({**good, "category": 77}) == ("category_unknown", "/prices/0/category")
    assert await refusal(good, {**good, "type_id": 999_999}) == ("type_unknown", "/prices/1/type_id")
    assert await refusal(good, good) == ("price_twice", "/prices")
    assert (await refusal({**good, "amount": -1}))[0] == "field_invalid"
    assert (await refusal({**good, "amount": 1.5}))[0] == "field_invalid"
    assert (await refusal())[0] == "field_invalid"


async def test_a_quota_counts_across_categories_and_holds(
    server: Installation, owner: httpx.AsyncClient, org_id: int
) -> None:
    """A quota of two child tickets lets two children in, wherever they stand or sit, and can be raised while on sale."""
    draft = await make_draft(server, owner, org_id, field=True)
    await draft.open()
    quotas = f"/api/v1/shows/{draft.show['id']}/quotas"
    body = {"quotas": [{"name": "Children", "capacity": 2, "members": [{"type_id": draft.types[1]}]}]}
    assert (await draft.client.put(quotas, json=body)).status_code == 200
    inventory, child = server.services.inventory, draft.types[1]
    held = await inventory.hold(draft.key, "a" * 16, HoldRequest(seats=((0, child),), areas=((2, child, 1),)), "1")
    assert isinstance(held, Held)
    refused = await inventory.hold(draft.key, "b" * 16, HoldRequest(areas=((3, child, 1),)), "1")
    assert isinstance(refused, Refused)
    assert refused.code == "quota_full"
    body["quotas"][0]["capacity"] = 3
    raised = (await draft.client.put(quotas, json=body)).json()
    assert [quota["capacity"] for quota in raised["quotas"]] == [3]
    assert isinstance(await inventory.hold(draft.key, "b" * 16, HoldRequest(areas=((3, child, 1),)), "2"), Held)


async def test_blocked_seats_are_off_sale_also_after_the_store_was_lost(server: Installation, draft: Draft) -> None:
    """A seat taken off sale by hand stays off sale when the state is rebuilt; a held one cannot be taken."""
    await draft.open()
    inventory, url = server.services.inventory, f"/api/v1/shows/{draft.show['id']}/blocked-seats"
    assert (await draft.client.post(url, json={"seats": [1, 2], "reason": "camera"})).status_code == 204
    await inventory.hold(draft.key, "a" * 16, HoldRequest(seats=((9, draft.types[0]),)), "1")
    refused = (await draft.client.post(url, json={"seats": [8, 9]})).json()
    assert (refused["code"], refused["seats"]) == ("seat_taken", [9])
    listed = (await draft.client.get(url)).json()["seats"]
    assert listed == [{"k": 1, "reason": "camera"}, {"k": 2, "reason": "camera"}]
    assert (await draft.client.post(url, json={"seats": [99_999]})).json()["code"] == "seat_unknown"
    await server.services.redis.flushall()
    assert (await draft.sale("pause")).status_code == 200
    assert (await draft.sale("resume")).status_code == 200
    answer = await inventory.hold(draft.key, "b" * 16, HoldRequest(seats=((1, draft.types[0]),)), "2")
    assert isinstance(answer, Refused)
    assert answer.code == "seat_off_sale"
    assert (await draft.client.post(f"{url}/release", json={"seats": [1]})).status_code == 204
    assert isinstance(await inventory.hold(draft.key, "b" * 16, HoldRequest(seats=((1, draft.types[0]),)), "3"), Held)


async def test_an_epoch_never_comes_back(server: Installation, draft: Draft, org_id: int) -> None:
    """Lost and rebuilt three times within one second, also after a store whose clock was ahead: each epoch is greater."""
    await draft.open()
    inventory, redis = server.services.inventory, server.services.redis
    desk = Desk(server.services.database, server.services.shows, inventory, server.services.settings)
    epochs = []
    for after in (0, 3_000_000_000, 0, 0):
        if after:  # as if the store's clock had been ahead once, and the show was opened then
            async with server.services.database.tenant(org_id) as connection:
                await connection.execute("update shows set epoch = $2 where id = $1", draft.key.show_id, after)
        await redis.flushall()
        await open_in_inventory(desk, draft.key.show_id)
        snapshot = await inventory.read(draft.key)
        assert snapshot is not None
        epochs.append(snapshot.position.epoch)
    assert epochs == sorted(set(epochs))
    assert epochs[1] > 3_000_000_000


async def test_limits_follow_at_once(server: Installation, draft: Draft) -> None:
    """A lower limit per order holds for the next hold; contradicting times are refused and change nothing."""
    await draft.open()
    inventory, three = server.services.inventory, HoldRequest(seats=tuple((k, draft.types[0]) for k in (4, 5, 6)))
    assert isinstance(await inventory.hold(draft.key, "a" * 16, three, "1"), Held)
    changed = await draft.client.patch(f"/api/v1/shows/{draft.show['id']}", json={"per_order_max": 2})
    assert changed.json()["per_order_max"] == 2
    refused = await inventory.hold(
        draft.key, "b" * 16, HoldRequest(seats=tuple((k, draft.types[0]) for k in (14, 15, 16))), "1"
    )
    assert isinstance(refused, Refused)
    assert refused.code == "too_many_seats"
    wrong = {"doors_at_ms": draft.show["starts_at_ms"] + 1}
    refusal = await draft.client.patch(f"/api/v1/shows/{draft.show['id']}", json=wrong)
    assert refusal.json()["code"] == "times_contradict"


async def test_addresses_are_made_readable_and_unique(owner: httpx.AsyncClient) -> None:
    """Titles become addresses in plain letters; a second event of the same title gets a number, a taken wish is refused."""
    made = [
        (await owner.post("/api/v1/events", json={"title": t, "currency": "eur"})).json()
        for t in ("Größe, Éclat!", "Größe Éclat")
    ]
    assert [event["slug"] for event in made] == ["groesse-eclat", "groesse-eclat-2"]
    taken = await owner.post("/api/v1/events", json={"title": "X", "currency": "eur", "slug": "groesse-eclat"})
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    moved = await owner.patch(f"/api/v1/events/{made[1]['id']}", json={"slug": "groesse-eclat"})
    assert moved.json()["code"] == "slug_taken"
    assert (await owner.post("/api/v1/events", json={"title": "X", "currency": "zzz"})).json()[
        "code"
    ] == "currency_unknown"


async def test_a_role_without_the_scope_changes_nothing(server: Installation, org_id: int, draft: Draft) -> None:
    """A viewer sees drafts and changes nothing; door staff see no figures."""
    viewer = await server.signed_in(org_id, "viewer")
    assert (await viewer.get(f"/api/v1/events/{draft.event['id']}")).status_code == 200
    assert (await viewer.post(f"/api/v1/shows/{draft.show['id']}/sale", json={"action": "open"})).json()[
        "code"
    ] == "not_allowed"
    assert (await viewer.patch(f"/api/v1/events/{draft.event['id']}", json={"title": "X"})).status_code == 403
    door = await server.signed_in(org_id, "door")
    assert (await door.get(f"/api/v1/shows/{draft.show['id']}/sales")).status_code == 403
    assert (await door.get("/organise")).status_code == 403


async def test_the_list_is_paged_without_gaps(server: Installation, owner: httpx.AsyncClient, org_id: int) -> None:
    """Following the cursor gives every event once, soonest first; a cursor that is none of ours is refused."""
    draft = await make_draft(server, owner, org_id)
    await draft.open()
    for number in range(4):
        made = await make_draft(server, owner, org_id)
        later = {"starts_at_ms": draft.show["starts_at_ms"] + number % 2 * HOUR_MS}
        await owner.patch(f"/api/v1/shows/{made.show['id']}", json=later)
        await made.open()
    seen, cursor = [], None
    for _ in range(5):
        page = (await owner.get("/api/v1/events", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [(event["next_start_ms"], event["id"]) for event in page["events"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == 5
    for wrong in ("abc", "\u00e9", "LTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE="):
        assert (await owner.get("/api/v1/events", params={"cursor": wrong})).json()["code"] == "field_invalid"
