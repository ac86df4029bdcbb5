"""What happens to tickets after they were issued: void (cancelled, refunded), suspended (disputed), reinstated.

Each locks the order's tickets first, as a scan does, so that a refund and the holder at the gate cannot both win.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncpg import Connection

from server.sql_blocks import load_blocks

_BLOCKS = load_blocks(__package__, "lifecycle.sql")


@dataclass(frozen=True, slots=True)
class Voided:
    """These tickets no longer admit anybody; their seats may be ticketed anew."""

    tickets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AlreadyAdmitted:
    """Nothing was voided: holders of these tickets have been let in."""

    tickets: tuple[int, ...]
    code: str = "ticket_admitted"


async def void_tickets(
    connection: Connection[Any], order_id: int, lines: Sequence[int] | None = None, *, even_admitted: bool = False
) -> Voided | AlreadyAdmitted:
    """Void an order's live tickets (those of *lines* only, when given), in the caller's transaction.

    Unless *even_admitted*, refuse as a whole when somebody entered with one of them. Voiding twice voids nothing more.
    """
    rows = await connection.fetch(_BLOCKS["lock_live_tickets"], order_id, None if lines is None else list(lines))
    live = [row["ticket_id"] for row in rows]
    if not even_admitted:
        admitted = await connection.fetch(_BLOCKS["read_admitted"], live)
        if admitted:
            return AlreadyAdmitted(tuple(row["ticket_id"] for row in admitted))
    await connection.execute(_BLOCKS["set_state"], live, "void")
    return Voided(tuple(live))


async def suspend_tickets(connection: Connection[Any], order_id: int) -> tuple[int, ...]:
    """Suspend an order's issued tickets while its payment is disputed; the door sends their holders to the help desk."""
    rows = await connection.fetch(_BLOCKS["change_state"], order_id, "issued", "suspended")
    return tuple(row["ticket_id"] for row in rows)


async def reinstate_tickets(connection: Connection[Any], order_id: int) -> tuple[int, ...]:
    """Give suspended tickets of an order back their right to enter."""
    rows = await connection.fetch(_BLOCKS["change_state"], order_id, "suspended", "issued")
    return tuple(row["ticket_id"] for row in rows)
