"""The official SDK's requests over our lean keep-alive client instead of httpx.

Stripe's documented extension point: a subclass of `stripe.HTTPClient`. Request bodies, headers and parsing stay the SDK's.
"""

from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import stripe

from server.payments.keepalive_http import KeepAliveClient


class KeepAliveTransport(stripe.HTTPClient):
    """Carry the SDK's async calls; sync and streaming calls are refused."""

    name = "frontrow-keepalive"

    def __init__(self, *, timeout_s: float, connections_max: int = 32) -> None:
        super().__init__()
        self._timeout_s, self._connections_max = timeout_s, connections_max
        self._clients: dict[str, KeepAliveClient] = {}

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one request. The SDK's own network errors (`APIConnectionError`) stand for every OSError."""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        try:
            # Every POST of the SDK carries an Idempotency-Key, so repeating one on a stale connection can't act twice.
            reply = await self._client(f"{parts.scheme}://{parts.netloc}").send(
                method.upper(), target, headers, body, replayable=True
            )
        except OSError as error:  # TimeoutError, ConnectionError and ssl.SSLError are all OSErrors
            text = f"No answer from the payment provider: {type(error).__name__}: {error}"
            raise stripe.APIConnectionError(text, should_retry=True) from error  # type: ignore[no-untyped-call]
        return reply.body, reply.status, reply.headers

    async def close_async(self) -> None:
        """Close idle connections."""
        for client in self._clients.values():
            await client.close()

    def close(self) -> None:
        """Nothing is held by the sync half."""

    def request(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: a blocking call would stop the event loop."""
        raise NotImplementedError("use the async methods of the SDK")

    def _client(self, origin: str) -> KeepAliveClient:
        client = self._clients.get(origin)
        if client is None:
            client = KeepAliveClient(origin, timeout_s=self._timeout_s, connections_max=self._connections_max)
            self._clients[origin] = client
        return client
