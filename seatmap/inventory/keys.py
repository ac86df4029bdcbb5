"""The names of the inventory's keys. Nothing else builds them; docs/keys.md describes each."""

from functools import lru_cache
from typing import Final

from seatmap.inventory.model import ShowKey

# The order is the scripts' (lua/shared/show.lua: bind).
SHOW_PARTS: Final = (
    "seats",
    "layout",
    "config",
    "sells",
    "counters",
    "holds",
    "holders",
    "expiry",
    "paying",
    "orders",
    "bought",
    "blocked",
    "prices",
    "feed",
)
EVENTS_KEY: Final = "frontrow:events"
LIFE_KEY: Final = "frontrow:life"


@lru_cache(maxsize=4096)
def show_keys(key: ShowKey) -> tuple[str, ...]:
    """Name the keys every script of a show gets, in order."""
    return tuple(part_key(key, part) for part in SHOW_PARTS)


def part_key(key: ShowKey, part: str) -> str:
    """Name one key of a show."""
    return f"{{e:{key.event_id}}}:s:{key.show_id}:{part}"


def command_key(key: ShowKey, actor: str, command_id: str) -> str:
    """Name the memory of one command; *actor* is a visitor or an order."""
    return part_key(key, f"cmd:{actor}:{command_id}")


def pass_key(key: ShowKey, visitor: str) -> str:
    """Name the waiting-room pass of a visitor to one show: it exists while the pass is valid."""
    return part_key(key, f"pass:{visitor}")


def shows_key(event_id: int) -> str:
    """Name the set of an event's open shows."""
    return f"{{e:{event_id}}}:shows"
