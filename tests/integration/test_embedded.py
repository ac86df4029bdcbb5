"""The embedded stores start, stop, and start again over what an earlier run left behind."""

import os
import signal
from pathlib import Path

import asyncpg
from redis.asyncio import Redis

from server.embedded import postgres, valkey


async def test_a_killed_postgres_starts_again_with_its_data(scratch: Path) -> None:
    """A second start on the folder of a postmaster that was killed finds what was committed."""
    first = postgres.start(scratch / "again")
    connection = await asyncpg.connect(first.url("postgres"))
    await connection.execute("create table kept (n int); insert into kept values (7)")
    await connection.close()
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    second = postgres.start(scratch / "again")
    connection = await asyncpg.connect(second.url("postgres"))
    assert await connection.fetchval("select n from kept") == 7
    await connection.close()
    second.stop()


async def test_a_start_replaces_a_postgres_left_running(scratch: Path) -> None:
    """A server that an earlier run left behind is stopped first, not run into."""
    first = postgres.start(scratch / "left")
    second = postgres.start(scratch / "left")
    assert first.process.wait(5) == 0
    connection = await asyncpg.connect(second.url("postgres"))
    await connection.close()
    second.stop()


async def test_a_stopped_valkey_keeps_what_was_written(scratch: Path) -> None:
    """What was written before a clean stop is there after the next start."""
    first = valkey.start(scratch / "vk")
    client = Redis.from_url(first.url)
    await client.set("kept", "7")
    await client.aclose()
    first.stop()
    second = valkey.start(scratch / "vk")
    client = Redis.from_url(second.url)
    assert await client.get("kept") == b"7"
    await client.aclose()
    second.stop()
