"""Mail through an SMTP server: a few connections, kept open, one letter at a time on each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from server.faults import Misuse, Unavailable
from server.mail.mailer import AddressRefused, Letter, Sent
from server.mail.mime import message_id, rendered, split_sender

CONNECTIONS_MAX = 4
TIMEOUT_S = 20.0
# A connection that was silent for longer is asked first whether it is still there: letters come in bursts, and a retry after a
# half-sent letter might send it twice.
IDLE_S = 2.0
_PERMANENT: Final = range(500, 600)
# 5xx answers about us (sign-in, policy, syntax) rather than about the recipient's address.
_OUR_FAULT: Final = frozenset({500, 501, 502, 503, 504, 530, 534, 535, 538})


class SmtpMail:
    """A `Mailer` that speaks SMTP to the server of *url* (`smtp://user:password@host:587`, `smtps://…`)."""

    def __init__(self, url: str, sender: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise Misuse("a mail server's address starts with smtp:// or smtps:// and names a host")
        secure = parts.scheme == "smtps"
        self._options: dict[str, Any] = {
            "hostname": parts.hostname,
            "port": parts.port or (465 if secure else 587),
            "use_tls": secure,
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "timeout": TIMEOUT_S,
        }
        self._sender, self._now = sender, now
        self._turns = asyncio.Semaphore(CONNECTIONS_MAX)
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []

    async def send(self, letter: Letter) -> Sent | AddressRefused:
        """Hand *letter* to the server."""
        sender_email = split_sender(self._sender)[1]
        message = rendered(letter, self._sender, self._now())
        async with self._turns:
            client = await self._client()
            try:
                await client.sendmail(sender_email, [letter.to_email], message, mail_options=_options(letter))
            except aiosmtplib.SMTPRecipientsRefused as refused:
                answer = refused.recipients[0]
                self._keep(client)
                return _judged(answer.code, answer.message, refused)
            except (aiosmtplib.SMTPNotSupported, ValueError) as refused:
                # The address has letters this server cannot carry, or that nobody could.
                self._keep(client)
                return AddressRefused(str(refused))
            except aiosmtplib.SMTPResponseException as refused:
                client.close()
                raise Unavailable(f"the mail server answered {refused.code} {refused.message}") from refused
            except (aiosmtplib.SMTPException, OSError) as cause:
                client.close()
                raise Unavailable(f"the mail server went away: {cause}") from cause
            except BaseException:
                client.close()
                raise
            self._keep(client)
        return Sent(message_id(letter, sender_email))

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        while self._idle:
            _, client = self._idle.pop()
            client.close()

    async def _client(self) -> aiosmtplib.SMTP:
        """Return a connection that answers: the last one used, asked first when it was idle for long, or a new one."""
        while self._idle:
            since, client = self._idle.pop()
            if not client.is_connected:
                continue
            if asyncio.get_running_loop().time() - since < IDLE_S:
                return client
            try:
                await client.noop()
            except (aiosmtplib.SMTPException, OSError):
                client.close()
                continue
            return client
        client = aiosmtplib.SMTP(**self._options)
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as cause:
            client.close()
            raise Unavailable(f"the mail server does not let us in: {cause}") from cause
        return client

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        if client.is_connected:
            self._idle.append((asyncio.get_running_loop().time(), client))


def _options(letter: Letter) -> list[str]:
    return [] if letter.to_email.isascii() else ["SMTPUTF8"]


def _judged(code: int, answer: str, cause: Exception) -> AddressRefused:
    """Tell an address that will never work from a server that is busy or does not trust us."""
    if code in _PERMANENT and code not in _OUR_FAULT:
        return AddressRefused(f"{code} {answer}")
    raise Unavailable(f"the mail server answered {code} {answer}") from cause
