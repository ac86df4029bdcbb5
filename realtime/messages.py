"""Name every message of the live socket, both directions: the one catalogue.

The TypeScript types, `docs/messages.md` and `docs/asyncapi.json` are generated from here (`python -m realtime.generate`), so the text
of a docstring is what a client's author reads. Every message is a frozen record tagged by `t`; a field it does not declare is refused.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field

from waitingroom.frame import LineFrame

PROTOCOL = 1
"""Version of the protocol; it changes only when an old client would misread a new server."""

U32_MAX = 2**32 - 1
SAFE_MAX = 2**53 - 1
"""Largest integer that a browser's number holds exactly."""

SEATS_PER_COMMAND_MAX = 64
COORDINATE_CHARS = 43
SIGNATURE_CHARS = 86
RANGES_MAX = 256

ShowId = Annotated[int, Meta(ge=1, le=U32_MAX, description="Show.")]
SeatIndex = Annotated[int, Meta(ge=0, le=U32_MAX, description="Stable seat index `k` of the chart.")]
AreaIndex = Annotated[int, Meta(ge=0, le=65535, description="Area index `a` of the chart.")]
TypeId = Annotated[int, Meta(ge=1, le=SAFE_MAX, description="Ticket type.")]
Quantity = Annotated[int, Meta(ge=1, le=1000, description="Number of places.")]
Amount = Annotated[int, Meta(ge=0, le=SAFE_MAX, description="Money in minor units (cents).")]
UnixMs = Annotated[int, Meta(ge=0, le=SAFE_MAX, description="Unix time in milliseconds.")]
Epoch = Annotated[
    int, Meta(ge=0, le=U32_MAX, description="Life of the seat state; a new one means that it was rebuilt.")
]
Seq = Annotated[int, Meta(ge=0, le=U32_MAX, description="Number of the last change inside the epoch.")]
Position = Annotated[tuple[int, int], Meta(description="`[epoch, seq]`: how far a state reaches.")]
Range = Annotated[tuple[int, int], Meta(description="Seats `k0 ≤ k < k1`.")]
Ranges = Annotated[list[Range], Meta(max_length=RANGES_MAX)]
Scope = Literal["all", "overview"] | Ranges
CommandId = Annotated[
    str, Meta(min_length=1, max_length=36, description="Chosen by the client; the same id gets the same answer.")
]
RoomId = Annotated[int, Meta(ge=1, le=U32_MAX, description="Waiting room.")]
Place = Annotated[int, Meta(ge=0, le=U32_MAX, description="Place in a line, from 0.")]
Nonce = Annotated[str, Meta(description="Text to sign once, on this socket.")]
Coordinate = Annotated[
    str,
    Meta(
        min_length=COORDINATE_CHARS,
        max_length=COORDINATE_CHARS,
        description="Coordinate of the public key, base64url as in a JWK.",
    ),
]
Signature = Annotated[
    str,
    Meta(
        min_length=SIGNATURE_CHARS, max_length=SIGNATURE_CHARS, description="64 bytes r‖s, base64url without padding."
    ),
]
Currency = Annotated[str, Meta(description="ISO 4217 code in lower case.")]


class ClientRecord(Struct, frozen=True, forbid_unknown_fields=True, gc=False, tag_field="t", kw_only=True):
    """A message from client to gateway."""


class ServerRecord(Struct, frozen=True, forbid_unknown_fields=True, gc=False, tag_field="t", kw_only=True):
    """A message from gateway to client."""


class Part(Struct, frozen=True, forbid_unknown_fields=True, gc=False, kw_only=True):
    """A record inside a message."""


# What clients send.


class Join(ClientRecord, frozen=True, tag="join"):
    """Watch a show; replaces the show joined before.

    `from` is the position of the state you already have (from the HTTP snapshot, or before a reconnect): the gateway answers with what you
    missed, or with `resync`. Without it the gateway sends the state itself. `session` is the visitor token of a program; a browser leaves it
    out, its cookie is read. Answered by `joined`.
    """

    show: ShowId
    scope: Scope = "all"
    position: Position | None = field(name="from", default=None)
    session: Annotated[str, Meta(max_length=200)] | None = None
    v: int = PROTOCOL


