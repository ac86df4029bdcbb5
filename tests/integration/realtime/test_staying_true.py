"""Snapshot plus frames equals a fresh read, for every viewer, whatever breaks in between."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

import numpy as np
import pytest
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from realtime.frames import unpack_states
from realtime.limits import Limits
from seatmap.inventory.model import HoldRequest, SalePhase
from server.listen import shared_socket
from tests.integration.realtime.client import Client
from tests.integration.realtime.house import ADULT, House

SEATS = 60


class Churn:
    """Visitors who hold and release at random, through the inventory as another process would."""

    def __init__(self, house: House, seed: int) -> None:
        self._house, self._chance, self._number = house, random.Random(seed), 0

    async def step(self) -> None:
        """Make a handful of changes."""
        self._number += 1
        key, inventory = self._house.facts.key, self._house.inventory
        for _ in range(self._chance.randrange(1, 6)):
            visitor = f"visitor-{self._chance.randrange(12):08}"
            seats = tuple((k, ADULT) for k in self._chance.sample(range(SEATS), self._chance.randrange(1, 4)))
            command_id = f"{self._number}.{self._chance.random()}"
            if self._chance.random() < 0.6:
                await inventory.hold(key, visitor, HoldRequest(seats), command_id)
            else:
                await inventory.release(key, visitor, command_id, [k for k, _ in seats])


async def differing(house: House, viewers: Sequence[Client], scopes: Sequence[range]) -> list[int]:
    """Wait until all viewers have reached the store's position; count for each the seats in its scope that differ."""
    snapshot = await house.inventory.read(house.facts.key)
    assert snapshot is not None
    truth = unpack_states(snapshot.seats, snapshot.seat_count)
    for viewer, scope in zip(viewers, scopes, strict=True):
        await viewer.until(
            lambda viewer=viewer, scope=scope: (
                len(viewer.picture.states) and all(viewer.picture.states[k] == truth[k] for k in scope)
            )
        )
    return [
        int(np.sum(viewer.picture.states[list(scope)] != truth[list(scope)]))
        for viewer, scope in zip(viewers, scopes, strict=True)
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_every_viewer_sees_the_truth_under_churn(house: House, live: str, seed: int) -> None:
    """Viewers of all scopes come, go and come back while seats change; in the end each picture equals a fresh read."""
    churn, chance = Churn(house, seed), random.Random(seed)
    first = house.facts.chart.section[0]
    section = int(np.argmax(house.facts.chart.section != first))
    viewers = [Client(live), Client(live), Client(live, scope=[[0, 1]])]
    scopes = [range(house.facts.chart.n), range(house.facts.chart.n), range(section)]
    for viewer in viewers:
        await viewer.open()
        await viewer.join()
    for _ in range(30):
        await churn.step()
        if chance.random() < 0.3:
            viewer = chance.choice(viewers)
            await viewer.close()
            if chance.random() < 0.5:
                await churn.step()
            await viewer.open()
            await viewer.join()
    assert await differing(house, viewers, scopes) == [0, 0, 0]
    assert [viewer.gaps for viewer in viewers] == [0, 0, 0]
    for viewer in viewers:
        await viewer.close()


async def test_a_dropped_frame_is_noticed(house: House, live: str) -> None:
    """Negative control: a viewer that loses one frame differs, finds the gap at the next one, and heals itself."""
    async with Client(live) as viewer, Client(live) as witness:
        await viewer.join()
        await witness.join()
        take = viewer.picture.take
        dropped: list[bytes] = []

        def lossy(frame: bytes) -> str:
            if not dropped and frame[0] == 1:
                dropped.append(frame)
                return "old"
            return take(frame)

        viewer.picture = _Lossy(viewer.picture, lossy)  # type: ignore[assignment]
        key = house.facts.key
        await house.inventory.hold(key, "v" * 16, HoldRequest(((0, ADULT),)), "a")
        await witness.until(lambda: witness.picture.states[0] == 1)
        await viewer.until(lambda: dropped)
        assert viewer.picture.states[0] == 0
        await house.inventory.hold(key, "v" * 16, HoldRequest(((1, ADULT),)), "b")
        await viewer.until(lambda: viewer.picture.states[0] == viewer.picture.states[1] == 1)
        assert viewer.gaps == 1


class _Lossy:
    """A picture whose frames pass through something that may lose them."""

    def __init__(self, picture: object, take: object) -> None:
        self.__dict__.update(_picture=picture, take=take)

    def __getattr__(self, name: str) -> object:
        return getattr(self._picture, name)


async def test_a_killed_gateway_leaves_no_gap(house: House, redis: Redis, valkey_url: str) -> None:
    """Two processes share a port; one is killed with viewers connected. They come back to the other and miss nothing."""
    probe = shared_socket("127.0.0.1", 0)
    port = probe.getsockname()[1]
    processes = await asyncio.gather(*(_start(valkey_url, port) for _ in range(2)))
    probe.close()
    live = f"ws://127.0.0.1:{port}/live"
    viewers = [Client(live) for _ in range(12)]
    churn = Churn(house, 1)
    for viewer in viewers:
        await viewer.open()
        await viewer.join()
    for _ in range(5):
        await churn.step()
    processes[0].send_signal(signal.SIGKILL)
    await processes[0].wait()
    for _ in range(5):
        await churn.step()
    # Who was connected to the dead process: their reader has ended.
    cut = []
    for viewer in viewers:
        try:
            await viewer.socket.ping()
        except ConnectionClosed:
            cut.append(viewer)
    for viewer in cut:
        await viewer.closed()
        await viewer.open()
        joined = await viewer.join()
        assert joined["t"] == "joined", "the other process continues their position"
    assert 0 < len(cut) < 12
    await churn.step()
    assert await differing(house, viewers, [range(house.facts.chart.n)] * 12) == [0] * 12
    assert sum(viewer.gaps + viewer.resyncs for viewer in viewers) == 0
    for viewer in viewers:
        await viewer.close()
    processes[1].terminate()
    await processes[1].wait()


async def test_a_store_that_lost_everything_is_rebuilt(house: House, live: str, redis: Redis) -> None:
    """The store comes back empty: the show is rebuilt in a new epoch, every viewer resynchronises, and the sale goes on."""
    async with Client(live, session=house.token()) as buyer, Client(live) as viewer:
        epoch = (await buyer.join())["epoch"]
        await viewer.join()
        await buyer.command("hold", seats=[[0, ADULT]])
        await redis.flushall()
        refused = await buyer.command("hold", seats=[[1, ADULT]])
        assert (refused["code"], refused["retry_after_ms"]) == ("unavailable", 1000)
        rejoined = await viewer.until(
            lambda: next((m for m in viewer.messages if m["t"] == "joined" and m["epoch"] > epoch), None)
        )
        assert house.restored == 1
        assert rejoined["epoch"] > epoch
        await buyer.until(lambda: any(m["t"] == "joined" and m["epoch"] > epoch for m in buyer.messages))
        assert buyer.messages[-1]["hold"] is None, "the hold went with the store, and the buyer is told"
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["t"] == "held"
        await viewer.until(lambda: viewer.picture.states[0] == 1)


async def test_a_slow_viewer_catches_up(house: House) -> None:
    """A viewer that stops reading for a while is caught up with one frame and ends with the truth."""
    async with house.gateway(Limits(buffer_high=1, buffer_low=0)) as (listener, live), Client(live) as slow:
        await slow.join()
        churn = Churn(house, 5)
        [connection] = listener.connections
        listener.application.paused(connection)
        for _ in range(10):
            await churn.step()
        seq = slow.picture.seq
        assert connection.group is not None
        assert connection in connection.group.lagging
        listener.application.resumed(connection)
        assert await differing(house, [slow], [range(house.facts.chart.n)]) == [0]
        assert slow.picture.seq > seq
        assert slow.gaps == 0


async def test_pause_and_prices_are_told(house: House, live: str) -> None:
    """When the organiser pauses the sale, everybody hears it."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        await house.inventory.set_phase(house.facts.key, SalePhase(paused=True))
        assert (await buyer.heard("sale", after=0))["phase"] == "paused"
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["code"] == "sale_paused"


async def _start(url: str, port: int) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.realtime.gateway_process", url, str(port), stdout=PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process
