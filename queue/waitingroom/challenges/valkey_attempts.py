"""Allowances and spent solutions in Valkey: one command per attempt, by the store's clock."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Protocol

from waitingroom.challenges.attempts import Allowance, Replayed, Spent, TooOften
from waitingroom.challenges.price import Price
from waitingroom.model import RoomKey

SUBJECT_CHARS: Final = 22


def without_comments(script: Traversable) -> str:
    """Return a script as it is sent."""
    return "\n".join(line for line in script.read_text(encoding="utf-8").splitlines() if not line.startswith("--"))


_SOURCE: Final = without_comments(files("waitingroom.challenges").joinpath("lua/spend_attempt.lua"))


class Store(Protocol):
    """A connection to Valkey, as the inventory's pipeline is one. Error replies are raised with their text."""

    async def command(self, *parts: str | bytes | int) -> Any:
        """Run one command."""
        ...


class ValkeyAttempts:
    """Count attempts and remember solutions. Raises what *store* raises."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def spend(
        self,
        key: RoomKey,
        wanted: Sequence[tuple[Allowance, str]],
        *,
        solution: str = "",
        spender: str = "",
        remember_s: int = 1,
    ) -> Spent | TooOften | Replayed:
        """Take one attempt out of every allowance of *wanted* (with whose it is), then spend *solution* for *spender*.

        Subjects are digests of at most 22 characters: nothing in a key tells an address.
        """
        assert bool(solution) == bool(spender) and all(0 < len(who) <= SUBJECT_CHARS for _, who in wanted)
        keys = [spent_key(key, solution), *(allowance_key(key, one.name, who) for one, who in wanted)]
        arguments: list[str | int] = [spender, remember_s]
        for one, _ in wanted:
            arguments += [one.every_ms, one.burst]
        # The text goes with every call, 1 KB: a store that was emptied has forgotten a script, and its digest takes 2 µs.
        reply = await self._store.command("EVAL", _SOURCE, len(keys), *keys, *arguments)
        match reply:
            case [0, load]:
                return Spent(int(load) / 10_000)
            case [1, number, retry_after_ms]:
                return TooOften(wanted[int(number) - 1][0].name, int(retry_after_ms))
            case _:
                return Replayed()

    async def tell_price(self, key: RoomKey, session: str, price: Price, for_s: int) -> None:
        """Remember for *for_s* what a session was told that joining costs."""
        await self._store.command("SET", allowance_key(key, "price", session), int(price), "EX", for_s)

    async def told_price(self, key: RoomKey, session: str) -> Price:
        """Return what a session was told; `NONE` when it was told nothing."""
        return Price(int(await self._store.command("GET", allowance_key(key, "price", session)) or 0))


def spent_key(key: RoomKey, solution: str) -> str:
    """Name the memory of one solution; *solution* is its challenge's signature or a part of it."""
    return f"{{e:{key.event_id}}}:r:{key.room_id}:spent:{solution[:32]}"


def allowance_key(key: RoomKey, name: str, subject: str) -> str:
    """Name one allowance of one subject."""
    return f"{{e:{key.event_id}}}:r:{key.room_id}:try:{name}:{subject}"
