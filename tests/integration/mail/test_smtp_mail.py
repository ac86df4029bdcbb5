"""Mail over a real socket: kept connections, and a clear answer for everything that can go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.faults import Unavailable
from server.mail.mailer import AddressRefused, Letter, Sent
from server.mail.smtp_mail import CONNECTIONS_MAX, SmtpMail
from tests.integration.mail.smtp_server import SmtpServer, smtp_server

SENDER = "Frontrow <tickets@playhouse.example>"


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with smtp_server() as running:
        yield running


@pytest.fixture
async def mail(server: SmtpServer) -> AsyncIterator[SmtpMail]:
    mail = SmtpMail(f"smtp://127.0.0.1:{server.port}", SENDER)
    yield mail
    await mail.close()


def letter(number: int = 1, to: str = "ada@example.org") -> Letter:
    return Letter(f"order-{number}", "Ada", to, "Tickets", "Text with a\n.dot line\n", "<p>page")


async def test_a_letter_arrives_as_written(server: SmtpServer, mail: SmtpMail) -> None:
    """The server gets our envelope and our bytes, dots at line starts included."""
    assert await mail.send(letter()) == Sent("<order-1@playhouse.example>")
    ((sender, recipient, data),) = server.letters
    assert "tickets@playhouse.example" in sender
    assert recipient == "ada@example.org"
    assert b"Message-ID: <order-1@playhouse.example>" in data


async def test_connections_are_kept_and_bounded(server: SmtpServer, mail: SmtpMail) -> None:
    """Forty letters at once use four connections, and the forty-first one of those again."""
    await asyncio.gather(*(mail.send(letter(number)) for number in range(40)))
    await mail.send(letter(41))
    assert len(server.letters) == 41
    assert server.connections <= CONNECTIONS_MAX


async def test_a_connection_the_server_closed_is_replaced(
    server: SmtpServer, mail: SmtpMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a silence the connection is asked first, and a dead one costs no letter."""
    await mail.send(letter(1))
    server.hang_up()
    monkeypatch.setattr("server.mail.smtp_mail.IDLE_S", 0.0)
    assert isinstance(await mail.send(letter(2)), Sent)
    assert len(server.letters) == 2


async def test_an_address_nobody_has_is_a_value(server: SmtpServer, mail: SmtpMail) -> None:
    """550 for the recipient means never; the connection goes on with the next letter."""
    server.faults["RCPT"] = "550 no such user"
    answer = await mail.send(letter())
    assert isinstance(answer, AddressRefused)
    assert "no such user" in answer.answer
    server.faults.clear()
    assert isinstance(await mail.send(letter(2)), Sent)
    assert server.connections == 1


async def test_an_address_with_letters_the_server_cannot_carry_is_a_value(mail: SmtpMail) -> None:
    """Without SMTPUTF8 on the other side, ünal@ cannot be reached and never will be."""
    assert isinstance(await mail.send(letter(to="ünal@example.org")), AddressRefused)


@pytest.mark.parametrize(
    "faults",
    [
        {"RCPT": "451 greylisted, come back"},
        {"RCPT": "530 sign in first"},
        {"MAIL": "421 too busy"},
        {"DATA": "552 mailbox full"},
        {"DATA": "hang up"},
        {"EHLO": "hang up"},
    ],
)
async def test_what_may_pass_is_unavailable(server: SmtpServer, mail: SmtpMail, faults: dict[str, str]) -> None:
    """Busy, suspicious or vanished servers raise Unavailable, so that the job comes back; afterwards mail flows again."""
    server.faults.update(faults)
    with pytest.raises(Unavailable):
        await mail.send(letter())
    server.faults.clear()
    assert isinstance(await mail.send(letter(2)), Sent)


async def test_no_server_is_unavailable() -> None:
    """A closed port is reported in words, without a stack of library names."""
    async with smtp_server() as gone:
        port = gone.port
    mail = SmtpMail(f"smtp://127.0.0.1:{port}", SENDER)
    with pytest.raises(Unavailable, match="mail server"):
        await mail.send(letter())


async def test_a_silent_server_does_not_hold_us(server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts and says nothing runs into our timeout."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    monkeypatch.setattr("server.mail.smtp_mail.TIMEOUT_S", 0.2)
    mail = SmtpMail(f"smtp://127.0.0.1:{silent.sockets[0].getsockname()[1]}", SENDER)
    with pytest.raises(Unavailable):
        await mail.send(letter())
    silent.close()
