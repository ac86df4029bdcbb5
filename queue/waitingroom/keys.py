"""The names of the line's keys. Nothing else builds them (but Lua's passes); docs/keys.md describes each."""

from functools import lru_cache
from typing import Final

from waitingroom.model import IDENTITY_BYTES, RoomKey

# The order is the scripts' (lua/shared/room.lua: bind).
ROOM_PARTS: Final = (
    "plan",
    "next",
    "line",
    "states",
    "positions",
    "called",
    "admitted",
    "visits",
    "holders",
    "late",
)
# 16,384 small hashes stay listpacks up to eight million places: 16 bytes a place instead of 80 in one large hash.
BUCKETS: Final = 1 << 14
EVENTS_KEY: Final = "frontrow:room-events"


@lru_cache(maxsize=4096)
def room_keys(key: RoomKey) -> tuple[str, ...]:
    """Name the keys every script of a room gets, in order."""
    return tuple(part_key(key, part) for part in ROOM_PARTS)


def part_key(key: RoomKey, part: str) -> str:
    """Name one key of a room."""
    return f"{{e:{key.event_id}}}:r:{key.room_id}:{part}"


def visit_key(key: RoomKey, visitor: str) -> str:
    """Name the note of a visitor's visit (lua/shared/visits.lua writes it)."""
    return part_key(key, f"visit:{visitor}")


def bucket_key(key: RoomKey, bucket: int) -> str:
    """Name one of the small hashes identity → place."""
    return f"{{e:{key.event_id}}}:r:{key.room_id}:i:{bucket}"


def bucket_of(identity: bytes) -> tuple[int, bytes]:
    """Say which bucket has the identity, and its field there: the first byte is the bucket's, seven are left."""
    assert len(identity) == IDENTITY_BYTES
    return identity[0] << 6 | identity[1] >> 2, identity[1:]


def identity_of(bucket: int, field: bytes) -> bytes:
    """Put the identity together again."""
    return bytes((bucket >> 6,)) + field


def rooms_key(event_id: int) -> str:
    """Name the set of an event's rooms."""
    return f"{{e:{event_id}}}:rooms"
