"""The inventory on Valkey: one Lua function per verb, called through one pipelined connection."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from redis.asyncio import Redis

from seatmap.faults import Misuse
from seatmap.inventory import keys, wire
from seatmap.inventory.model import (
    PLACES_PER_HOLD_MAX,
    Change,
    Changed,
    Facts,
    Held,
    Hold,
    HoldRequest,
    OverduePayment,
    Position,
    PriceList,
    Refused,
    Released,
    SalePhase,
    ShowKey,
    ShowPlan,
    Snapshot,
    Sold,
)
from seatmap.inventory.rules.organising import priced_pairs
from seatmap.inventory.rules.selling import visitor_of
from seatmap.inventory.scripts import Library, load_library
from seatmap.inventory.valkey_functions import ValkeyFunctions
from seatmap.inventory.valkey_opening import ShowOpener

COMMAND_ID_MAX = 128


class ValkeyInventory:
    """Hold, sell and read seats in Valkey. Implements `seatmap.inventory.port.Inventory`.

    Uses *redis* only to make its own connection. Faults: `Unavailable` (the call may or may not have been executed),
    `Corrupt` (the store contradicts itself).
    """

    def __init__(self, redis: Redis, timeout_s: float = 5.0, library: Library | None = None) -> None:
        self._functions = ValkeyFunctions(redis, timeout_s, library or load_library())
        self._opener = ShowOpener(self._functions)
        self.new_suffix: Callable[[], str] = partial(secrets.token_urlsafe, 6)  # of hold ids; tests put a counter here

    async def aclose(self) -> None:
        """Close the connection."""
        await self._functions.aclose()

    async def hold(self, key: ShowKey, visitor: str, request: HoldRequest, command_id: str) -> Held | Refused:
        """Add *request* to the visitor's hold (or start one), all or nothing."""
        if len(request.seats) + len(request.areas) > PLACES_PER_HOLD_MAX:
            return Refused("too_many_seats", limit=PLACES_PER_HOLD_MAX)
        reply = await self._functions.call(
            "hold_places",
            key,
            (_command_key(key, visitor, command_id), keys.pass_key(key, visitor)),
            visitor,
            f"{visitor}.{self.new_suffix()}",
            wire.flat(request.seats),
            wire.flat(request.areas),
            int(request.accessible),
            request.allocation,
        )
        return _held(reply)

    async def release(
        self,
        key: ShowKey,
        visitor: str,
        command_id: str,
        seats: Sequence[int] | None = None,
        areas: Sequence[tuple[int, int, int]] | None = None,
    ) -> Released | Refused:
        """Give back *seats* and *areas*; with neither, the whole hold."""
        reply = await self._functions.call(
            "release_places",
            key,
            (_command_key(key, visitor, command_id),),
            visitor,
            int(seats is None and areas is None),
            wire.encode(list(seats or ())),
            wire.flat(areas or ()),
        )
        return _released(reply)

    async def extend(self, key: ShowKey, visitor: str, command_id: str) -> Held | Refused:
        """Prolong the hold by the show's extension, once."""
        command = (_command_key(key, visitor, command_id),)
        return _held(await self._functions.call("extend_hold", key, command, visitor))

    async def read_hold(self, key: ShowKey, visitor: str) -> Hold | None:
        """Read the visitor's live hold."""
        body = await self._functions.call("read_hold", key, (), visitor)
        return wire.read_hold(body) if body else None

    async def begin_payment(
        self, key: ShowKey, visitor: str, hold_id: str, order_id: int, until_ms: int
    ) -> Held | Refused:
        """Freeze the hold for one order's payment."""
        if visitor_of(hold_id) != visitor:
            return Refused("hold_not_yours")
        return _held(await self._functions.call("begin_payment", key, (), visitor, hold_id, order_id, until_ms))

    async def end_payment(
        self, key: ShowKey, hold_id: str, order_id: int, release: bool = False
    ) -> Held | Released | Refused:
        """Thaw the hold after *order_id*'s payment failed or was cancelled; with *release*, let everything go."""
        visitor = visitor_of(hold_id)
        reply = await self._functions.call("end_payment", key, (), visitor, hold_id, order_id, int(release))
        return _released(reply) if release else _held(reply)

    async def sell(self, key: ShowKey, order_id: int, hold_id: str) -> Sold | Refused:
        """Turn the hold frozen for *order_id* into a sale. Idempotent per order."""
        reply = await self._functions.call("sell_hold", key, (), order_id, visitor_of(hold_id), hold_id)
        return _sold(order_id, reply)

    async def sell_late(
        self,
        key: ShowKey,
        order_id: int,
        visitor: str,
        seats: Sequence[tuple[int, int]],
        areas: Sequence[tuple[int, int, int]],
    ) -> Sold | Refused:
        """Sell lines whose hold is gone, all or nothing. Idempotent per order."""
        lines = (wire.flat(seats), wire.flat(areas))
        return _sold(order_id, await self._functions.call("sell_late", key, (), order_id, visitor, *lines))

    async def unsell(
        self,
        key: ShowKey,
        order_id: int,
        command_id: str,
        seats: Sequence[int] | None = None,
        areas: Sequence[tuple[int, int, int]] | None = None,
    ) -> Changed | Refused:
        """Put sold seats and places of an order back on sale; with neither, all of it."""
        reply = await self._functions.call(
            "unsell_order",
            key,
            (_command_key(key, f"order-{order_id}", command_id),),
            order_id,
            int(seats is None and areas is None),
            wire.encode(list(seats or ())),
            wire.flat(areas or ()),
        )
        return _changed(reply)

    async def block(self, key: ShowKey, seats: Sequence[int], reason: str) -> Changed | Refused:
        """Take free seats off sale, all or nothing."""
        chosen = wire.encode(list(dict.fromkeys(seats)))
        return _changed(await self._functions.call("block_seats", key, (), chosen, reason))

    async def unblock(self, key: ShowKey, seats: Sequence[int]) -> Changed | Refused:
        """Put blocked seats back on sale."""
        return _changed(await self._functions.call("unblock_seats", key, (), wire.encode(list(dict.fromkeys(seats)))))

    async def reprice(self, key: ShowKey, version: int, prices: PriceList) -> Changed | Refused:
        """Make *prices* current; holds keep the version they were made at."""
        pairs = [f"{category}:{type_id}" for category, type_id in priced_pairs(prices)]
        reply = await self._functions.call(
            "reprice_show", key, (), version, wire.write_prices(prices), wire.encode(pairs)
        )
        return _changed(reply)

    async def set_phase(self, key: ShowKey, phase: SalePhase) -> Changed | Refused:
        """Open, close, pause or resume the sale."""
        times = (phase.opens_at_ms, phase.closes_at_ms)
        return _changed(await self._functions.call("set_phase", key, (), *times, int(phase.paused)))

    async def require_pass(self, key: ShowKey, required: bool) -> Changed | Refused:
        """Say whether holding needs a waiting-room pass from now on."""
        return _changed(await self._functions.call("require_pass", key, (), int(required)))

    async def read(self, key: ShowKey) -> Snapshot | None:
        """Read position, all seats and all areas' remaining places at one instant."""
        reply = await self._functions.call("read_show", key, ())
        if isinstance(reply, bytes):
            return None
        config = wire.config.decode(reply[1])
        return Snapshot(
            position=wire.read_position(reply[0]),
            seat_count=config.seats,
            seats=reply[2],
            remaining=tuple(reply[3]),
            phase=SalePhase(config.opens_at_ms, config.closes_at_ms, bool(config.paused)),
            price_version=config.price_version,
            now_ms=reply[4],
            pass_required=bool(config.pass_required),
        )

    async def read_prices(self, key: ShowKey) -> Mapping[int, PriceList]:
        """Read every price version of the show."""
        found = await self._functions.command("HGETALL", keys.part_key(key, "prices"))
        versions = zip(found[::2], found[1::2], strict=True)
        return {int(version): wire.read_prices(body) for version, body in versions}

    async def gap(self, key: ShowKey, after: Position, limit: int = 10_000) -> tuple[Change, ...] | None:
        """Read all changes after *after*; None when they are no longer known."""
        feed, start = keys.part_key(key, "feed"), f"({after.epoch}-{after.seq}"
        entries = await self._functions.command("XRANGE", feed, start, "+", "COUNT", limit + 1)
        if entries:
            changes = tuple(wire.read_change(entry_id, fields) for entry_id, fields in entries)
            follows = changes[0].position == Position(after.epoch, after.seq + 1)
            return changes if follows and len(changes) <= limit else None
        last = await self._functions.command("XREVRANGE", feed, "+", "-", "COUNT", 1)
        return () if last and wire.read_position(last[0][0]) == after else None

    async def begin_rebuild(self, key: ShowKey) -> str:
        """Announce a rebuild and get its fence."""
        return await self._opener.begin(key)

    async def open_show(
        self, key: ShowKey, plan: ShowPlan, facts: Facts, *, fence: str | None = None, after_epoch: int = 0
    ) -> Position | Refused:
        """Open the show or rebuild it from *facts* in a new epoch."""
        code, position, body = wire.read_reply(await self._opener.open(key, plan, facts, fence, after_epoch))
        if code != "ok" or position is None:
            return wire.read_refusal(code, body)
        return position

    async def close_show(self, key: ShowKey) -> None:
        """Forget the show entirely."""
        await self._functions.command("SREM", keys.shows_key(key.event_id), key.show_id)
        await self._functions.command("UNLINK", *keys.show_keys(key), keys.part_key(key, "fence"))

    async def open_shows(self, event_id: int | None = None) -> tuple[ShowKey, ...]:
        """List the shows the store knows, of one event or of all."""
        events = [event_id] if event_id is not None else await self._functions.command("SMEMBERS", keys.EVENTS_KEY)
        found = [
            ShowKey(int(event), int(show))
            for event in events
            for show in await self._functions.command("SMEMBERS", keys.shows_key(int(event)))
        ]
        return tuple(sorted(found))

    async def unsettled_life(self) -> str | None:
        """Name the store's present life, when it is not the one settled last: it was restarted or replaced."""
        said = await self._functions.command("INFO", "server")
        life: str = said.partition(b"run_id:")[2].split(b"\r\n", 1)[0].decode()
        # Nothing settled: the store began empty, and what it knows was opened in this life.
        settled = await self._functions.command("SET", keys.LIFE_KEY, life, "NX", "GET")
        return None if settled in (None, life.encode()) else life

    async def settle_life(self, life: str) -> None:
        """Note that every show was rebuilt in this *life* of the store."""
        await self._functions.command("SET", keys.LIFE_KEY, life)

    async def lapse(self, key: ShowKey, limit: int = 100) -> int:
        """Let go of up to *limit* holds that are due; say how many."""
        return int(await self._functions.call("lapse_holds", key, (), limit))

    async def lapse_due(self, limit: int = 1000) -> int:
        """Lapse due holds of all open shows, up to *limit* per show, in steps that leave others their turn."""
        total = 0
        for key in await self.open_shows():
            lapsed, step = 0, min(limit, 100)
            while lapsed < limit and (now := await self.lapse(key, step)):
                lapsed += now
            total += lapsed
        return total

    async def overdue_payments(self, key: ShowKey, limit: int = 100) -> tuple[OverduePayment, ...]:
        """List frozen holds past their payment deadline, longest overdue first."""
        flat = await self._functions.call("read_overdue", key, (), limit)
        lines = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
        return tuple(OverduePayment(int(order), hold_id.decode(), until) for order, hold_id, until in lines)

    async def stop_clock(self, key: ShowKey, at_ms: int) -> None:
        """Stop the show's clock at an instant (0: let it run again). Tests and rehearsals only."""
        await self._functions.call("set_clock", key, (), at_ms)


def _command_key(key: ShowKey, actor: str, command_id: str) -> str:
    if not 0 < len(command_id) <= COMMAND_ID_MAX:
        raise Misuse(f"command ids have 1 to {COMMAND_ID_MAX} characters")
    return keys.command_key(key, actor, command_id)


def _held(reply: bytes) -> Held | Refused:
    code, position, body = wire.read_reply(reply)
    return Held(wire.read_hold(body), position) if code == "ok" else wire.read_refusal(code, body)


def _released(reply: bytes) -> Released | Refused:
    code, position, body = wire.read_reply(reply)
    return Released(wire.read_hold(body) if body else None, position) if code == "ok" else wire.read_refusal(code, body)


def _sold(order_id: int, reply: bytes) -> Sold | Refused:
    code, position, body = wire.read_reply(reply)
    return wire.read_order(order_id, body, position) if code == "ok" else wire.read_refusal(code, body)


def _changed(reply: bytes) -> Changed | Refused:
    code, position, body = wire.read_reply(reply)
    return Changed(position) if code == "ok" else wire.read_refusal(code, body)
