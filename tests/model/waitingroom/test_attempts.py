"""The allowances in Valkey count as their rule does, after any sequence of attempts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from waitingroom.challenges.attempts import Allowance, Replayed, Spent, TooOften, spend
from waitingroom.challenges.valkey_attempts import ValkeyAttempts, allowance_key, spent_key
from waitingroom.model import RoomKey

ROOM = RoomKey(3, 5)
# Hours per attempt: the milliseconds a test takes decide nothing.
SLOW = (Allowance("a", 3_600_000, 2), Allowance("b", 3_600_000, 3), Allowance("c", 1_800_000, 5))
ATTEMPTS = st.lists(
    st.tuples(
        st.sets(st.sampled_from(SLOW), min_size=0).map(lambda chosen: tuple(sorted(chosen, key=lambda one: one.name))),
        st.sampled_from(["", "s1", "s2"]),
        st.sampled_from(["ann", "bob"]),
    ),
    max_size=12,
)


class Connection:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def command(self, *parts: str | bytes | int) -> Any:
        return await self._redis.execute_command(*parts)  # type: ignore[no-untyped-call]


def kind(outcome: Spent | TooOften | Replayed) -> tuple[str, str]:
    return type(outcome).__name__, outcome.allowance if isinstance(outcome, TooOften) else ""


@given(ATTEMPTS)
@settings(max_examples=40)
def test_the_store_counts_as_the_rule(valkey_url: str, attempts: list[tuple[tuple[Allowance, ...], str, str]]) -> None:
    """Same answers, same waits (to the second a test may take), same loads; a solution belongs to its first spender."""

    async def run() -> None:
        redis = Redis.from_url(valkey_url)
        await redis.flushall()
        store, paid, spent = ValkeyAttempts(Connection(redis)), dict[str, int](), dict[str, str]()
        for wanted, solution, who in attempts:
            paid, expected = spend(
                paid, wanted, now_ms=0, spent_by=spent.get(solution) if solution else None, spender=who
            )
            spender = who if solution else ""
            found = await store.spend(
                ROOM, [(one, "x") for one in wanted], solution=solution, spender=spender, remember_s=60
            )
            assert kind(found) == kind(expected)
            if isinstance(found, TooOften) and isinstance(expected, TooOften):
                assert 0 <= expected.retry_after_ms - found.retry_after_ms < 30_000
            if isinstance(found, Spent) and isinstance(expected, Spent):
                assert found.load == pytest.approx(expected.load, abs=0.01)
                if solution:
                    spent.setdefault(solution, who)
        await redis.aclose()

    asyncio.run(run())


async def test_memory_ends_with_its_use(redis: Redis) -> None:
    """Every key of an attempt goes away by itself, and none of them names anybody."""
    store = ValkeyAttempts(Connection(redis))
    await store.spend(ROOM, [(SLOW[0], "d1")], solution="f" * 64, spender="0011", remember_s=60)
    names = sorted(key.decode() for key in await redis.keys("*"))
    assert names == sorted([allowance_key(ROOM, "a", "d1"), spent_key(ROOM, "f" * 64)])
    assert all([0 < await redis.pttl(name) <= 3_600_000 for name in names])
