"""Call the inventory's Lua functions, loading their library whenever the store does not have it."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from redis.asyncio import Redis

from seatmap.faults import Corrupt
from seatmap.inventory import keys
from seatmap.inventory.model import ShowKey
from seatmap.inventory.scripts import Library
from seatmap.inventory.valkey_pipeline import FunctionMissing, ValkeyPipeline


class ValkeyFunctions:
    """The functions by verb. A store that was emptied gets the library again without an error to the caller."""

    def __init__(self, redis: Redis, timeout_s: float, library: Library) -> None:
        self._library = library
        self._pipeline = ValkeyPipeline(redis, timeout_s)
        self._loading = asyncio.Lock()
        self.command = self._pipeline.command
        self.aclose = self._pipeline.aclose

    async def call(self, verb: str, key: ShowKey, more_keys: Sequence[str], *args: str | bytes | int) -> Any:
        """Call *verb* for the show; *more_keys* follow the show's own."""
        packed = _pack(self._library.functions[verb], key, more_keys, args)
        try:
            return await self._pipeline.send(packed)
        except FunctionMissing:
            await self._load()
            return await self._pipeline.send(packed)

    async def _load(self) -> None:
        async with self._loading:
            try:
                await self.command("FUNCTION", "LOAD", self._library.source)
            except Corrupt as error:
                if "already exists" not in str(error):  # somebody was faster
                    raise


def _pack(function: str, key: ShowKey, more_keys: Sequence[str], args: Sequence[str | bytes | int]) -> bytes:
    head = _head(function, key, len(more_keys))
    count = 3 + len(keys.SHOW_PARTS) + len(more_keys) + len(args)
    parts = [b"*%d\r\n" % count, head]
    for value in (*more_keys, *args):
        data = value if isinstance(value, bytes) else str(value).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


@lru_cache(maxsize=65536)
def _head(function: str, key: ShowKey, more_keys: int) -> bytes:
    """Pack what is the same in every call: a third of the client's work for a hold (RESP, bulk strings)."""
    names = keys.show_keys(key)
    words = ("FCALL", function, str(len(names) + more_keys), *names)
    return b"".join(b"$%d\r\n%b\r\n" % (len(word.encode()), word.encode()) for word in words)
