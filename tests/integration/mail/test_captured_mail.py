"""Captured mail: whole files, one per letter, newest first, never more than the folder may hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.faults import Unavailable
from server.mail import captured_mail
from server.mail.captured_mail import CapturedMail
from server.mail.mailer import Letter

SENDER = "Frontrow <tickets@localhost>"


def letter(number: int, subject: str = "Tickets für Zoë") -> Letter:
    return Letter(f"order-{number}", "Zoë", "zoe@example.org", subject, f"text {number}", "<p>page")


async def test_a_letter_can_be_read_back(tmp_path: Path) -> None:
    """The mailbox page finds who, what and the text."""
    mail = CapturedMail(tmp_path / "mail", SENDER)
    await mail.send(letter(1))
    (entry,) = mail.newest()
    assert (entry.to, entry.subject) == ("Zoë <zoe@example.org>", "Tickets für Zoë")
    message = mail.read(entry.name)
    assert message is not None
    body = message.get_body(("plain",))
    assert body is not None
    assert "text 1" in body.get_content()


async def test_the_same_letter_sent_again_is_one_letter(tmp_path: Path) -> None:
    """A worker that crashed after sending and sends again leaves one file."""
    mail = CapturedMail(tmp_path, SENDER)
    await mail.send(letter(1))
    await mail.send(letter(1, "again"))
    assert [entry.subject for entry in mail.newest()] == ["again"]
    assert len(list(tmp_path.iterdir())) == 1


async def test_the_newest_come_first_and_the_oldest_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is tidied once in a while down to its limit."""
    monkeypatch.setattr(captured_mail, "LETTERS_MAX", 5)
    monkeypatch.setattr(captured_mail, "_SURPLUS", 10)
    mail = CapturedMail(tmp_path, SENDER)
    for number in range(20):
        await mail.send(letter(number))
        os.utime(tmp_path / f"order-{number}.eml", (number, number))
    await mail.send(letter(20))
    names = [entry.name for entry in mail.newest(3)]
    assert names == ["order-20", "order-19", "order-18"]
    assert len(list(tmp_path.iterdir())) <= 5 + 10


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "", "..", ".order-1-0a", "order-2", "a" * 200, "a\x00b"])
async def test_a_path_is_no_name(tmp_path: Path, name: str) -> None:
    """Nothing outside the folder, and nothing half written, can be opened."""
    (tmp_path / "secret.eml").write_text("no")
    mail = CapturedMail(tmp_path / "mail", SENDER)
    await mail.send(letter(1))
    (tmp_path / "mail" / ".order-1-0a.eml").write_text("half")
    assert mail.read(name) is None


async def test_a_folder_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    """The job comes back later instead of losing the letter."""
    mail = CapturedMail(tmp_path / "mail", SENDER)
    (tmp_path / "mail").rmdir()
    with pytest.raises(Unavailable):
        await mail.send(letter(1))
