"""The keep-alive client against peers that behave, and peers that don't."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.payments.keepalive_http import KeepAliveClient, Stale

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Peer:
    """A scripted server: one answer per request, connections counted."""

    def __init__(self, *answers: bytes, hang_up: bool = False) -> None:
        self.answers = list(answers)
        self.hang_up = hang_up
        self.connections = 0
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests of one connection in turn."""
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.startswith(b"Content-Length")), 0
                )
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0)
                writer.write(answer)
                await writer.drain()
                if self.hang_up:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(peer: Peer, **options: float) -> AsyncIterator[KeepAliveClient]:
    """Serve *peer* and give a client for it."""
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    client = KeepAliveClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", **options)  # type: ignore[arg-type]
    yield client
    await client.close()
    server.close()
    await server.wait_closed()


async def test_one_connection_serves_many_calls() -> None:
    """Three calls in a row share a connection; bodies and headers arrive as sent."""
    peer = Peer(OK, OK, b"HTTP/1.1 201 Made\r\nRequest-Id: r1\r\nX: 1\r\nx: 2\r\nContent-Length: 0\r\n\r\n")
    async with listening(peer) as client:
        assert (await client.send("GET", "/a?b=c", {})).body == b"ok"
        assert (await client.send("POST", "/a", {"X-One": "1"}, b"body")).status == 200
        reply = await client.send("DELETE", "/a", {})
    assert peer.connections == 1
    assert b"X-One: 1\r\nContent-Length: 4\r\n\r\nbody" in peer.requests[1]
    assert (reply.status, reply.headers["request-ID"], reply.headers["X"]) == (201, "r1", "1, 2")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_every_framing_is_understood(answer: bytes) -> None:
    """Chunks and interim answers end where they should, and the connection goes on."""
    peer = Peer(answer, OK)
    async with listening(peer) as client:
        assert (await client.send("GET", "/", {})).body == b"ok"
        assert (await client.send("GET", "/", {})).body == b"ok"
    assert peer.connections == 1


async def test_a_body_without_length_ends_with_the_connection() -> None:
    """HTTP/1.0 manners."""
    async with listening(Peer(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", hang_up=True)) as client:
        assert (await client.send("GET", "/", {})).body == b"until the end"


async def test_a_connection_closed_while_idle_is_replaced_unseen() -> None:
    """The peer closes after each answer without saying so; every call still succeeds."""
    peer = Peer(*[OK] * 6, hang_up=True)
    async with listening(peer) as client:
        for _ in range(3):
            assert (await client.send("GET", "/", {})).status == 200
        for _ in range(3):
            assert (await client.send("POST", "/", {}, b"x", replayable=True)).status == 200
    assert len(peer.requests) == 6


async def test_a_cut_answer_is_an_error_and_is_not_repeated() -> None:
    """Once bytes of an answer came, the request may have had its effect: the caller decides."""
    peer = Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", OK, hang_up=True)
    async with listening(peer) as client:
        with pytest.raises(ConnectionError):
            await client.send("GET", "/", {})
    assert len(peer.requests) == 1


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 64])
async def test_a_peer_that_is_no_web_server_is_an_error(answer: bytes) -> None:
    """Noise ends as a ConnectionError."""
    async with listening(Peer(answer)) as client:
        with pytest.raises(ConnectionError):
            await client.send("GET", "/", {})


async def test_a_silent_peer_costs_the_timeout_and_no_more() -> None:
    """The call ends, and its connection is not used again: a late answer must not meet the next call."""
    peer = Peer(b"", OK, OK)
    async with listening(peer, timeout_s=0.2) as client:
        with pytest.raises(TimeoutError):
            await client.send("GET", "/slow", {})
        assert (await client.send("GET", "/next", {})).body == b"ok"
    assert peer.connections == 2


async def test_connections_are_bounded() -> None:
    """Forty calls at once share four connections."""
    peer = Peer(*[OK] * 40)
    async with listening(peer, connections_max=4) as client:
        replies = await asyncio.gather(*(client.send("GET", "/", {}) for _ in range(40)))
    assert [reply.status for reply in replies] == [200] * 40
    assert peer.connections <= 4


async def test_nobody_listening_is_an_error() -> None:
    """A closed port raises at once."""
    server = await asyncio.start_server(Peer().serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await KeepAliveClient(f"http://127.0.0.1:{port}").send("GET", "/", {})


async def test_header_lines_cannot_be_forged() -> None:
    """A line break in a value or a path never leaves the house."""
    async with listening(Peer(OK)) as client:
        with pytest.raises(ValueError, match="line break"):
            await client.send("GET", "/", {"X": "1\r\nHost: evil"})
        with pytest.raises(ValueError, match="line break"):
            await client.send("GET", "/ HTTP/1.1\r\nX: 1", {})


def certificate(folder: Path) -> Path:
    """Make a key and a certificate for localhost, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + signed.public_bytes(serialization.Encoding.PEM)
    path = folder / "localhost.pem"
    path.write_bytes(pem)
    return path


async def test_https_speaks_only_to_a_certificate_it_trusts(tmp_path: Path) -> None:
    """A trusted certificate of that name is answered; an unknown one, or one of another name, is not spoken to."""
    path = certificate(tmp_path)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(path)
    trusting = ssl.create_default_context(cafile=str(path))
    peer = Peer(OK, OK)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]
    client = KeepAliveClient(f"https://localhost:{port}", tls=trusting, timeout_s=5)
    assert (await client.send("GET", "/", {})).body == b"ok"
    assert (await client.send("GET", "/", {})).body == b"ok"
    await client.close()
    for origin, context in ((f"https://localhost:{port}", None), (f"https://127.0.0.1:{port}", trusting)):
        with pytest.raises(ssl.SSLCertVerificationError):
            await KeepAliveClient(origin, tls=context, timeout_s=5).send("GET", "/", {})
    assert (peer.connections, len(peer.requests)) == (1, 2)
    server.close()
    await server.wait_closed()


def test_stale_is_a_connection_error() -> None:
    """Callers that know nothing of it still catch it."""
    assert issubclass(Stale, ConnectionError)
