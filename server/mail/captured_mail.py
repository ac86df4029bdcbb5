"""Mail for installations without a mail server: every letter becomes a file, and the page /mailbox shows them.

A letter is written whole or not at all (temporary file, then rename), and once per key. The folder keeps the newest 500.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from server.faults import Unavailable
from server.mail.mailer import Letter, Sent
from server.mail.mime import message_id, rendered, split_sender

LETTERS_MAX = 500
_SURPLUS = 50  # tidy up once per so many letters, not at each
_NAME = re.compile(r"[A-Za-z0-9._-]{1,80}")
_parser = BytesParser(policy=policy.default)


@dataclass(frozen=True, slots=True)
class Captured:
    """A letter in the list. *name* opens it."""

    name: str
    to: str
    subject: str
    at: datetime


class CapturedMail:
    """A `Mailer` that writes into a folder, and the reader of that folder."""

    def __init__(self, folder: Path, sender: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder, self._sender, self._now = folder, sender, now
        self._written = 0
        folder.mkdir(parents=True, exist_ok=True)

    async def send(self, letter: Letter) -> Sent:
        """Write *letter* into the folder, in place of an earlier one of the same key."""
        message = rendered(letter, self._sender, self._now())
        try:
            self._write(letter.key, message)  # 20 KB into the page cache: the way to a thread and back costs more
            if self._written % _SURPLUS == 0:
                await asyncio.to_thread(self._tidy)
        except OSError as cause:
            raise Unavailable(f"the mail folder cannot be written: {cause}") from cause
        return Sent(message_id(letter, split_sender(self._sender)[1]))

    async def close(self) -> None:
        """Nothing is kept open."""

    def newest(self, most: int = 50) -> list[Captured]:
        """List the newest letters."""
        return [self._listed(path) for path in self._by_age()[:most]]

    def read(self, name: str) -> EmailMessage | None:
        """Return a letter by its name; None when there is none, or when the name is no name but a path."""
        if not _NAME.fullmatch(name) or name.startswith("."):
            return None
        try:
            message = _parser.parsebytes((self._folder / f"{name}.eml").read_bytes())
        except FileNotFoundError:
            return None
        assert isinstance(message, EmailMessage)
        return message

    def _write(self, key: str, message: bytes) -> None:
        draft = self._folder / f".{key}-{secrets.token_hex(4)}"
        draft.write_bytes(message)
        os.replace(draft, self._folder / f"{key}.eml")
        self._written += 1

    def _tidy(self) -> None:
        for path in self._by_age()[LETTERS_MAX:]:
            path.unlink(missing_ok=True)

    def _by_age(self) -> list[Path]:
        """Newest first. A letter that another process tidies away meanwhile is left out."""
        ages = []
        for path in self._folder.glob("[!.]*.eml"):
            with contextlib.suppress(FileNotFoundError):
                ages.append((path.stat().st_mtime_ns, path))
        return [path for _, path in sorted(ages, reverse=True)]

    def _listed(self, path: Path) -> Captured:
        headers = _parser.parsebytes(path.read_bytes(), headersonly=True)
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Captured(path.stem, str(headers["to"]), str(headers["subject"]), at)
