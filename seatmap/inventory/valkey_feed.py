"""Follow the feeds of many shows on a connection of their own."""

from collections.abc import Mapping

from redis.asyncio import Redis

from seatmap.inventory import keys, wire
from seatmap.inventory.model import Change, Position, ShowKey
from seatmap.inventory.valkey_pipeline import ValkeyPipeline

ENTRIES_MAX = 1000  # per show and read: some 100 KB
BLOCK_MAX_MS = 10_000


class ValkeyFeed:
    """Read changes as they happen. Implements `seatmap.inventory.port.Feed`; nothing else may use its connection.

    On a cluster, one reader per shard: all shows of one call must live on one node.
    """

    def __init__(self, redis: Redis, timeout_s: float = 5.0) -> None:
        self._pipeline = ValkeyPipeline(redis, timeout_s + BLOCK_MAX_MS / 1000)

    async def aclose(self) -> None:
        """Close the connection; a read under way ends with `Unavailable`."""
        await self._pipeline.aclose()

    async def changes(self, positions: Mapping[ShowKey, Position], block_ms: int = 1000) -> dict[ShowKey, list[Change]]:
        """Wait up to *block_ms* (at most 10 s) for changes after *positions*.

        A change that is not the next *seq* of the same epoch means that something was missed: take a snapshot. Without
        positions there is nothing to wait for: the answer is empty and immediate.
        """
        if not positions:
            return {}
        shows = {keys.part_key(key, "feed").encode(): key for key in positions}
        ids = [f"{position.epoch}-{position.seq}" for position in positions.values()]
        block = max(1, min(block_ms, BLOCK_MAX_MS))
        found = await self._pipeline.command("XREAD", "COUNT", ENTRIES_MAX, "BLOCK", block, "STREAMS", *shows, *ids)
        return {
            shows[name]: [wire.read_change(entry_id, fields) for entry_id, fields in entries]
            for name, entries in found or ()
        }
