"""A show on sale, for tests that need one."""

from collections.abc import Sequence
from typing import Any

from seatmap.inventory.model import AreaPlan, Facts, Held, HoldRequest, Limits, Position, ShowKey, ShowPlan
from seatmap.inventory.valkey_inventory import ValkeyInventory

KEY = ShowKey(3, 4)
PRICES = {0: {1: 2500, 2: 1200}}


def plan(seats: int = 40, **changes: Any) -> ShowPlan:
    """Plan a show of one category, two ticket types and one standing area."""
    settings = {"areas": (AreaPlan(10, 0),), "limits": Limits(order_max=20), **changes}
    return ShowPlan(categories=bytes(seats), prices={1: PRICES}, **settings)


async def open_show(inventory: ValkeyInventory, show: ShowPlan | None = None, facts: Facts | None = None) -> Position:
    """Open it, or rebuild it."""
    position = await inventory.open_show(KEY, show or plan(), facts or Facts())
    assert isinstance(position, Position)
    return position


def ask(seats: Sequence[int], area: int = 0) -> HoldRequest:
    """Ask for adult seats and standing places."""
    return HoldRequest(tuple((k, 1) for k in seats), ((0, 1, area),) if area else ())


async def held(inventory: ValkeyInventory, visitor: str, seats: Sequence[int], area: int = 0) -> Held:
    """Hold seats that must be free."""
    answer = await inventory.hold(KEY, visitor, ask(seats, area), f"hold {list(seats)} {area}")
    assert isinstance(answer, Held)
    return answer
