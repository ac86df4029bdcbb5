"""The port to whoever delivers mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG shown inside the letter as `cid:<name>`."""

    name: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with the letter."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to one person, in text and HTML.

    *key* names the letter for ever (`order-A1B2C3-paid`): it becomes the Message-ID, so that a letter sent again after a
    crash is the same letter to mail programs, and one file to the local mailbox.
    """

    key: str
    to_name: str
    to_email: str
    subject: str
    text: str
    html: str
    reply_to: str | None = None
    pictures: tuple[Picture, ...] = ()
    attachments: tuple[Attachment, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Sent:
    """The next mail server has taken responsibility."""

    message_id: str


@dataclass(frozen=True, slots=True)
class AddressRefused:
    """Nobody will ever deliver to this address; trying again is useless."""

    answer: str
    code: str = "address_refused"


class Mailer(Protocol):
    """Deliver letters. Raises `Unavailable` for whatever may pass: a busy server, a lost connection, a timeout."""

    async def send(self, letter: Letter) -> Sent | AddressRefused:
        """Hand *letter* over."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
