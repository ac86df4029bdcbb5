"""What the door sees of a request: headers in order, the network a trusted proxy vouches for, digests instead of names."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from server.settings import Settings
from server.visitor import VisitorId
from waitingroom.challenges.coherence import Sent
from waitingroom.challenges.network import client_address, network_of

DIGEST_CHARS: Final = 22
HEADERS_MAX: Final = 64
HEADER_CHARS_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """One request at the door. *network* is None when its address tells nothing."""

    sent: Sent
    session: str
    network: str | None
    native: bool
    """Whether the browser has native cryptography there, so that its work is priced in it."""


class Eyes:
    """Look at requests. Digests are keyed and differ from room to room: keys and journals name no address and no visitor."""

    def __init__(self, settings: Settings) -> None:
        self._trust_proxy = settings.trust_proxy
        self._key = hashlib.sha256(b"frontrow door digest 1\0" + settings.secret.encode()).digest()

    def see(self, request: Request, room_id: int, visitor: VisitorId) -> Seen:
        """Look at *request*."""
        network = self.network(request)
        return Seen(
            sent=self._sent(request),
            session=self.digest(room_id, "session", visitor),
            network=None if network is None else self.digest(room_id, "network", network),
            native=request.url.scheme == "https",
        )

    def network(self, request: Request) -> str | None:
        """Return the network a request comes from."""
        peer = None if request.client is None else request.client.host
        forwarded = request.headers.getlist("x-forwarded-for")
        return network_of(client_address(peer, ",".join(forwarded), trust_proxy=self._trust_proxy))

    def digest(self, room_id: int, kind: str, value: str) -> str:
        """Return the digest of *value* as 22 hexadecimal characters (88 bits)."""
        named = f"{room_id}\0{kind}\0{value}".encode()
        return hmac.new(self._key, named, hashlib.sha256).hexdigest()[:DIGEST_CHARS]

    def _sent(self, request: Request) -> Sent:
        raw = request.headers.raw[:HEADERS_MAX]
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")[:HEADER_CHARS_MAX]) for name, value in raw)
        return Sent(
            headers,
            trustworthy=request.url.scheme == "https" or _loopback(request.url.hostname or ""),
            relayed=self._trust_proxy,
            scripted=request.url.path.startswith("/api/"),
        )


def _loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
