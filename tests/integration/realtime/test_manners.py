"""Sockets that send what they should not, too much of it, or read nothing at all."""

from __future__ import annotations

import asyncio
import random
import socket as sockets
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode

from realtime.limits import Limits, Rate
from realtime.messages import CloseCode
from seatmap.inventory.model import HoldRequest
from tests.integration.realtime.client import Client
from tests.integration.realtime.house import ADULT, House

BAD = [
    "",
    "{",
    "null",
    "[]",
    '"join"',
    '{"t":"nothing"}',
    '{"show":7}',
    '{"t":"join"}',
    '{"t":"join","show":"7"}',
    '{"t":"join","show":0}',
    '{"t":"join","show":7,"extra":1}',
    '{"t":"join","show":7,"scope":"none"}',
    '{"t":"join","show":7,"scope":[[1]]}',
    '{"t":"join","show":7,"from":[1]}',
    '{"t":"hold","seats":[[1,1]]}',
    '{"t":"hold","id":"","seats":[[1,1]]}',
    '{"t":"hold","id":"x","seats":[[-1,1]]}',
    '{"t":"hold","id":"x","seats":[[1.5,1]]}',
    '{"t":"best","id":"x","types":[]}',
    '{"t":"release","id":"x","all":"yes"}',
    "[" * 4000,
    '{"t":"ping"} {"t":"ping"}',
    '{"t":"ping"}\x00',
]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
async def test_what_cannot_be_understood_is_answered(house: House, live: str, text: str) -> None:
    """Malformed messages get an error with the strikes left; the third closes the socket."""
    async with Client(live) as client:
        for left in (2, 1, 0):
            await client.socket.send(text)
            error = await client.until(
                lambda left=left: next((m for m in client.messages if m["strikes_left"] == left), None)
            )
            assert (error["t"], error["code"]) == ("error", "malformed")
        assert await client.closed() == CloseCode.MALFORMED


async def test_a_good_message_after_a_bad_one_is_served(house: House, live: str) -> None:
    """One mistake costs a strike, not the socket."""
    async with Client(live) as client:
        await client.socket.send("{")
        assert (await client.join())["t"] == "joined"


async def test_text_that_is_not_utf8_is_malformed(house: House, live: str) -> None:
    """Bytes that are no text are a strike like any other."""
    async with Client(live) as client:
        _write_raw(client, Frame(Opcode.TEXT, b'{"t":"ping\xff"}').serialize(mask=True))
        assert (await client.heard("error", after=0))["code"] == "malformed"


async def test_binary_is_refused(house: House, live: str) -> None:
    """A binary message is told to be one and ends the socket for good."""
    async with Client(live) as client:
        await client.socket.send(b'{"t":"ping"}')
        assert (await client.heard("error", after=0))["code"] == "binary"
        assert await client.closed() == CloseCode.BINARY


@pytest.mark.parametrize("pieces", [1, 3])
async def test_oversized_messages_end_the_socket(house: House, live: str, pieces: int) -> None:
    """More than 4 KiB is too big, in one frame or in several."""
    async with Client(live) as client:
        whole = "x" * 4098
        size = len(whole) // pieces
        await client.socket.send(whole if pieces == 1 else (whole[n * size : (n + 1) * size] for n in range(pieces)))
        assert await client.closed() == 1009


async def test_a_message_in_fragments_is_read(house: House, live: str) -> None:
    """Fragments are put together."""
    async with Client(live) as client:
        await client.socket.send(['{"t":', '"pi', 'ng"}'])
        assert (await client.heard("pong", after=0))["now_ms"] > 0


@pytest.mark.parametrize(
    "junk", [b"\x81\x05hello", b"\xff\xff\xff\xff", b"\x83\x80\x00\x00\x00\x00", b"\x80\x80\x00\x00\x00\x00"]
)
async def test_broken_frames_end_the_socket(house: House, live: str, junk: bytes) -> None:
    """Unmasked, reserved, unknown or stray frames break the protocol."""
    async with Client(live) as client:
        _write_raw(client, junk)
        assert await client.closed() == 1002


