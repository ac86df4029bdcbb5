"""The adapter against a real store: lost functions, lost data, lost connections, the store's own time, the feed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from seatmap.faults import Misuse, Unavailable
from seatmap.inventory import keys
from seatmap.inventory.model import (
    Change,
    Facts,
    Held,
    HoldRequest,
    HoldState,
    Limits,
    Position,
    Refused,
    Released,
    SalePhase,
    ShowKey,
    Sold,
    SoldOrder,
)
from seatmap.inventory.valkey_feed import ValkeyFeed
from seatmap.inventory.valkey_inventory import ValkeyInventory
from server.embedded import valkey
from tests.model.inventory.scene import KEY, PRICES, ask, held, open_show, plan


@pytest.fixture
async def inventory(redis: Redis) -> AsyncIterator[ValkeyInventory]:
    """An inventory on an empty store."""
    inventory = ValkeyInventory(redis)
    yield inventory
    await inventory.aclose()


@pytest.fixture
async def feed(redis: Redis) -> AsyncIterator[ValkeyFeed]:
    """A reader of feeds."""
    feed = ValkeyFeed(redis)
    yield feed
    await feed.aclose()


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 5.0) -> None:
    """Poll until *condition* holds."""
    deadline = time.monotonic() + within_s
    while not await condition():
        assert time.monotonic() < deadline


async def test_what_a_show_sells_is_never_another_s_nor_that_of_before(
    inventory: ValkeyInventory, redis: Redis
) -> None:
    """The functions remember what they saw to be sold: of one show, and until it is opened anew."""
    other, adults_only = ShowKey(KEY.event_id, KEY.show_id + 1), replace(plan(), prices={1: {0: {1: 2500}}})
    refused = Refused("type_not_sold", seats=(3,))

    async def child_seat(show: ShowKey, visitor: str, k: int = 3) -> Held | Refused:
        return await inventory.hold(show, visitor, HoldRequest(((k, 2),)), visitor)

    await open_show(inventory)
    await inventory.open_show(other, adults_only, Facts())
    for k in (0, 1, 2):
        assert isinstance(await child_seat(KEY, f"ann{k}", k), Held)
        assert await child_seat(other, f"ann{k}") == refused
    # To the byte the same configuration, as two shows have it that were opened in one second.
    await redis.set(keys.part_key(other, "config"), await redis.get(keys.part_key(KEY, "config")))
    assert await child_seat(other, "bob") == refused
    await open_show(inventory, adults_only)
    assert await child_seat(KEY, "cid") == refused


async def test_an_unknown_show_is_a_refusal(inventory: ValkeyInventory) -> None:
    """Every verb says show_unknown of a show that was never opened, or was lost."""
    nowhere = Refused("show_unknown")
    assert await inventory.hold(KEY, "ann", ask([1]), "c") == nowhere
    assert await inventory.release(KEY, "ann", "c") == nowhere
    assert await inventory.extend(KEY, "ann", "c") == nowhere
    assert await inventory.begin_payment(KEY, "ann", "ann.1", 1, 0) == nowhere
    assert await inventory.end_payment(KEY, "ann.1", 1) == nowhere
    assert await inventory.sell(KEY, 1, "ann.1") == nowhere
    assert await inventory.sell_late(KEY, 1, "ann", [(1, 1)], []) == nowhere
    assert await inventory.unsell(KEY, 1, "c") == nowhere
    assert await inventory.block(KEY, [1], "x") == nowhere
    assert await inventory.unblock(KEY, [1]) == nowhere
    assert await inventory.reprice(KEY, 2, PRICES) == nowhere
    assert await inventory.set_phase(KEY, SalePhase()) == nowhere
    assert await inventory.read(KEY) is None
    assert await inventory.read_hold(KEY, "ann") is None
    assert await inventory.read_prices(KEY) == {}
    assert await inventory.gap(KEY, Position(1, 0)) is None
    assert await inventory.lapse(KEY) == 0
    assert await inventory.overdue_payments(KEY) == ()
    assert await inventory.open_shows() == ()


async def test_lost_functions_are_loaded_again(redis: Redis, inventory: ValkeyInventory) -> None:
    """A store without the library costs the caller nothing but a moment, also when many call at once."""
    await open_show(inventory)
    await redis.execute_command("FUNCTION", "FLUSH")  # type: ignore[no-untyped-call]
    answers = await asyncio.gather(*(inventory.hold(KEY, f"v{n}", ask([n]), "c") for n in range(20)))
    assert all(isinstance(answer, Held) for answer in answers)


async def test_a_lost_store_is_rebuilt_from_facts(redis: Redis, inventory: ValkeyInventory) -> None:
    """Sold and blocked seats, counters, caps and frozen holds come back; the epoch is greater than any before."""
    before = await open_show(inventory)
    paying = (await held(inventory, "ann", [3], 2)).hold
    frozen = await inventory.begin_payment(KEY, "ann", paying.hold_id, 8, 2**45)
    assert isinstance(frozen, Held)
    await redis.flushall()
    assert await inventory.hold(KEY, "bob", ask([1]), "c") == Refused("show_unknown")
    sold = (SoldOrder(7, "bob", ((1, 1), (2, 2)), ((0, 1, 4),)),)
    after = await inventory.open_show(
        KEY, plan(), Facts(sold, {5: "camera"}, (frozen.hold,)), after_epoch=before.epoch + 50
    )
    assert isinstance(after, Position)
    assert after.epoch > before.epoch + 50
    assert await inventory.hold(KEY, "cid", ask([1, 2, 3, 5]), "c") == Refused("seat_taken", seats=(1, 2, 3, 5))
    snapshot = await inventory.read(KEY)
    assert snapshot is not None
    assert snapshot.remaining == (10 - 2 - 4,)
    assert isinstance(await inventory.sell(KEY, 8, paying.hold_id), Sold)
    assert await inventory.open_shows() == (KEY,)


async def test_live_holds_survive_a_rebuild(inventory: ValkeyInventory) -> None:
    """A rebuild of a store that lost nothing keeps what visitors hold."""
    await open_show(inventory)
    hold = (await held(inventory, "ann", [3], 1)).hold
    await open_show(inventory)
    assert await inventory.read_hold(KEY, "ann") == hold


async def test_a_big_show_opens_with_its_sales(inventory: ValkeyInventory) -> None:
    """Sixty thousand seats, half of them sold in ten thousand orders: staged, then in force at once."""
    sold = tuple(SoldOrder(n + 1, f"v{n % 977}", tuple((n * 6 + i, 1) for i in range(3))) for n in range(10_000))
    await open_show(inventory, plan(60_000), Facts(sold, {59_999: "camera"}))
    snapshot = await inventory.read(KEY)
    assert snapshot is not None
    assert len(snapshot.seats) == 15_000
    assert await inventory.hold(KEY, "ann", ask([6, 59_999]), "c") == Refused("seat_taken", seats=(6, 59_999))
    assert isinstance(await inventory.hold(KEY, "ann", ask([3, 59_998]), "d"), Held)


async def test_nothing_staged_is_left_behind(redis: Redis, inventory: ValkeyInventory) -> None:
    """After opening only the show's own keys exist; after closing, none."""
    await open_show(inventory, facts=Facts((SoldOrder(1, "ann", ((1, 1),)),), {2: "camera"}))
    names = {name.decode() for name in await redis.keys("*staged*")}
    assert names == set()
    assert await redis.ttl(keys.part_key(KEY, "orders")) == -1
    await inventory.close_show(KEY)
    assert await redis.keys("{e:3}*") == []
    assert await inventory.read(KEY) is None


