"""Checkout's health: what every process reports of itself, put together and judged. The pacing slows the line by it.

A signal is in breach above its ceiling, or when it is three times what it was while all was well (and worth mentioning at all): a
checkout that took 0.2 s and takes 1 s is in trouble on a machine where another one is fine with 2 s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Final, Literal

import msgspec

Kind = Literal["healthy", "breach", "missing", "payments_down"]
# Reports older than this say nothing about now.
FRESH_MS: Final = 3_000
# Whoever has not reported for so long has been stopped on purpose, or is known to be down by other means.
FORGOTTEN_MS: Final = 30_000
# A latency of fewer samples is chance.
SAMPLES_MIN: Final = 5
USUAL_MEMORY_S: Final = 120.0
WORSE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Limits:
    """In milliseconds: always a breach above *ceiling*, never below *floor*, else above three times the usual."""

    floor: float
    ceiling: float


LATENCIES: Final = {
    "hold_p95_ms": Limits(50, 500),
    "checkout_p95_ms": Limits(400, 3_000),
    "pool_wait_ms": Limits(100, 1_000),
    "queue_age_ms": Limits(5_000, 30_000),
}
# Shares of payment calls that fail for reasons of the provider (not: cards declined), and from how many calls on they count.
PAYMENT_ERRORS_MAX: Final = 0.2
PAYMENT_ERRORS_DOWN: Final = 0.8
PAYMENTS_MIN: Final = 3


class Vitals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one process says of itself, of its last seconds. A latency is None while nothing happened to measure.

    *turned_away*: by room, claims that cap or rate made wait a moment.
    """

    process: str
    at_ms: int
    hold_p95_ms: float | None = None
    holds: int = 0
    checkout_p95_ms: float | None = None
    checkouts: int = 0
    pool_wait_ms: float | None = None
    queue_age_ms: float | None = None
    payments: int = 0
    payment_errors: int = 0
    provider_down: bool = False
    turned_away: dict[int, int] = {}


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """All processes together: the worst latency of any, payments added up, and which kinds of process are silent."""

    hold_p95_ms: float | None = None
    checkout_p95_ms: float | None = None
    pool_wait_ms: float | None = None
    queue_age_ms: float | None = None
    payments: int = 0
    payment_errors: int = 0
    provider_down: bool = False
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What health asks of the pacing, and which signals say so."""

    kind: Kind
    signals: tuple[str, ...] = ()


HEALTHY: Final = Verdict("healthy")


@dataclass(frozen=True, slots=True)
class Usual:
    """What each latency is while all is well; learned, not configured."""

    values: dict[str, float] = field(default_factory=dict)
    at_ms: int = 0


encode_vitals = msgspec.json.Encoder().encode
decode_vitals = msgspec.json.Decoder(Vitals).decode


def together(reports: Iterable[Vitals], now_ms: int, needed: Sequence[str] = ("server", "realtime")) -> Health:
    """Put the fresh *reports* together. *needed* names the kinds of process of which at least one must speak.

    A process that spoke within half a minute and does not now counts as missing too: its trouble is what would be missed.
    """
    known = [one for one in reports if now_ms - one.at_ms <= FORGOTTEN_MS]
    fresh = [one for one in known if now_ms - one.at_ms <= FRESH_MS]
    speaking = {one.process for one in fresh}
    silent = {one.process for one in known} | set(needed)
    return Health(
        hold_p95_ms=_worst(one.hold_p95_ms for one in fresh if one.holds >= SAMPLES_MIN),
        checkout_p95_ms=_worst(one.checkout_p95_ms for one in fresh if one.checkouts >= SAMPLES_MIN),
        pool_wait_ms=_worst(one.pool_wait_ms for one in fresh),
        queue_age_ms=_worst(one.queue_age_ms for one in fresh),
        payments=sum(one.payments for one in fresh),
        payment_errors=sum(one.payment_errors for one in fresh),
        provider_down=any(one.provider_down for one in fresh),
        missing=tuple(sorted(silent - speaking)),
    )


def judge(health: Health, usual: Usual) -> Verdict:
    """Say whether the line may go on as it is. Trouble that is seen counts more than what cannot be seen."""
    errors = health.payment_errors / health.payments if health.payments >= PAYMENTS_MIN else 0.0
    if health.provider_down or errors >= PAYMENT_ERRORS_DOWN:
        return Verdict("payments_down", ("payments",))
    bad = [name for name in LATENCIES if _breach(name, getattr(health, name), usual)]
    if errors >= PAYMENT_ERRORS_MAX:
        bad.append("payments")
    if bad:
        return Verdict("breach", tuple(bad))
    if health.missing:
        return Verdict("missing", health.missing)
    return HEALTHY


def learned(usual: Usual, health: Health, verdict: Verdict, now_ms: int) -> Usual:
    """Learn what is usual, from healthy moments only: a slow decline must not become the measure of itself."""
    if verdict.kind != "healthy":
        return Usual(usual.values, now_ms)
    weight = 1 - exp(-max(0, now_ms - usual.at_ms) / 1000 / USUAL_MEMORY_S) if usual.at_ms else 1.0
    values = dict(usual.values)
    for name in LATENCIES:
        if (value := getattr(health, name)) is not None:
            values[name] = values[name] + weight * (value - values[name]) if name in values else value
    return Usual(values, now_ms)


def _breach(name: str, value: float | None, usual: Usual) -> bool:
    limits = LATENCIES[name]
    if value is None or value <= limits.floor:
        return False
    return value > min(limits.ceiling, WORSE * usual.values.get(name, limits.ceiling))


def _worst(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
