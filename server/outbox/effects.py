"""The effects that follow a commit: their kinds, what each carries, and how late each may be. Written here, done by `drain.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from asyncpg import Connection

from server.sql_blocks import load_blocks

EffectKind = Literal["sell", "unsell", "release", "mail", "refund", "cancel_intent"]

# After how many seconds somebody must have noticed that an effect did not happen: longer than a dead worker's lease.
DEADLINE_S: Final[dict[EffectKind, int]] = {
    "sell": 180,
    "unsell": 180,
    "release": 180,
    "mail": 900,
    "refund": 900,
    "cancel_intent": 3600,
}
SQL = load_blocks("server.orders", "orders.sql")


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect. *payload* is small and holds no personal data: a refund's or attempt's number, a flag."""

    kind: EffectKind
    payload: dict[str, Any]

    @property
    def encoded(self) -> str:
        return orjson.dumps(self.payload).decode()


def effect(kind: EffectKind, **payload: Any) -> Effect:
    """Describe an effect."""
    return Effect(kind, payload)


async def write_effect(
    connection: Connection[Any], org_id: int, order_id: int, wanted: Effect, *, delay_s: float = 0
) -> None:
    """Write *wanted* into the outbox, in the caller's transaction."""
    await connection.execute(
        SQL["insert_effect"], org_id, order_id, wanted.kind, wanted.encoded, DEADLINE_S[wanted.kind] + delay_s, delay_s
    )