async def test_holds_lapse_by_the_stores_own_clock(inventory: ValkeyInventory) -> None:
    """A hold of 60 ms is gone soon after without anybody asking the buyer's clock."""
    limits = Limits(ttl_ms=60, life_max_ms=60)
    await open_show(inventory, plan(limits=limits))
    hold = (await held(inventory, "ann", [3])).hold
    assert abs(hold.started_at_ms - time.time() * 1000) < 5000
    assert hold.expires_at_ms == hold.started_at_ms + 60

    async def lapsed() -> bool:
        return await inventory.lapse_due() == 1

    await until(lapsed)
    assert await inventory.read_hold(KEY, "ann") is None
    assert isinstance(await inventory.hold(KEY, "bob", ask([3]), "c"), Held)


async def test_overdue_payments_are_listed_not_released(inventory: ValkeyInventory) -> None:
    """Rule R5: the seats stay frozen until somebody has cancelled the intent."""
    await open_show(inventory)
    hold = (await held(inventory, "ann", [3])).hold
    await inventory.begin_payment(KEY, "ann", hold.hold_id, 9, 1)
    assert await inventory.lapse_due() == 0
    (overdue,) = await inventory.overdue_payments(KEY)
    assert (overdue.order_id, overdue.hold_id, overdue.until_ms) == (9, hold.hold_id, 1)
    released = await inventory.end_payment(KEY, hold.hold_id, 9, release=True)
    assert isinstance(released, Released)
    assert await inventory.overdue_payments(KEY) == ()


async def test_another_visitors_hold_cannot_be_paid(inventory: ValkeyInventory) -> None:
    """A stolen hold id is of no use without the visitor's cookie."""
    await open_show(inventory)
    hold = (await held(inventory, "ann", [3])).hold
    assert await inventory.begin_payment(KEY, "eve", hold.hold_id, 9, 1) == Refused("hold_not_yours")


async def test_too_much_at_once_is_refused_unsent(inventory: ValkeyInventory) -> None:
    """A flood of seats in one request does not reach the store."""
    await open_show(inventory)
    assert await inventory.hold(KEY, "ann", HoldRequest(((1, 1),) * 1001), "c") == Refused("too_many_seats", limit=1000)
    with pytest.raises(Misuse):
        await inventory.hold(KEY, "ann", ask([1]), "x" * 129)