class ChangeScope(ClientRecord, frozen=True, tag="scope"):
    """Change which seats you are told about, for example when the picture moves. Same `from` as in `join`. Answered by `scoped`."""

    scope: Scope
    position: Position | None = field(name="from", default=None)


class Hold(ClientRecord, frozen=True, tag="hold"):
    """Hold all of these seats and places, or none.

    `seats` are `[k, type]`, `areas` are `[a, type, quantity]`. They are added to the hold you have; a seat you hold already changes its
    type. `accessible` says that you need accessible places: only then are those given to you. Answered by `held` or `refused`.
    """

    id: CommandId
    seats: Annotated[list[tuple[SeatIndex, TypeId]], Meta(max_length=SEATS_PER_COMMAND_MAX)] = []
    areas: Annotated[list[tuple[AreaIndex, TypeId, Quantity]], Meta(max_length=SEATS_PER_COMMAND_MAX)] = []
    accessible: bool = False


class Best(ClientRecord, frozen=True, tag="best"):
    """Pick the best free seats for a party and hold them.

    `types` are `[type, how many]`; the party is their sum. `categories` and `sections` narrow the choice (indices of the chart; null: any).
    `accessible` is how many of the party need a wheelchair space; the others sit beside. Answered by `held` or, when no
    single run of seats fits, by `refused` with code `no_seats_together` and offers: a party is never split without being asked.
    """

    id: CommandId
    types: Annotated[list[tuple[TypeId, Quantity]], Meta(min_length=1, max_length=16)]
    categories: Annotated[list[int], Meta(max_length=256)] | None = None
    sections: Annotated[list[int], Meta(max_length=1024)] | None = None
    accessible: Annotated[int, Meta(ge=0, le=SEATS_PER_COMMAND_MAX)] = 0


class Release(ClientRecord, frozen=True, tag="release"):
    """Give back some seats `k` and places `[a, type, quantity]`, or with `all` the whole hold. Answered by `released` or `refused`."""

    id: CommandId
    seats: Annotated[list[SeatIndex], Meta(max_length=SEATS_PER_COMMAND_MAX)] | None = None
    areas: Annotated[list[tuple[AreaIndex, TypeId, Quantity]], Meta(max_length=SEATS_PER_COMMAND_MAX)] | None = None
    all: bool = False


class Extend(ClientRecord, frozen=True, tag="extend"):
    """Ask for more time, once per hold. Answered by `held` with the new `expires_at_ms`, or by `refused`."""

    id: CommandId


class Ping(ClientRecord, frozen=True, tag="ping"):
    """Ask whether the line is alive and what time it is. Answered by `pong`."""


class Watch(ClientRecord, frozen=True, tag="watch"):
    """Staff: have the figures of a show pushed.

    Needs the staff cookie, or `token`, an API token with scope `sales:read`. Answered by `dashboard`, then again whenever it changes.
    """

    show: ShowId
    token: Annotated[str, Meta(max_length=200)] | None = None


class Unwatch(ClientRecord, frozen=True, tag="unwatch"):
    """Staff: stop the figures."""


class Prove(ClientRecord, frozen=True, tag="prove"):
    """Prove that you have the key of your waiting-room pass, for the show joined.

    Sign the ASCII text `frontrow live v1`, the number of the show and the nonce of the last `challenge` (or of `joined`), each on a line of its own
    (two line feeds, none at the end), with ECDSA P-256 and SHA-256. Answered by `proven`, or by another `challenge`.
    """

    x: Coordinate
    y: Coordinate
    signature: Signature


class Wait(ClientRecord, frozen=True, tag="wait"):
    """Wait in a room; replaces the room waited in before. Needs no `join`.

    A browser's place is read from its cookie when the socket opens; a program sends its place `token`. Without either you see the line but have no place in it. Answered
    by `waiting` and the newest `line`, then `line` as often as your distance from the front asks for, and `turn` when you are called.
    """

    room: RoomId
    token: Annotated[str, Meta(max_length=200)] | None = None


class Unwait(ClientRecord, frozen=True, tag="unwait"):
    """Hear no more of the line. Your place stays yours: giving it up is `POST /api/v1/rooms/{room}/leave`."""


# Parts of what the gateway sends.

