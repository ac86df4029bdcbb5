"""A small theatre on sale, with a gateway in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop
from redis.asyncio import Redis

from seatmap.chart.compiled import CompiledChart
from seatmap.chart.compiler import compile_chart
from seatmap.chart.generators.festival import generate_festival
from seatmap.chart.generators.theatre import generate_theatre
from tests.integration.realtime.house import House, house_of


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run on the gateway's own loop: its transports differ from asyncio's in when they report a full buffer."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def theatre() -> CompiledChart:
    return compile_chart(generate_theatre())


@pytest.fixture(scope="session")
def festival() -> CompiledChart:
    return compile_chart(generate_festival())


@pytest.fixture
async def house(redis: Redis, theatre: CompiledChart) -> AsyncIterator[House]:
    async with house_of(redis, theatre) as house:
        yield house


@pytest.fixture
async def live(house: House) -> AsyncIterator[str]:
    """The address of a running gateway."""
    async with house.gateway() as (_, url):
        yield url
