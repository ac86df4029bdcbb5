"""The world of the demo provider: its clock, its ids, its memory; and the `Call`, one request working on it."""

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from server.payments.demo import wire
from server.payments.demo.errors import missing
from server.payments.demo.records import AnyRecord, Endpoint, Event, Method, Record
from server.payments.demo.store import Changes, Delivery, Store

R = TypeVar("R", bound=Record)
Clock = Callable[[], int]
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def system_clock() -> int:
    """Tell the Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class Ids:
    """Make object ids that sort by creation, like Stripe's. With a seed they depend on nothing but it and the count."""

    def __init__(self, seed: int | None, start: int) -> None:
        self._seed = seed
        self._count = start

    def make(self, prefix: str, now_ms: int) -> str:
        """Make `pi_3…`: 8 characters that grow, 16 that nobody can guess (unless seeded)."""
        self._count += 1
        grows = self._count if self._seed is not None else now_ms * 1000 + self._count % 1000
        return f"{prefix}_3{_base62(grows, 9)}{self.random(15)}"

    def random(self, length: int) -> str:
        """Make a random word: 4 bits a character, so 25 characters of a client secret are 100 bits."""
        if self._seed is None:
            return secrets.token_hex(length)[:length]
        self._count += 1
        word = hashlib.shake_256(f"{self._seed}:{self._count}".encode()).digest(length)
        return _base62(int.from_bytes(word), length)


def _base62(number: int, length: int) -> str:
    chars = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        chars.append(_BASE62[digit])
    return "".join(reversed(chars))


class World:
    """Everything that outlives a request. *on_delivery* is told about each new delivery."""

    def __init__(self, store: Store, *, clock: Clock = system_clock, seed: int | None = None) -> None:
        self.store = store
        self.clock = clock
        self.ids = Ids(seed, store.next_number)
        self.on_delivery: Callable[[Delivery], None] = lambda delivery: None
        self.on_timer: Callable[[str, str, int], None] = lambda object_id, deed, due_ms: None
        self._endpoints = {endpoint.id: endpoint for endpoint in store.page(Endpoint, limit=100)[0]}

    def begin(self, *, request_id: str | None = None, idempotency_key: str | None = None) -> "Call":
        """Begin a request (or a deed of a timer)."""
        return Call(self, request_id, idempotency_key)

    def finish(self, call: "Call") -> None:
        """Make the changes of a call real, and queue its events for the endpoints that want them."""
        changes = call.changes
        first = self.store.next_number
        self.store.apply(changes)
        for record in changes.records.values():
            if isinstance(record, Endpoint):
                self._endpoints[record.id] = record
        for offset, event in enumerate(record for record in changes.records.values() if isinstance(record, Event)):
            for endpoint in self._endpoints.values():
                if endpoint.status == "enabled" and _wants(endpoint, event.type):
                    delivery = Delivery(event.id, endpoint.id, first + offset, 0, call.now_ms)
                    self.store.put_delivery(delivery)
                    self.on_delivery(delivery)
        for timer in changes.timers:
            self.on_timer(*timer)

    def endpoints(self) -> list[Endpoint]:
        """List the webhook endpoints."""
        return list(self._endpoints.values())

    def forget_endpoint(self, endpoint: Endpoint) -> None:
        """Delete a webhook endpoint; what is queued for it is dropped when its turn comes."""
        self._endpoints.pop(endpoint.id, None)
        self.store.forget(endpoint.id)

    def ensure_endpoint(self, url: str, secret: str, events: list[str]) -> None:
        """Make sure that exactly this endpoint is registered for *url*."""
        known = [endpoint for endpoint in self.endpoints() if endpoint.url == url]
        if any(endpoint.secret == secret and endpoint.enabled_events == events for endpoint in known):
            return
        for endpoint in known:
            self.forget_endpoint(endpoint)
        call = self.begin()
        call.put(Endpoint(id=call.new_id("we"), created=call.now, url=url, enabled_events=events, secret=secret))
        self.finish(call)


class Call:
    """One request: reads through its own changes, keeps them until the world finishes it."""

    def __init__(self, world: World, request_id: str | None, idempotency_key: str | None) -> None:
        self.world = world
        self.now_ms = world.clock()
        self.now = self.now_ms // 1000
        self.changes = Changes()
        self._request_id = request_id
        self._idempotency_key = idempotency_key

    def new_id(self, prefix: str) -> str:
        """Make an id."""
        return self.world.ids.make(prefix, self.now_ms)

    def get(self, kind: type[R], object_id: str) -> R | None:
        """Find a record, or None."""
        mine = self.changes.records.get(object_id)
        return self.world.store.get(object_id, kind) if mine is None else mine if isinstance(mine, kind) else None

    def need(self, kind: type[R], object_id: str, param: str, *, status: int = 404) -> R:
        """Find a record, or refuse the request."""
        record = self.get(kind, object_id)
        if record is None:
            raise missing(str(kind.__struct_config__.tag), object_id, param, status=status)
        return record

    def method(self, method_id: str) -> Method:
        """Find the payment method something refers to."""
        found = self.get(Method, method_id)
        assert found is not None, f"{method_id} is referred to and does not exist"
        return found

    def put(self, record: AnyRecord) -> None:
        """Remember a new or changed record."""
        self.changes.records[record.id] = record

    def later(self, object_id: str, deed: str, delay_ms: int) -> None:
        """Do something by itself after a while, also after a restart."""
        self.changes.timers.append((object_id, deed, self.now_ms + delay_ms))

    def emit(self, event_type: str, record: AnyRecord, about: str | None = None) -> None:
        """Record that something happened to *record*, as it is now."""
        snapshot = msgspec.Raw(wire.encode(wire.render(record, self.method)))
        event = Event(
            id=self.new_id("evt"),
            created=self.now,
            type=event_type,
            snapshot=snapshot,
            request=self._request_id,
            idempotency_key=self._idempotency_key,
            about=about,
        )
        self.put(event)


def _wants(endpoint: Endpoint, event_type: str) -> bool:
    return "*" in endpoint.enabled_events or event_type in endpoint.enabled_events