HoldState = Literal["active", "paying"]
Cause = Literal["held", "released", "extended", "lapsed", "paying", "payment_ended", "sold"]
Phase = Literal["before", "open", "paused", "closed"]


class HeldSeat(Part, frozen=True):
    """One seat of a hold, with the price that is locked for it."""

    k: SeatIndex
    type: TypeId
    amount: Amount


class HeldArea(Part, frozen=True):
    """Places of one type in a general admission area; `amount` is for one place."""

    a: AreaIndex
    type: TypeId
    qty: Quantity
    amount: Amount


class HoldView(Part, frozen=True):
    """What a visitor holds in a show. Prices are locked until `expires_at_ms` (the gateway's clock: compare with `now_ms`)."""

    hold_id: str
    seats: list[HeldSeat]
    areas: list[HeldArea]
    expires_at_ms: UnixMs
    extendable: bool
    state: HoldState
    total: Amount
    currency: Currency


class Offer(Part, frozen=True):
    """Seats that are free at this moment and equivalent to those refused, cheapest difference first. Hold them with `hold`.

    `pieces` is 1 when all sit together in one row without an aisle between.
    """

    seats: list[tuple[SeatIndex, TypeId]]
    pieces: int
    total: Amount
    currency: Currency


class OrderLine(Part, frozen=True):
    """One recent order on the organiser's page."""

    ref: str
    at_ms: UnixMs
    tickets: int
    amount: Amount


class GateCount(Part, frozen=True):
    """What one gate has counted."""

    gate: str
    admitted: int
    refused: int
    last_minute: int


# What the gateway sends.


class Joined(ServerRecord, frozen=True, tag="joined"):
    """You are watching a show. The seat frames that follow continue from `epoch`, `seq` without a gap.

    `scope` is what you get: ranges are widened to whole sections. `chart` is `[chart id, revision]` and `seats` its number of seats; when they
    differ from what you have drawn, load the chart again. `hold` is what you hold already. With a `challenge` the show is sold through a
    waiting room: send `prove` before you hold.
    """

    show: ShowId
    chart: tuple[int, int]
    scope: Scope
    epoch: Epoch
    seq: Seq
    seats: int
    tick_ms: int
    now_ms: UnixMs
    phase: Phase
    hold: HoldView | None
    challenge: Nonce | None = None
    v: int = PROTOCOL


class Scoped(ServerRecord, frozen=True, tag="scoped"):
    """Your scope has changed; frames continue from `epoch`, `seq`."""

    scope: Scope
    epoch: Epoch
    seq: Seq


class Held(ServerRecord, frozen=True, tag="held"):
    """Answer to `hold`, `best` and `extend`: the whole hold as it is now."""

    id: CommandId
    hold: HoldView


class Released(ServerRecord, frozen=True, tag="released"):
    """Answer to `release`: what is left of the hold, or null."""

    id: CommandId
    hold: HoldView | None


class Refused(ServerRecord, frozen=True, tag="refused"):
    """A command was understood and refused; nothing changed.

    Switch on `code` (table below). `seats` names the seats at fault. `offers` has up to three equivalents when seats were taken, or are kept for others.
    Repeat no earlier than `retry_after_ms`; null means that repeating will not help.
    """

    id: CommandId
    code: str
    seats: list[SeatIndex] = []
    offers: list[Offer] = []
    retry_after_ms: int | None = None


class HoldChanged(ServerRecord, frozen=True, tag="hold"):
    """Your hold was changed by something else than this socket: time, payment, another tab. Null: you hold nothing any more.

    After a `resync` with reason `rebuilt` the next `joined` says what of the hold survived.
    """

    hold: HoldView | None
    cause: Cause


class Areas(ServerRecord, frozen=True, tag="areas"):
    """Places left in general admission areas, `[a, remaining]`. After joining all areas, later those that changed.

    Ignore it when your area figures are from a later position.
    """

    epoch: Epoch
    seq: Seq
    areas: list[tuple[AreaIndex, int]]


class Overview(ServerRecord, frozen=True, tag="overview"):
    """Scope `overview`: free seats and lowest price per section, `[section, free, lowest amount or null]`, at most once a second.

    With `full` it names all sections, otherwise those that changed.
    """

    epoch: Epoch
    seq: Seq
    full: bool
    sections: list[tuple[int, int, int | None]]


