"""A seat is sold once, however many ask at the same moment; each race starts with a control that must fail."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from seatmap.inventory import keys
from seatmap.inventory.model import Facts, Held, Position, Refused, Released, SeatState, Sold, SoldOrder
from seatmap.inventory.seat_index import unpack_states
from seatmap.inventory.valkey_inventory import ValkeyInventory
from tests.model.inventory.scene import KEY, ask, held, open_show, plan

CROWD, SEATS = 1000, 20


@pytest.fixture
async def inventory(redis: Redis) -> AsyncIterator[ValkeyInventory]:
    """An inventory on an empty store."""
    inventory = ValkeyInventory(redis)
    yield inventory
    await inventory.aclose()


@pytest.fixture
async def others(redis: Redis) -> AsyncIterator[list[ValkeyInventory]]:
    """Three more processes' inventories, each with its own connection."""
    inventories = [ValkeyInventory(redis) for _ in range(3)]
    yield inventories
    for inventory in inventories:
        await inventory.aclose()


async def check_then_set(redis: Redis, visitor: str, k: int) -> bool:
    """Hold a seat the wrong way: look, then write."""
    name = keys.part_key(KEY, "seats")
    (state,) = await redis.bitfield(name).get("u2", f"#{k}").execute()
    if state:
        return False
    await redis.bitfield(name).set("u2", f"#{k}", 1).execute()
    return True


async def test_looking_first_oversells(redis: Redis, inventory: ValkeyInventory) -> None:
    """Negative control: without one atomic step the same crowd gets more seats than there are."""
    await open_show(inventory)
    room = asyncio.Semaphore(50)

    async def buyer(number: int) -> bool:
        async with room:
            return await check_then_set(redis, f"v{number}", number % SEATS)

    won = await asyncio.gather(*(buyer(number) for number in range(200)))
    assert sum(won) > SEATS


async def test_a_thousand_ask_for_twenty_seats(inventory: ValkeyInventory, others: list[ValkeyInventory]) -> None:
    """All are answered within a second; twenty win, one per seat; the rest are told which seat is taken."""
    await open_show(inventory)
    everyone = [inventory, *others]
    started = time.perf_counter()
    answers = await asyncio.gather(*(everyone[n % 4].hold(KEY, f"v{n}", ask([n % SEATS]), "c") for n in range(CROWD)))
    assert time.perf_counter() - started < 1.0
    wins = [answer.hold.seats[0].k for answer in answers if isinstance(answer, Held)]
    assert sorted(wins) == list(range(SEATS))
    refusals = Counter(answer.code for answer in answers if isinstance(answer, Refused))
    assert refusals == {"seat_taken": CROWD - SEATS}


