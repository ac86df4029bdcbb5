"""Standing areas on a festival field: counters instead of seats."""

from __future__ import annotations

from redis.asyncio import Redis

from seatmap.chart.compiled import CompiledChart
from tests.integration.realtime.client import Client
from tests.integration.realtime.house import ADULT, CHILD, house_of


async def test_places_are_held_and_everybody_sees_the_rest(redis: Redis, festival: CompiledChart) -> None:
    """A hold of places changes what is left, for all."""
    async with (
        house_of(redis, festival) as house,
        house.gateway() as (_, live),
        Client(live, session=house.token()) as buyer,
        Client(live) as viewer,
    ):
        await buyer.join()
        await viewer.join()
        capacity = festival.areas[0].capacity
        hold = (await buyer.command("hold", areas=[[0, ADULT, 2], [0, CHILD, 1]]))["hold"]
        assert [(area["a"], area["type"], area["qty"]) for area in hold["areas"]] == [(0, ADULT, 2), (0, CHILD, 1)]
        assert hold["total"] == sum(area["qty"] * area["amount"] for area in hold["areas"])
        await viewer.until(lambda: any([0, capacity - 3] in m["areas"] for m in viewer.messages if m["t"] == "areas"))
        left = (await buyer.command("release", areas=[[0, ADULT, 1]]))["hold"]
        assert [(area["type"], area["qty"]) for area in left["areas"]] == [(ADULT, 1), (CHILD, 1)]
        assert (await buyer.command("hold", areas=[[0, ADULT, 500]]))["code"] == "too_many_seats"