class Sale(ServerRecord, frozen=True, tag="sale"):
    """The sale opened, paused or closed, its times moved, or a waiting room was put before it or taken away.

    `pass_required`: holding needs the pass of a waiting room. Who has none loads the page of the seats again and is led to the room; what is
    held already stays held.
    """

    phase: Phase
    opens_at_ms: UnixMs | None
    closes_at_ms: UnixMs | None
    pass_required: bool


class Prices(ServerRecord, frozen=True, tag="prices"):
    """Prices changed, `[category, type, amount]`; all that are on sale. What you hold keeps its price."""

    version: int
    prices: list[tuple[int, TypeId, Amount]]


class Resync(ServerRecord, frozen=True, tag="resync"):
    """Your seat state can not be continued, and no seat frames follow until you `join` again.

    Forget the state, wait a random time up to `spread_ms`, fetch the snapshot and `join` with its position (or join without `from`).
    """

    epoch: Epoch
    seq: Seq
    spread_ms: int
    reason: Literal["rebuilt", "too_old", "too_slow"]


class Challenge(ServerRecord, frozen=True, tag="challenge"):
    """Send `prove` with this nonce: the show has begun to need a pass, your last proof was not good (`failed`), or a hold was refused with `pass_unproven`."""

    show: ShowId
    nonce: Nonce
    failed: bool


class Proven(ServerRecord, frozen=True, tag="proven"):
    """Answer to `prove`: this socket may hold with passes of that key."""


class Waiting(ServerRecord, frozen=True, tag="waiting"):
    """Answer to `wait`, and sent again when what it says has changed: after the draw you have a position.

    `index` null: you have no place in this line (any more); get one, or get yours again, and reconnect. `position` null: not drawn yet. You are called when
    `position` is below `served` of a `line`. When the socket is lost without `bye`, come back after a random time up to `reconnect_ms`, and poll
    `GET /api/v1/rooms/{room}/state.json` until then.
    """

    room: RoomId
    index: Place | None
    position: Place | None
    called: bool
    reconnect_ms: int
    now_ms: UnixMs


class Turn(ServerRecord, frozen=True, tag="turn"):
    """It is your turn: claim with `POST /api/v1/rooms/{room}/claim`. Sent once, right after the `line` that called you."""

    room: RoomId
    position: Place
    now_ms: UnixMs


class Pong(ServerRecord, frozen=True, tag="pong"):
    """Answer to `ping`."""

    now_ms: UnixMs


class Bye(ServerRecord, frozen=True, tag="bye"):
    """This gateway process is going away. Reconnect after `retry_after_ms`; the delays are spread over all clients."""

    retry_after_ms: int


class Error(ServerRecord, frozen=True, tag="error"):
    """A message that is not a command could not be served.

    `malformed`, `binary`: it could not be understood; at `strikes_left` 0 the socket is closed with 4100. `show_unknown`: `join` named a show that
    is not on sale. `room_unknown`: `wait` named no waiting room. `not_joined`: `scope` or `prove` before `join`. `unavailable`: the show or the room can not be read
    now, join or wait again later.
    """

    code: Literal["malformed", "binary", "version_unknown", "show_unknown", "room_unknown", "not_joined", "unavailable"]
    detail: str
    strikes_left: int


class Dashboard(ServerRecord, frozen=True, tag="dashboard"):
    """Staff: the figures of a show, at most four times a second and only when they changed.

    `sections` are `[section, free, held, sold, off sale]`, `areas` are `[a, capacity, held, sold]`, `per_minute` the tickets sold in each of
    the last 60 minutes, oldest first (the last is the running minute).
    """

    show: ShowId
    now_ms: UnixMs
    phase: Phase
    free: int
    held: int
    sold: int
    off_sale: int
    revenue: Amount
    currency: Currency
    orders: int
    per_minute: list[int]
    last_orders: list[OrderLine]
    sections: list[tuple[int, int, int, int, int]]
    areas: list[tuple[AreaIndex, int, int, int]]
    admitted: int
    gates: list[GateCount]
    viewers: int


class WatchRefused(ServerRecord, frozen=True, tag="watch_refused"):
    """Staff: the figures are not for you, or not available. Codes: `sign_in_required`, `not_allowed`, `show_unknown`, `unavailable`."""

    show: ShowId
    code: str


