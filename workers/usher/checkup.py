"""Look at checkout's health: what every process published, how long jobs wait, and whether the payment provider answers. One per process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.faults import Unavailable
from server.payments.provider import PaymentProvider
from server.vitals import HEALTH_KEY
from waitingroom.health import FORGOTTEN_MS, Health, Usual, Verdict, Vitals, decode_vitals, judge, learned, together

# An intent that cannot exist: the provider's "unknown" is the cheapest proof that it works.
PROBE_INTENT: Final = "pi_frontrow_probe"
PROBE_EVERY_MS: Final = 1_000
PROBE_TIMEOUT_S: Final = 1.2
# One lost packet is not an outage; two seconds are.
PROBES_LOST_MAX: Final = 2

Probe = Callable[[], Coroutine[Any, Any, bool]]


def provider_probe(provider: PaymentProvider) -> Probe:
    """Return a question that the provider answers while it works."""

    async def probe() -> bool:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await provider.retrieve_intent(PROBE_INTENT)
        except (Unavailable, TimeoutError):
            return False
        return True

    return probe


class Checkup:
    """The health of the installation, as of the last look. Freshness is judged by when a report was heard, not by others' clocks."""

    def __init__(
        self, redis: Redis, probe: Probe, queue: str, needed: tuple[str, ...] = ("server", "realtime")
    ) -> None:
        self._redis, self._probe, self._queue, self._needed = redis, probe, queue, needed
        self._heard: dict[bytes, tuple[bytes, Vitals]] = {}
        self._usual = Usual()
        self._probed_ms = -PROBE_EVERY_MS
        self._probing: asyncio.Task[bool] | None = None
        self._lost = 0
        self.health = Health(missing=needed)
        self.verdict = Verdict("missing", needed)

    def turned_away(self, room_id: int) -> int:
        """Return how many claims of the room were made to wait within the last three seconds."""
        return sum(signs.turned_away.get(room_id, 0) for _, signs in self._heard.values())

    async def look(self, now_ms: int, *, probe: bool = True) -> None:
        """Read and judge. Raises `Unavailable` when the store does not answer; *probe* whether anybody could be paying."""
        reports, queue_age_ms = await self._read(now_ms)
        if probe:
            self._ask_provider(now_ms)
        health = together(reports, now_ms, self._needed)
        self.health = msgspec.structs.replace(
            health, queue_age_ms=queue_age_ms, provider_down=health.provider_down or self._lost >= PROBES_LOST_MAX
        )
        self.verdict = judge(self.health, self._usual)
        self._usual = learned(self._usual, self.health, self.verdict, now_ms)

    async def close(self) -> None:
        """Let go of a probe under way."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)

    def _ask_provider(self, now_ms: int) -> None:
        """Take the answer of the last probe and begin another: a provider that hangs must not hold up the tick."""
        if self._probing is not None and self._probing.done():
            self._lost = 0 if self._probing.result() else self._lost + 1
            self._probing = None
        if self._probing is None and now_ms - self._probed_ms >= PROBE_EVERY_MS:
            self._probed_ms = now_ms
            self._probing = asyncio.create_task(self._probe(), name="usher.probe")

    async def _read(self, now_ms: int) -> tuple[list[Vitals], float | None]:
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.hgetall(HEALTH_KEY)
                pipe.zrange(self._queue, 0, 0, withscores=True)
                fields, oldest = await pipe.execute()
        except (RedisError, OSError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error
        for name, text in fields.items():
            if (known := self._heard.get(name)) is None or known[0] != text:
                try:
                    signs = decode_vitals(text)
                except msgspec.DecodeError:
                    continue  # of another version of Frontrow
                self._heard[name] = text, msgspec.structs.replace(signs, at_ms=now_ms)
        for name in [name for name in self._heard if name not in fields or self._stale(name, now_ms)]:
            del self._heard[name]
        age = max(0.0, now_ms - oldest[0][1]) if oldest else 0.0
        return [signs for _, signs in self._heard.values()], age

    def _stale(self, name: bytes, now_ms: int) -> bool:
        return now_ms - self._heard[name][1].at_ms > FORGOTTEN_MS
