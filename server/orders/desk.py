"""What the deeds on orders need, made once per process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from seatmap.inventory.port import Inventory
from server.catalog.facts import ShowFactsSource
from server.database import Database
from server.outbox.wake import ArqWake, Wake
from server.payments.provider import PaymentProvider
from server.services import Services
from server.tickets.keys import KeyWrapper


def unix_ms() -> int:
    """Return the time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Desk:
    """*grace_s* is how long seats stay after a payment was begun at the last moment, and the one extension for a bank's question."""

    database: Database
    inventory: Inventory
    provider: PaymentProvider
    shows: ShowFactsSource
    keys: KeyWrapper
    wake: Wake
    grace_s: int = 240
    now_ms: Callable[[], int] = unix_ms


def desk_of(services: Services) -> Desk:
    """Return the desk of a process's services."""
    return Desk(
        database=services.database,
        inventory=services.inventory,
        provider=services.provider,
        shows=services.shows,
        keys=KeyWrapper(services.settings.secret.encode()),
        wake=ArqWake(services.jobs),
        grace_s=services.settings.payment_grace_s,
    )