ClientMessage = Join | ChangeScope | Hold | Best | Release | Extend | Prove | Wait | Unwait | Ping | Watch | Unwatch
ServerMessage = (
    Joined
    | Scoped
    | Held
    | Released
    | Refused
    | HoldChanged
    | Areas
    | Overview
    | Sale
    | Prices
    | Resync
    | Challenge
    | Proven
    | Waiting
    | LineFrame
    | Turn
    | Pong
    | Bye
    | Error
    | Dashboard
    | WatchRefused
)


class CloseCode:
    """Why the gateway closes a socket. 4000-4099: come back; 4100-4199: do not, the reason will not go away by itself."""

    DRAINING: ClassVar[int] = 4000
    SILENT: ClassVar[int] = 4001
    UNAVAILABLE: ClassVar[int] = 4002
    CROWDED: ClassVar[int] = 4003
    SLOW_READER: ClassVar[int] = 4008
    FLOODING: ClassVar[int] = 4009
    MALFORMED: ClassVar[int] = 4100
    BINARY: ClassVar[int] = 4101
    VERSION: ClassVar[int] = 4102


CLOSE_CODES: dict[int, str] = {
    4000: "The process drains (deploy, scale down). Come back after the delay that `bye` named.",
    4001: "No pong and no message for two keepalive periods.",
    4002: "The gateway lost what it needs and can not serve the show now.",
    4003: "Too many sockets from this address, or in this process. Come back later.",
    4008: "You read too slowly for too long. Come back, with a smaller scope if you can.",
    4009: "Too many messages. Come back no earlier than the last `retry_after_ms`.",
    4100: "Too many messages that could not be understood. Fix the client.",
    4101: "A binary message. Clients send text only.",
    4102: "The gateway does not speak this version of the protocol.",
}

REFUSALS: dict[str, str] = {
    "seat_taken": "Somebody else has one of the seats. `seats` says which, `offers` what is as good.",
    "seat_unknown": "The chart has no such seat.",
    "seat_off_sale": "The seat is not for sale.",
    "seat_reserved": "The seat is kept for others.",
    "seat_reserved_accessible": "The place is kept for those who need it; ask with `accessible`. `offers` are near and kept for nobody.",
    "area_unknown": "The chart has no such area.",
    "area_full": "Fewer places are left in the area.",
    "quota_full": "Fewer tickets of this type are left.",
    "too_many_seats": "More places than one visitor may hold in this show.",
    "empty_hold": "The command names no seat and no place.",
    "duplicate_seat": "A seat is named twice.",
    "type_not_sold": "This ticket type is not sold for this category.",
    "sale_not_open": "The sale has not begun; `retry_after_ms` says when it does.",
    "sale_closed": "The sale is over.",
    "sale_paused": "The organiser has paused the sale. What you hold stays yours.",
    "pass_required": "The show has a waiting room: holding needs a pass from it.",
    "pass_unproven": "You have a pass, but this socket has not proven the key or the cookie it belongs to: send `prove`.",
    "show_unknown": "No such show, or it is not on sale.",
    "hold_gone": "You hold nothing (any more).",
    "hold_paying": "The hold is being paid and can not change.",
    "hold_not_yours": "The hold belongs to somebody else.",
    "already_extended": "A hold is extended once.",
    "stranded_single": "It would leave a single seat that nobody buys; `seats` names it, `offers` shift by a seat.",
    "no_seats_together": "No free run of seats is long enough for the party; `offers` are split, or elsewhere.",
    "accessible_full": "Not enough free wheelchair spaces with seats beside them.",
    "session_missing": "Holding needs a visitor: a cookie from a page, or `session` in `join`.",
    "session_expired": "The visitor token is forged or too old. Get a new one.",
    "origin_refused": "The page that opened the socket comes from another host, so its cookie is not believed.",
    "not_joined": "Join a show first.",
    "busy": "Too many of your commands are under way. Wait for their answers.",
    "rate_limited": "Too many messages; wait `retry_after_ms`.",
    "internal": "A defect on our side, which has been logged. Nothing was changed by the answer.",
    "unavailable": "The store does not answer. Nothing is lost; repeat with the same `id` after `retry_after_ms`.",
}
