"""The line in Valkey: each verb is one Lua function, atomic, decided by the store's own clock. Keys: docs/keys.md."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from waitingroom import keys, rebuilding, wire
from waitingroom.draw import Positions
from waitingroom.model import (
    TIER_MAX,
    Claimed,
    Drawn,
    Joined,
    Lapsed,
    Left,
    LineCopy,
    LineRefused,
    LineState,
    Lobby,
    Moved,
    Phase,
    PlaceStanding,
    PlaceState,
    RoomKey,
    RoomPlan,
    RoomSettled,
)
from waitingroom.refusals import RETRY_AFTER_MS
from waitingroom.scripts import Library, load_library
from waitingroom.valkey_functions import LineFunctions, Store

STAGED_TTL_MS: Final = 600_000  # what a draw that died half-way leaves behind goes away by itself
BUCKETS_AT_ONCE: Final = 256  # some 16,000 places: the store and the loop stay free for others in between
NAMES_AT_ONCE: Final = 1_024
DRAW_ASKED_EVERY_S: Final = 1.0
NOBODY: Final = 255

_blocks = msgspec.msgpack.Decoder(dict[int, int])


class _Draw(NamedTuple):
    """A draw this process has read: *lobby* 0 with no positions while there is none."""

    epoch: int
    lobby: int
    positions: Positions | None
    asked_at_s: float


class ValkeyLine:
    """Join, call and admit in Valkey. Implements `waitingroom.port.Line`.

    *function_missing* is the fault *store* raises for a function it does not have.
    """

    def __init__(self, store: Store, function_missing: type[Exception], library: Library | None = None) -> None:
        self._functions = LineFunctions(store, function_missing, library or load_library())
        self._command = store.command
        self._draws: dict[RoomKey, _Draw] = {}

    # ── for organisers ──

    async def open_room(self, key: RoomKey, plan: RoomPlan, *, new: bool = True) -> RoomSettled | LineRefused:
        """Create the room, or change its settings."""
        more = (keys.rooms_key(key.event_id),)
        reply = await self._functions.call("open_room", key, more, wire.write_plan(plan), key.room_id, int(new))
        await self._command("SADD", keys.EVENTS_KEY, key.event_id)
        return _settled(reply)

    async def set_phase(
        self,
        key: RoomKey,
        phase: Phase | None = None,
        *,
        paused: bool | None = None,
        passthrough: bool | None = None,
    ) -> RoomSettled | LineRefused:
        """Move the room on and set its flags; None leaves them."""
        return _settled(
            await self._functions.call("set_phase", key, (), phase or "", _flag(paused), _flag(passthrough))
        )

    async def close_room(self, key: RoomKey) -> None:
        """Forget the room entirely."""
        self._draws.pop(key, None)
        await self._command("SREM", keys.rooms_key(key.event_id), key.room_id)
        holders = await self._command("HVALS", keys.part_key(key, "holders"))
        visits = [keys.visit_key(key, holder.partition(b"\n")[0].decode()) for holder in holders]
        names = [*visits, *keys.room_keys(key), *(keys.bucket_key(key, bucket) for bucket in range(keys.BUCKETS))]
        for at in range(0, len(names), NAMES_AT_ONCE):
            await self._command("UNLINK", *names[at : at + NAMES_AT_ONCE])

    async def open_rooms(self, event_id: int | None = None) -> tuple[RoomKey, ...]:
        """List the rooms the store knows, of one event or of all."""
        events = [event_id] if event_id is not None else await self._command("SMEMBERS", keys.EVENTS_KEY)
        found = [
            RoomKey(int(event), int(room))
            for event in events
            for room in await self._command("SMEMBERS", keys.rooms_key(int(event)))
        ]
        return tuple(sorted(found))

    # ── for visitors ──

    async def join(self, key: RoomKey, identity: bytes, tier: int = 0) -> Joined | LineRefused:
        """Give the identity a place, or the one it has."""
        assert 0 <= tier <= TIER_MAX
        bucket, field = keys.bucket_of(identity)
        return _joined(await self._functions.call("join_line", key, (keys.bucket_key(key, bucket),), field, tier))

    async def restore(self, key: RoomKey, index: int, identity: bytes, tier: int = 0) -> Joined | LineRefused:
        """Put a place back that its signed token proves."""
        assert 0 <= tier <= TIER_MAX
        return _joined(await self._call_own("restore_place", key, index, identity, tier))

    async def claim(
        self, key: RoomKey, index: int, identity: bytes, visitor: str, holder: str
    ) -> Claimed | LineRefused:
        """Turn a called place into a visit and write its passes."""
        reply = await self._call_own("claim_place", key, index, identity, visitor, holder)
        if isinstance(reply, bytes):
            return _refused(reply)
        position, ends, repeated, reentered = reply
        return Claimed(position, ends, bool(repeated), bool(reentered))

    async def leave(self, key: RoomKey, index: int, identity: bytes) -> Left | LineRefused:
        """Give the place up, and the visit with it."""
        reply = await self._call_own("leave_place", key, index, identity)
        return _refused(reply) if isinstance(reply, bytes) else Left(bool(reply[0]), bool(reply[1]))

    async def end_visit(self, key: RoomKey, visitor: str) -> bool:
        """End the visitor's visit early."""
        reply = await self._functions.call("end_visit", key, (), visitor)
        return bool(reply[0])

    async def standing(self, key: RoomKey, index: int) -> PlaceStanding | LineRefused:
        """Read one place."""
        reply = await self._functions.call("read_place", key, (), index)
        if isinstance(reply, bytes):
            return _refused(reply)
        position, state, called, until, reentry, ends = reply
        known = _known(position), PlaceState(state)
        return PlaceStanding(*known, bool(called), _known(until), bool(reentry), _known(ends))

    async def position_of(self, key: RoomKey, index: int, epoch: int | None = None) -> int | None:
        """Say when the index is served; None before the draw."""
        draw = self._draws.get(key)
        if draw is None or draw.positions is None or epoch not in (None, draw.epoch):
            draw = await self._look_for_draw(key, draw, epoch)
        if draw is None or draw.positions is None:
            return None
        return int(draw.positions[index]) if index < draw.lobby else index

    # ── for the usher ──

    async def lead(self, key: RoomKey, who: str, ttl_ms: int) -> int | None:
        """Become, or stay, the one who moves this line."""
        reply = await self._functions.call("lead_line", key, (), who, ttl_ms)
        return reply[0] if isinstance(reply, list) and reply else None

    async def resign(self, key: RoomKey, fence: int) -> None:
        """Stop leading at once."""
        await self._functions.call("resign_line", key, (), fence)

    async def move(self, key: RoomKey, fence: int, served: int) -> Moved | LineRefused:
        """Call everybody below *served*, counted as if nobody had left."""
        reply = await self._functions.call("move_line", key, (), fence, served)
        return _refused(reply) if isinstance(reply, bytes) else Moved(*reply)

    async def lapse(self, key: RoomKey, limit: int = 2_000) -> Lapsed | LineRefused:
        """Let called places lapse whose window passed."""
        reply = await self._functions.call("lapse_places", key, (), limit)
        return _refused(reply) if isinstance(reply, bytes) else Lapsed(reply[0], bool(reply[1]))

    async def read(self, key: RoomKey) -> LineState | None:
        """Read every number of the room at one instant."""
        reply = await self._functions.call("read_line", key)
        return wire.read_state(reply) if reply else None

    async def count_waiting(self, key: RoomKey, edges: Sequence[int]) -> tuple[int, ...]:
        """Count the places not left between each two neighbouring *edges*."""
        return tuple(await self._functions.call("count_waiting", key, (), wire.encode(list(edges))))

    # ── the draw ──

    async def read_lobby(self, key: RoomKey) -> Lobby | LineRefused:
        """Read everybody in the closed lobby."""
        state = await self.read(key)
        if state is None:
            return LineRefused("room_unknown")
        if state.phase in (Phase.PLANNED, Phase.LOBBY):
            return LineRefused("lobby_open")
        return await self._read_places(key, state.lobby)

    async def _read_places(self, key: RoomKey, count: int) -> Lobby:
        """Read who has the first *count* places."""
        identities = np.zeros(count, dtype=np.uint64)
        tiers = np.full(count, NOBODY, dtype=np.uint8)
        for first in range(0, keys.BUCKETS, BUCKETS_AT_ONCE):
            buckets = range(first, first + BUCKETS_AT_ONCE)
            names = [keys.bucket_key(key, bucket) for bucket in buckets]
            found = await asyncio.gather(*(self._command("HGETALL", name) for name in names))
            _read_places(buckets, found, identities, tiers)
        return Lobby(identities, tiers)

    async def publish_draw(
        self, key: RoomKey, seed_name: str, positions: Positions, *, recorded: bool = False
    ) -> Drawn | LineRefused:
        """Put the draw in force and open the room: the array first, then one flip."""
        count, stage = len(positions), f"staged:{secrets.token_urlsafe(9)}"
        before = await self._command("GETRANGE", keys.part_key(key, "states"), 0, (count + 3) // 4)
        states = np.zeros(count, dtype=np.uint8)
        states[positions] = wire.unpack_states(before, count)
        staged = [keys.part_key(key, f"{stage}:{part}") for part in ("positions", "states")]
        await self._command("SET", staged[0], wire.write_positions(positions), "PX", STAGED_TTL_MS)
        await self._command("SET", staged[1], wire.pack_states(states), "PX", STAGED_TTL_MS)
        reply = await self._functions.call("publish_draw", key, staged, seed_name, count, int(recorded))
        await self._command("UNLINK", *staged)
        self._draws.pop(key, None)
        return _refused(reply) if isinstance(reply, bytes) else Drawn(reply[0], bool(reply[1]))

    async def read_draw(self, key: RoomKey) -> Positions | None:
        """Read the position of every lobby index; None before the draw."""
        draw = await self._look_for_draw(key, None, None)
        return draw.positions if draw else None

    async def _look_for_draw(self, key: RoomKey, known: _Draw | None, epoch: int | None) -> _Draw | None:
        now_s = asyncio.get_running_loop().time()
        if known and epoch in (None, known.epoch) and now_s - known.asked_at_s < DRAW_ASKED_EVERY_S:
            return known
        state = await self.read(key)
        if state is None:
            self._draws.pop(key, None)
            return None
        positions = None
        if state.phase not in (Phase.PLANNED, Phase.LOBBY, Phase.DRAWING) and (state.drawn or not state.lobby):
            positions = wire.read_positions(await self._command("GET", keys.part_key(key, "positions")) or b"")
        draw = self._draws[key] = _Draw(state.epoch, state.lobby, positions, now_s)
        return draw

    # ── for a store that lost everything ──

    async def copy(self, key: RoomKey) -> LineCopy | None:
        """Copy the room but for who has which place."""
        reply = await self._functions.call("copy_line", key)
        if not reply:
            return None
        copied = wire.CopyRecord(*reply)
        return LineCopy(copied.next, wire.plan_record.decode(copied.plan).drawn, wire.encode(copied))

    async def read_places(self, key: RoomKey) -> Lobby | None:
        """Read who has which place, of all given out when the reading began."""
        state = await self.read(key)
        return None if state is None else await self._read_places(key, state.next)

    async def rebuild(
        self,
        key: RoomKey,
        plan: RoomPlan,
        copy: LineCopy | None,
        places: Lobby | None = None,
        positions: Positions | None = None,
        *,
        paused: bool = False,
        passthrough: bool = False,
    ) -> RoomSettled | LineRefused:
        """Make a room again that the store lost: who has which place first, which nobody sees, then all the rest at once."""
        # Some three seconds for a million people: nobody else's request waits for it.
        made = await asyncio.to_thread(
            rebuilding.prepare, plan, copy, places, positions, paused=paused, passthrough=passthrough
        )
        for at in range(0, len(made.buckets), BUCKETS_AT_ONCE):
            few = made.buckets[at : at + BUCKETS_AT_ONCE]
            await asyncio.gather(*(self._command("HSET", keys.bucket_key(key, bucket), *flat) for bucket, flat in few))
        stage = f"staged:{secrets.token_urlsafe(9)}"
        staged = [keys.part_key(key, f"{stage}:{part}") for part in ("states", "positions")]
        await self._command("SET", staged[0], made.states, "PX", STAGED_TTL_MS)
        if made.positions:
            await self._command("SET", staged[1], made.positions, "PX", STAGED_TTL_MS)
        more = (keys.rooms_key(key.event_id), *staged)
        reply = await self._functions.call("rebuild_line", key, more, made.record, key.room_id)
        await self._command("UNLINK", *staged)
        await self._command("SADD", keys.EVENTS_KEY, key.event_id)
        self._draws.pop(key, None)
        return _settled(reply)

    # ── who is connected ──

    async def report_presence(
        self, key: RoomKey, process: str, blocks: Mapping[int, int], ttl_ms: int = 15_000
    ) -> None:
        """Say how many waiting visitors *process* is connected to, per block."""
        reporters, report = keys.part_key(key, "reporters"), keys.part_key(key, f"presence:{process}")
        await asyncio.gather(
            self._command("SET", report, wire.encode(dict(blocks)), "PX", ttl_ms),
            self._command("SADD", reporters, process),
            self._command("PEXPIRE", reporters, 10 * ttl_ms),
        )

    async def presence(self, key: RoomKey) -> Mapping[int, int]:
        """Add up what every process reported."""
        processes = await self._command("SMEMBERS", keys.part_key(key, "reporters"))
        if not processes:
            return {}
        names = [keys.part_key(key, f"presence:{process.decode()}") for process in processes]
        total: Counter[int] = Counter()
        for report in await self._command("MGET", *names):
            total.update(_blocks.decode(report) if report else {})
        return total

    async def stop_clock(self, key: RoomKey, at_ms: int) -> None:
        """Stop the room's clock at an instant (0: let it run again). Tests and rehearsals only."""
        await self._functions.call("set_clock", key, (), at_ms)

    async def _call_own(self, verb: str, key: RoomKey, index: int, identity: bytes, *more: str | int) -> Any:
        bucket, field = keys.bucket_of(identity)
        return await self._functions.call(verb, key, (keys.bucket_key(key, bucket),), field, index, *more)


def _read_places(
    buckets: Sequence[int], found: Sequence[list[bytes]], identities: np.ndarray, tiers: np.ndarray
) -> None:
    """Put the places of some buckets where their indices say; those behind the lobby are not in it."""
    fields = b"".join(
        keys.identity_of(bucket, field) for bucket, flat in zip(buckets, found, strict=True) for field in flat[::2]
    )
    places = np.array([int(place) for flat in found for place in flat[1::2]], dtype=np.int64)
    known = np.frombuffer(fields, dtype=">u8").astype(np.uint64)
    inside = places // wire.TIERS < len(identities)
    identities[places[inside] // wire.TIERS] = known[inside]
    tiers[places[inside] // wire.TIERS] = places[inside] % wire.TIERS


def _refused(code: bytes) -> LineRefused:
    name = code.decode()
    return LineRefused(name, RETRY_AFTER_MS.get(name))


def _settled(reply: Any) -> RoomSettled | LineRefused:
    if isinstance(reply, bytes):
        return _refused(reply)
    phase, paused, passthrough, changed = reply
    return RoomSettled(Phase(phase.decode()), bool(paused), bool(passthrough), bool(changed))


def _joined(reply: Any) -> Joined | LineRefused:
    if isinstance(reply, bytes):
        return _refused(reply)
    index, tier, fresh, position, called, phase = reply
    return Joined(index, tier, bool(fresh), Phase(phase.decode()), _known(position), bool(called))


def _known(number: int) -> int | None:
    return None if number < 0 else number


def _flag(value: bool | None) -> str:
    return "" if value is None else str(int(value))
