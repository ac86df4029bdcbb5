"""Call the line's Lua functions, loading their library whenever the store does not have it."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from waitingroom import keys
from waitingroom.model import RoomKey
from waitingroom.scripts import Library


class Store(Protocol):
    """One connection to Valkey that pipelines by itself."""

    async def command(self, *parts: str | bytes | int) -> Any:
        """Run one command."""
        ...

    async def send(self, packed: bytes) -> Any:
        """Run one packed command (RESP)."""
        ...


class LineFunctions:
    """The functions by verb. A store that was emptied gets the library again without an error to the caller.

    *function_missing* is what *store* raises for an unknown function: nothing was done then.
    """

    def __init__(self, store: Store, function_missing: type[Exception], library: Library) -> None:
        self._store = store
        self._missing = function_missing
        self._library = library
        self._loading = asyncio.Lock()
        self.command = store.command

    async def call(self, verb: str, key: RoomKey, more_keys: Sequence[str] = (), *args: str | bytes | int) -> Any:
        """Call *verb* for the room; *more_keys* follow the room's own."""
        packed = _pack(self._library.functions[verb], key, more_keys, args)
        try:
            return await self._store.send(packed)
        except self._missing:
            await self._load()
            return await self._store.send(packed)

    async def _load(self) -> None:
        async with self._loading:
            # REPLACE would end the life of functions somebody else just loaded, so look first.
            name = self._library.source.split("\n", 1)[0].rpartition("=")[2]
            if not await self.command("FUNCTION", "LIST", "LIBRARYNAME", name):
                await self.command("FUNCTION", "LOAD", "REPLACE", self._library.source)


def _pack(function: str, key: RoomKey, more_keys: Sequence[str], args: Sequence[str | bytes | int]) -> bytes:
    count = 3 + len(keys.ROOM_PARTS) + len(more_keys) + len(args)
    parts = [b"*%d\r\n" % count, _head(function, key, len(more_keys))]
    for value in (*more_keys, *args):
        data = value if isinstance(value, bytes) else str(value).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


@lru_cache(maxsize=65536)
def _head(function: str, key: RoomKey, more_keys: int) -> bytes:
    """Pack what is the same in every call (RESP, bulk strings)."""
    names = keys.room_keys(key)
    words = ("FCALL", function, str(len(names) + more_keys), *names)
    return b"".join(b"$%d\r\n%b\r\n" % (len(word.encode()), word.encode()) for word in words)