async def test_a_flood_is_refused_and_then_cut_off(house: House) -> None:
    """Beyond the rate commands are refused with a time to wait; whoever goes on is closed."""
    async with (
        house.gateway(Limits(socket_rate=Rate(5, 5))) as (_, live),
        Client(live, session=house.token()) as client,
    ):
        await client.join()
        for number in range(5):
            await client.send(t="extend", id=f"e{number}")
        refused = await client.until(
            lambda: next((m for m in client.messages if m.get("code") == "rate_limited"), None)
        )
        assert 0 < refused["retry_after_ms"] <= 1000
        for number in range(20):
            await client.send(t="extend", id=f"f{number}")
        assert await client.closed() == CloseCode.FLOODING


@pytest.mark.parametrize("rest", range(6))
async def test_a_flood_of_pings_is_cut_off(house: House, rest: int) -> None:
    """Control frames count too, and the reason arrives whatever part of the flood was unread when the socket was closed."""
    async with house.gateway(Limits(socket_rate=Rate(5, 5))) as (listener, live), Client(live) as client:
        flood = Frame(Opcode.PING, bytes(rest)).serialize(mask=True) * 5000
        _write_raw(client, flood)
        assert await client.closed() == CloseCode.FLOODING
        await _until(lambda: not listener.connections)


async def test_a_flood_without_end_is_broken_off(house: House) -> None:
    """Whoever goes on after the close frame is read to a bound, then cut."""
    async with house.gateway(Limits(socket_rate=Rate(5, 5), close_s=60)) as (listener, live):
        stuck = await _stuck_socket(live, house)
        await _until(lambda: len(listener.connections) == 1)
        stuck.setblocking(False)
        flood, loop = Frame(Opcode.PING, b"").serialize(mask=True) * 10_000, asyncio.get_running_loop()
        with pytest.raises(OSError):  # noqa: PT011 (reset or broken pipe)
            for _ in range(1000):
                await loop.sock_sendall(stuck, flood)
        await _until(lambda: not listener.connections)
        stuck.close()


async def test_too_many_commands_under_way_are_refused(house: House) -> None:
    """A burst beyond what may be under way at once is `busy`, not queued without end."""
    async with house.gateway(Limits(commands_under_way=2)) as (_, live), Client(live, session=house.token()) as client:
        await client.join()
        for number in range(6):
            await client.send(t="hold", id=f"h{number}", seats=[[0, ADULT]])
        await client.until(lambda: len([m for m in client.messages if "id" in m]) == 6)
        codes = [message.get("code", "held") for message in client.messages if "id" in message]
        assert set(codes) == {"held", "busy"}


async def test_a_reader_that_stops_is_left_out_and_then_closed(house: House) -> None:
    """Memory for a reader that has stopped stays bounded, others are served, and after a while it is closed."""
    limits = Limits(buffer_high=4096, buffer_low=1024, slow_s=0.2, close_s=0.2)
    async with house.gateway(limits) as (listener, live), Client(live) as other:
        await other.join()
        stuck = await _stuck_socket(live, house)
        await _until(lambda: len(listener.connections) == 2)
        [connection] = [
            c for c in listener.connections if c.transport.get_extra_info("peername")[1] == stuck.getsockname()[1]
        ]
        await _until(lambda: connection.session is not None)
        filler = b"\x82\x7e\xff\xff" + bytes(65535)
        # Fill the kernel's buffers as thousands of frames would.
        for _ in range(400):
            if connection in listener.paused:
                break
            connection.write(filler)
            await asyncio.sleep(0)
        await _until(lambda: connection in listener.paused)
        before = connection.transport.get_write_buffer_size()
        for k in range(30):
            await house.inventory.hold(house.facts.key, f"v{k:015}", HoldRequest(((k, ADULT),)), "x")
        await other.until(lambda: other.picture.states[29] == 1)
        assert connection.transport.get_write_buffer_size() == before
        await _until(lambda: connection not in listener.connections)
        assert connection.close_code == CloseCode.SLOW_READER
        stuck.close()


async def test_silence_is_noticed(house: House) -> None:
    """A peer that answers no ping is closed, one that does stays."""
    async with house.gateway(Limits(ping_s=1, silent_pings=1)) as (listener, live), Client(live) as alive:
        await alive.join()
        dead = await _stuck_socket(live, house)
        await _until(lambda: len(listener.connections) == 2)
        await _until(lambda: len([c for c in listener.connections if c.is_open]) == 1)
        assert alive.code is None
        dead.close()


