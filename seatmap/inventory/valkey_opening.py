"""Stage a show's facts in Valkey and put them in force in one step."""

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import numpy as np

from seatmap.faults import Misuse
from seatmap.inventory import keys, wire
from seatmap.inventory.model import PLACES_PER_HOLD_MAX, Facts, SeatState, ShowKey, ShowPlan, SoldOrder
from seatmap.inventory.rules.opening import check_facts
from seatmap.inventory.rules.organising import priced_pairs
from seatmap.inventory.rules.state import demand_of, places_of
from seatmap.inventory.seat_index import pack_states
from seatmap.inventory.valkey_functions import ValkeyFunctions

STAGED_FIELDS: Final = 500  # per command: some 0.5 ms of the store each
STAGED_TTL_MS: Final = 600_000  # what an opener that died leaves behind goes away by itself
FENCE_TTL_MS: Final = 600_000

Field = str | bytes | int


class ShowOpener:
    """Open shows. Facts are staged beside the show, so the one step that replaces it is short."""

    def __init__(self, functions: ValkeyFunctions) -> None:
        self._functions = functions

    async def begin(self, key: ShowKey) -> str:
        """Set a new fence; openers with an older one will be refused."""
        fence = secrets.token_urlsafe(12)
        await self._functions.command("SET", keys.part_key(key, "fence"), fence, "PX", FENCE_TTL_MS)
        return fence

    async def open(self, key: ShowKey, plan: ShowPlan, facts: Facts, fence: str | None, after_epoch: int) -> bytes:
        """Open the show; the reply is the function's."""
        check_plan(plan)
        check_facts(plan, facts)
        fence = fence or await self.begin(key)
        staged = {part: keys.part_key(key, f"staged:{fence}:{part}") for part in ("orders", "bought", "blocked")}
        await self._stage(staged["orders"], ((order.order_id, _order(order)) for order in facts.sold))
        await self._stage(staged["bought"], _bought(facts).items())
        await self._stage(staged["blocked"], _blocked(facts).items())
        reply: bytes = await self._functions.call(
            "open_show",
            key,
            (keys.part_key(key, "fence"), *staged.values(), keys.shows_key(key.event_id)),
            fence,
            wire.encode(_config(plan)),
            after_epoch,
            _states(plan, facts),
            _layout(plan),
            wire.encode(_sells(plan)),
            wire.encode(_counters(plan, facts)),
            wire.encode(_prices(plan)),
            wire.encode([wire.hold_record(hold) for hold in facts.paying]),
            key.show_id,
        )
        await self._functions.command("SADD", keys.EVENTS_KEY, key.event_id)
        return reply

    async def _stage(self, name: str, fields: Iterable[tuple[Field, Field]]) -> None:
        for batch in _batches(fields):
            await self._functions.command("HSET", name, *batch)
            await self._functions.command("PEXPIRE", name, STAGED_TTL_MS)


def check_plan(plan: ShowPlan) -> None:
    """Stop on a plan no show can be run by. `Misuse`."""
    if plan.pools and len(plan.pools) != plan.seat_count:
        raise Misuse("pools must have one byte per seat")
    if not plan.prices or plan.price_version < 0:
        raise Misuse("a show needs prices")
    pairs = priced_pairs(plan.prices[plan.price_version])
    if any(priced_pairs(prices) != pairs for prices in plan.prices.values()):
        raise Misuse("every price version must price the same (category, type) pairs")
    if any(not 0 <= category <= 255 for category, _ in pairs):
        raise Misuse("categories are bytes")
    if unknown := {quota for quotas in plan.quota_of.values() for quota in quotas} - set(plan.quotas):
        raise Misuse(f"quotas without a capacity: {sorted(unknown)}")
    limits = plan.limits
    if not 0 < limits.ttl_ms <= limits.life_max_ms:
        raise Misuse("a hold's time must be positive and within its maximal life")


def _states(plan: ShowPlan, facts: Facts) -> bytes:
    states = np.zeros(plan.seat_count, dtype=np.uint8)
    states[list(facts.blocked)] = SeatState.OFF_SALE
    states[[k for order in facts.sold for k, _ in order.seats]] = SeatState.SOLD
    return pack_states(states)


def _layout(plan: ShowPlan) -> bytes:
    layout = np.zeros((plan.seat_count, 2), dtype=np.uint8)
    layout[:, 0] = np.frombuffer(plan.categories, dtype=np.uint8)
    if plan.pools:
        layout[:, 1] = np.frombuffer(plan.pools, dtype=np.uint8)
    return layout.tobytes()


def _config(plan: ShowPlan) -> wire.ShowConfig:
    limits, phase = plan.limits, plan.phase
    return wire.ShowConfig(
        seats=plan.seat_count,
        areas=len(plan.areas),
        quotas=len(plan.quotas),
        epoch=0,
        opens_at_ms=phase.opens_at_ms,
        closes_at_ms=phase.closes_at_ms,
        paused=int(phase.paused),
        pass_required=int(plan.pass_required),
        order_max=limits.order_max or PLACES_PER_HOLD_MAX,
        visitor_max=limits.visitor_max,
        ttl_ms=limits.ttl_ms,
        extension_ms=limits.extension_ms,
        life_max_ms=limits.life_max_ms,
        retry_ms=limits.retry_ms,
        price_version=plan.price_version,
        clock_ms=0,
    )


def _sells(plan: ShowPlan) -> list[str]:
    fields: list[str] = []
    for category, type_id in sorted(priced_pairs(plan.prices[plan.price_version])):
        fields += [f"{category}:{type_id}", ",".join(map(str, plan.quota_of.get((category, type_id), ())))]
    return fields


def _counters(plan: ShowPlan, facts: Facts) -> list[str | int]:
    sold: Counter[tuple[str, int]] = Counter()
    for order in facts.sold:
        sold.update(demand_of(plan, order.seats, order.areas))
    capacities = {("a", a): area.capacity for a, area in enumerate(plan.areas)}
    capacities |= {("q", quota): capacity for quota, capacity in plan.quotas.items()}
    fields: list[str | int] = []
    for (kind, number), capacity in capacities.items():
        name = f"{kind}{number}"
        fields += [name, capacity, f"{name}:held", 0, f"{name}:sold", sold[kind, number]]
    for a, area in enumerate(plan.areas):
        fields += [f"a{a}:category", area.category]
    return fields


def _prices(plan: ShowPlan) -> list[int | str]:
    fields: list[int | str] = []
    for version, prices in plan.prices.items():
        fields += [version, wire.write_prices(prices)]
    return fields


def _order(order: SoldOrder) -> bytes:
    return wire.encode([order.visitor, wire.values(order.seats), wire.values(order.areas)])


def _bought(facts: Facts) -> Counter[str]:
    bought: Counter[str] = Counter()
    for order in facts.sold:
        bought[order.visitor] += places_of(order)
    return bought


def _blocked(facts: Facts) -> dict[int, str]:
    sold = {k for order in facts.sold for k, _ in order.seats}
    return {k: reason for k, reason in facts.blocked.items() if k not in sold}


def _batches(fields: Iterable[tuple[Field, Field]]) -> Iterator[list[Field]]:
    items = iter(fields)
    while batch := list(islice(items, STAGED_FIELDS)):
        yield [value for pair in batch for value in pair]
