"""A gateway in a process of its own, to be killed: `python -m tests.integration.realtime.gateway_process <redis url> <port>`."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from redis.asyncio import Redis

from seatmap.chart.compiler import compile_chart
from seatmap.chart.generators.theatre import generate_theatre
from seatmap.inventory.valkey_inventory import ValkeyInventory
from server.listen import shared_socket
from tests.integration.realtime.house import ROOM, House, facts_of
from tests.integration.realtime.usher import room_facts


async def main(url: str, port: int) -> None:
    """Serve the theatre until killed."""
    redis = Redis.from_url(url)
    house = House(facts_of(compile_chart(generate_theatre())), redis, ValkeyInventory(redis))
    house.rooms[ROOM] = room_facts()
    async with house.gateway(listening=shared_socket("127.0.0.1", port)):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