async def test_a_handshake_that_never_comes_is_ended(house: House) -> None:
    """A connection that says nothing is dropped."""
    async with house.gateway(Limits(handshake_s=0.1)) as (listener, live):
        address = urlsplit(live)
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        await _until(lambda: len(listener.connections) == 1)
        await _until(lambda: not listener.connections)
        writer.close()


async def test_too_many_sockets_are_refused_before_the_upgrade(house: House) -> None:
    """At the limit the answer is 503 with a time to come back."""
    async with house.gateway(Limits(sockets=1)) as (_, live), Client(live):
        with pytest.raises(InvalidStatus) as refused:
            await Client(live).open()
        assert refused.value.response.status_code == 503
        assert int(refused.value.response.headers["Retry-After"]) > 0


async def test_addresses_are_counted_behind_a_proxy(house: House) -> None:
    """The last forwarded address is the one that counts; what the client wrote before it is not believed."""
    async with house.gateway(Limits(sockets_per_address=1), trust_proxy=True) as (listener, live):
        one, two = Client(live), Client(live)
        one.headers["X-Forwarded-For"] = "203.0.113.9, 198.51.100.1"
        two.headers["X-Forwarded-For"] = "203.0.113.7, 198.51.100.1"
        async with one:
            with pytest.raises(InvalidStatus):
                await two.open()
            [connection] = [c for c in listener.connections if c.address is not None]
            assert connection.address is not None
            assert connection.address.name == "198.51.100.1"


async def test_another_version_is_refused(house: House, live: str) -> None:
    """A client of a later protocol is told so."""
    async with Client(live) as client:
        await client.send(t="join", show=7, v=2)
        assert (await client.heard("error", after=0))["code"] == "version_unknown"
        assert await client.closed() == CloseCode.VERSION


async def test_a_show_that_is_not_there(house: House, live: str) -> None:
    """An unknown show is an error without a strike, and the socket stays."""
    async with Client(live) as client:
        await client.send(t="scope", scope="all")
        assert (await client.heard("error", after=0))["code"] == "not_joined"
        await client.send(t="join", show=999)
        error = await client.until(lambda: next((m for m in client.messages if m["code"] == "show_unknown"), None))
        assert error["strikes_left"] == 3
        await client.join()


def _write_raw(client: Client, data: bytes) -> None:
    client.socket.transport.write(data)


async def _stuck_socket(live: str, house: House) -> sockets.socket:
    """Shake hands and join by hand, then never read again."""
    address = urlsplit(live)
    stuck = sockets.socket()
    stuck.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    stuck.connect((address.hostname, address.port))
    stuck.sendall(
        b"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    stuck.sendall(Frame(Opcode.TEXT, b'{"t":"join","show":7}').serialize(mask=True))
    return stuck


async def _until(condition: object, wait_s: float = 5) -> None:
    assert callable(condition)
    async with asyncio.timeout(wait_s):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("seed", range(5))
async def test_messages_may_arrive_in_any_pieces(house: House, seed: int) -> None:
    """However the network cuts the bytes, also in the middle of a frame's head, every message is answered, and nothing is kept for it."""
    chance = random.Random(seed)
    async with (
        house.gateway(Limits(socket_rate=Rate(1e6, 1000))) as (listener, live),
        Client(live) as client,
        Client(live) as other,
    ):
        data, asked = b"", 0
        for _ in range(60):
            match chance.randrange(4):
                case 0:
                    data += Frame(Opcode.PING, chance.randbytes(chance.randrange(20))).serialize(mask=True)
                case 1:
                    data += Frame(Opcode.TEXT, b'{"t":"p', fin=False).serialize(mask=True)
                    data += Frame(Opcode.CONT, b'ing"}').serialize(mask=True)
                    asked += 1
                case _:
                    data += Frame(Opcode.TEXT, b'{"t":"ping"' + b" " * chance.randrange(300) + b"}").serialize(
                        mask=True
                    )
                    asked += 1
        while data:
            size = chance.choice([1, 2, 3, 7, 50, 5000])
            _write_raw(client, data[:size])
            data = data[size:]
            await asyncio.sleep(0)
        await client.until(lambda: len(client.messages) == asked)
        assert {message["t"] for message in client.messages} == {"pong"}
        assert (await other.join())["t"] == "joined"
        assert [connection._ws for connection in listener.connections] == [None, None]