async def test_a_whole_section_is_blocked_at_once(inventory: ValkeyInventory) -> None:
    """Five thousand seats leave the sale in one step and one feed entry."""
    opened = await open_show(inventory, plan(6000))
    await inventory.block(KEY, range(5000), "rebuilding")
    changes = await inventory.gap(KEY, opened)
    assert changes is not None
    assert len(changes) == 1
    assert len(changes[0].seats) == 5000
    await inventory.unblock(KEY, range(6000))
    snapshot = await inventory.read(KEY)
    assert snapshot is not None
    assert snapshot.seats == bytes(1500)


async def test_the_feed_follows_many_shows(inventory: ValkeyInventory, feed: ValkeyFeed) -> None:
    """A waiting reader gets each show's changes in order, and who caused them."""
    other = ShowKey(3, 5)
    first, second = await open_show(inventory), await inventory.open_show(other, plan(), Facts())
    assert isinstance(second, Position)
    waiting = asyncio.create_task(feed.changes({KEY: first, other: second}, 5000))
    hold = await held(inventory, "ann", [3], 1)
    changes = (await waiting)[KEY]
    assert [change.position for change in changes] == [Position(first.epoch, 1)]
    assert changes[0].seats == ((3, 1),)
    assert changes[0].areas == ((0, 9),)
    assert (changes[0].visitor, changes[0].hold) == ("ann", hold.hold)
    assert await feed.changes({KEY: changes[0].position, other: second}, 1) == {}


async def test_a_gap_that_cannot_be_told_is_admitted(redis: Redis, inventory: ValkeyInventory) -> None:
    """Another epoch, a position from the future or trimmed entries: take a snapshot."""
    opened = await open_show(inventory)
    for n in range(3):
        await held(inventory, f"v{n}", [n])
    assert await inventory.gap(KEY, Position(opened.epoch, 3)) == ()
    assert await inventory.gap(KEY, Position(opened.epoch, 4)) is None
    assert await inventory.gap(KEY, Position(opened.epoch - 1, 0)) is None
    assert await inventory.gap(KEY, opened, limit=2) is None
    await redis.xtrim(keys.part_key(KEY, "feed"), maxlen=1, approximate=False)
    assert await inventory.gap(KEY, opened) is None
    (last,) = await inventory.gap(KEY, Position(opened.epoch, 2)) or ()
    assert isinstance(last, Change)


async def test_prices_are_kept_by_version(inventory: ValkeyInventory) -> None:
    """Old versions stay readable: holds were made at them."""
    await open_show(inventory)
    new = {0: {1: 2600, 2: 1300}}
    await inventory.reprice(KEY, 2, new)
    assert await inventory.read_prices(KEY) == {1: PRICES, 2: new}


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory, scratch: Path) -> Iterator[valkey.EmbeddedValkey]:
    """A store of the test's own, to be killed."""
    server = valkey.start(scratch / "mortal", durable=False)
    yield server
    server.stop()


async def test_a_killed_store_is_unavailable_then_empty(mortal: valkey.EmbeddedValkey, scratch: Path) -> None:
    """Calls in flight and after the death fail as Unavailable; an empty successor is noticed and rebuilt."""
    client = Redis.from_url(mortal.url)
    inventory = ValkeyInventory(client, timeout_s=1.0)
    await open_show(inventory)
    hold = (await held(inventory, "ann", [3])).hold
    assert hold.state is HoldState.ACTIVE
    mortal.stop()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await inventory.hold(KEY, "bob", ask([4]), "c")
    successor = valkey.start(scratch / "mortal", durable=False)
    try:
        assert await inventory.hold(KEY, "bob", ask([4]), "c") == Refused("show_unknown")
        await open_show(inventory)
        assert isinstance(await inventory.hold(KEY, "bob", ask([4]), "c"), Held)
    finally:
        await inventory.aclose()
        await client.aclose()
        successor.stop()


async def test_a_silent_store_is_given_up(redis: Redis, inventory: ValkeyInventory) -> None:
    """A store that accepts and never answers costs the timeout, not for ever; the retry gets the first answer."""
    impatient = ValkeyInventory(redis, timeout_s=0.2)
    await open_show(impatient)
    await redis.execute_command("CLIENT", "PAUSE", 600, "ALL")  # type: ignore[no-untyped-call]
    with pytest.raises(Unavailable):
        await impatient.hold(KEY, "ann", ask([3]), "c")
    patient = await inventory.hold(KEY, "ann", ask([3]), "c")
    assert isinstance(patient, Held)
    await impatient.aclose()


async def test_a_cancelled_caller_disturbs_nobody(inventory: ValkeyInventory) -> None:
    """Answers still find their own callers after one of them has gone."""
    await open_show(inventory)
    calls = [asyncio.create_task(inventory.hold(KEY, f"v{n}", ask([n]), "c")) for n in range(10)]
    await asyncio.sleep(0)
    calls[4].cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for n, answer in enumerate(answers):
        if n != 4:
            assert isinstance(answer, Held)
            assert answer.hold.visitor == f"v{n}"