async def test_overlapping_groups_never_share_a_seat(inventory: ValkeyInventory, others: list[ValkeyInventory]) -> None:
    """Groups of four with an area place, each overlapping the next: winners are disjoint, losers hold nothing."""
    await open_show(inventory)
    everyone = [inventory, *others]
    answers = await asyncio.gather(
        *(everyone[n % 4].hold(KEY, f"v{n}", ask(range(n % 36, n % 36 + 4), 1), "c") for n in range(400))
    )
    seats = [line.k for answer in answers if isinstance(answer, Held) for line in answer.hold.seats]
    assert len(seats) == len(set(seats))
    snapshot = await inventory.read(KEY)
    assert snapshot is not None
    states = unpack_states(snapshot.seats, snapshot.seat_count)
    assert sorted(seats) == [k for k in range(40) if states[k] == SeatState.HELD]
    assert snapshot.remaining == (10 - len(seats) // 4,)


async def test_the_last_places_of_an_area_go_once(inventory: ValkeyInventory, others: list[ValkeyInventory]) -> None:
    """Ten standing places, three at a time: three parties get in, never four."""
    await open_show(inventory)
    everyone = [inventory, *others]
    answers = await asyncio.gather(*(everyone[n % 4].hold(KEY, f"v{n}", ask([], 3), "c") for n in range(200)))
    assert sum(isinstance(answer, Held) for answer in answers) == 3


async def test_a_double_click_is_one_hold(inventory: ValkeyInventory, others: list[ValkeyInventory]) -> None:
    """The same command sent at once over several connections has one effect and one answer."""
    await open_show(inventory)
    sent = [store.hold(KEY, "ann", ask([5], 2), "same") for store in [inventory, *others] * 5]
    answers = await asyncio.gather(*sent)
    assert len(set(answers)) == 1
    snapshot = await inventory.read(KEY)
    assert snapshot is not None
    assert snapshot.remaining == (8,)


async def test_sale_and_lapse_do_not_both_win(inventory: ValkeyInventory, others: list[ValkeyInventory]) -> None:
    """While holds lapse, payments begin: each seat ends either sold or free, and every sale kept its seat."""
    now = int(time.time() * 1000) + 3_600_000
    await open_show(inventory)
    await inventory.stop_clock(KEY, now)
    holds = [await held(inventory, f"v{n}", [n]) for n in range(20)]
    await inventory.stop_clock(KEY, now + 599_999)

    async def pay(n: int) -> bool:
        hold = holds[n].hold
        begun = await others[0].begin_payment(KEY, hold.visitor, hold.hold_id, n + 1, now + 700_000)
        if n == 10:
            await others[2].stop_clock(KEY, now + 600_000)
        return isinstance(begun, Held) and isinstance(await others[0].sell(KEY, n + 1, hold.hold_id), Sold)

    results = await asyncio.gather(*(pay(n) for n in range(20)), *(others[1].lapse(KEY, 1) for _ in range(30)))
    await inventory.lapse(KEY)
    snapshot = await inventory.read(KEY)
    assert snapshot is not None
    states = unpack_states(snapshot.seats, snapshot.seat_count)[:20]
    assert [state == SeatState.SOLD for state in states] == list(results[:20])
    assert set(states.tolist()) <= {SeatState.FREE, SeatState.SOLD}


async def test_only_the_last_rebuild_counts(inventory: ValkeyInventory, others: list[ValkeyInventory]) -> None:
    """Two rebuild at once; the one that began earlier, with older facts, is refused; epochs only grow."""
    first = await open_show(inventory)
    early, late = await inventory.begin_rebuild(KEY), await others[0].begin_rebuild(KEY)
    newer = Facts(sold=(SoldOrder(1, "ann", ((7, 1),)),))
    done = await others[0].open_show(KEY, plan(), newer, fence=late)
    assert isinstance(done, Position)
    assert done.epoch > first.epoch
    assert await inventory.open_show(KEY, plan(), Facts(), fence=early) == Refused("rebuild_superseded")
    assert isinstance(await inventory.hold(KEY, "bob", ask([7]), "c"), Refused)


async def test_a_mixed_crowd_leaves_every_count_right(
    inventory: ValkeyInventory, others: list[ValkeyInventory]
) -> None:
    """Hold, add, release, pay, fail, refund at once: what is left adds up, and the feed tells every step."""
    opened = await open_show(inventory)
    everyone = [inventory, *others]

    async def visitor(n: int) -> int:
        store, name, sold = everyone[n % 4], f"v{n}", 0
        for turn in range(4):
            seats = [(n * 7 + turn * 3) % 40, (n * 7 + turn * 3 + 1) % 40]
            answer = await store.hold(KEY, name, ask(seats, turn % 2), f"h{turn}")
            if isinstance(answer, Refused):
                continue
            match (n + turn) % 4:
                case 0:
                    assert isinstance(await store.release(KEY, name, f"r{turn}"), Released)
                case 1:
                    order = n * 10 + turn
                    await store.begin_payment(KEY, name, answer.hold.hold_id, order, 2**50)
                    sale = await store.sell(KEY, order, answer.hold.hold_id)
                    assert isinstance(sale, Sold)
                    sold += len(sale.seats)
                    if n % 3 == 0:
                        await store.unsell(KEY, order, "u")
                        sold -= len(sale.seats)
                case _:
                    await store.release(KEY, name, f"r{turn}", seats=seats[:1])
        await store.release(KEY, name, "end")
        return sold

    sold = sum(await asyncio.gather(*(visitor(n) for n in range(200))))
    snapshot, changes = await inventory.read(KEY), await inventory.gap(KEY, opened)
    assert snapshot is not None
    assert changes is not None
    states = unpack_states(snapshot.seats, snapshot.seat_count).tolist()
    assert states.count(SeatState.SOLD) == sold
    assert states.count(SeatState.HELD) == 0
    seen = dict.fromkeys(range(40), 0)
    for change in changes:
        seen.update(change.seats)
    assert [seen[k] for k in range(40)] == states
    assert [change.position.seq for change in changes] == list(range(1, len(changes) + 1))
