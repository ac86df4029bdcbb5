"""Change the tier of a place while its lobby is open: what a contest gives back, and what a verdict takes again."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from waitingroom import keys
from waitingroom.challenges.valkey_attempts import Store, without_comments
from waitingroom.model import TIER_MAX, RoomKey

_SOURCE: Final = without_comments(files("waitingroom.challenges").joinpath("lua/retier_place.lua"))


class ValkeyTiers:
    """Write tiers into the line. The draw reads them once, when the lobby has closed; later it changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def change(self, key: RoomKey, index: int, identity: bytes, tier: int) -> bool:
        """Let the place be drawn in *tier*; False when the identity does not have that place."""
        assert 0 <= tier <= TIER_MAX
        bucket, field = keys.bucket_of(identity)
        name = keys.bucket_key(key, bucket)
        return bool(await self._store.command("EVAL", _SOURCE, 1, name, field, index, tier, TIER_MAX + 1))
