"""Letters: what mail programs make of our bytes, in both languages, whatever people are called."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr

import pytest

from server.faults import Misuse
from server.mail.mailer import Attachment, Letter
from server.mail.mime import rendered
from server.mail.order_mail import PICTURES_MAX, refund_letter, tickets_letter
from server.templating import Templates
from server.tickets import qr
from tests.unit.mail.letters import OCCASION, faces, order

TEMPLATES = Templates()
SENDER = "Frontrow <tickets@playhouse.example>"
AT = datetime(2026, 9, 1, 12, tzinfo=UTC)


def parsed(letter: Letter) -> EmailMessage:
    """The letter as a strict reader sees it."""
    data = rendered(letter, SENDER, AT)
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    message = BytesParser(policy=policy.default).parsebytes(data)
    assert isinstance(message, EmailMessage)
    assert [defect for part in message.walk() for defect in part.defects] == []
    return message


def plain_letter(**changes: object) -> Letter:
    fields = {
        "key": "k-1",
        "to_name": "Ada",
        "to_email": "ada@example.org",
        "subject": "Hi",
        "text": "t",
        "html": "<p>h",
    }
    return Letter(**(fields | changes))  # type: ignore[arg-type]


def content(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_tickets_letter_carries_words_page_and_codes() -> None:
    """Text and HTML say the same, and each ticket's picture is the one its code has, inline by its cid."""
    letter = tickets_letter(TEMPLATES, order(), OCCASION, faces())
    message = parsed(letter)
    assert message["subject"] == "Your tickets for Twelfth Night, Dec 3, 2026"
    assert message["message-id"] == "<order-7QK2M9XPAB-tickets@playhouse.example>"
    assert message["reply-to"] == "help@playhouse.example"
    pictures = {
        part["content-id"]: part.get_content() for part in message.walk() if part.get_content_type() == "image/png"
    }
    assert pictures == {
        f"<ticket{place}>": qr.png(qr.symbol(face.code), scale=5) for place, face in enumerate(faces(), 1)
    }
    for text in (content(message, "plain"), content(message, "html")):
        assert "Row 4, seat 11" in text
        assert "7:30" in text, "the venue's time, not UTC"
        assert "Central European" in text
        assert "€87.50" in text
        assert faces()[1].number in text
    assert content(message, "plain") == letter.text
    assert 'src="cid:ticket2"' in content(message, "html")


def test_german_is_german() -> None:
    """No English word slips through, and numbers and dates are written the German way."""
    message = parsed(tickets_letter(TEMPLATES, order("de"), OCCASION, faces(1)))
    text = content(message, "plain")
    assert message["subject"] == "Ihre Tickets für Twelfth Night, 03.12.2026"
    assert "Hier ist Ihr Ticket" in text
    assert "Donnerstag, 3. Dezember 2026, 19:30" in text
    assert "87,50" in text
    assert "Row" not in text


def test_markup_in_names_stays_text() -> None:
    """A buyer called <script> writes no script into the page, and is called so in the text."""
    name = '<script>alert("x")</script>'
    message = parsed(tickets_letter(TEMPLATES, order(name=name), OCCASION, faces(1, holder=name)))
    assert "<script>" not in content(message, "html")
    assert name in content(message, "plain")


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        'Ada "Countess" Lovelace',
        "Łukasz, Zoë; Ünal",
        "O'Neill (jr.)",
        "王小明",
        "عائشة",
        "x" * 200,
        "Ж" * 200,
        "",
    ],
)
def test_any_name_survives_the_address_header(name: str) -> None:
    """Quotes, commas, other scripts and very long names come out as they went in."""
    # The old parser: the new one of Python 3.11 leaves the space between two encoded words that RFC 2047 says to drop.
    raw = BytesParser(policy=policy.compat32).parsebytes(rendered(plain_letter(to_name=name), SENDER, AT))["To"]
    shown, email = parseaddr(raw)
    assert (str(make_header(decode_header(shown))), email) == (name, "ada@example.org")


def test_a_name_cannot_add_a_header() -> None:
    """Line breaks in a name or subject become spaces."""
    message = parsed(plain_letter(to_name="Ada\r\nBcc: all@example.org", subject="Hi\nBcc: all@example.org"))
    assert message["bcc"] is None
    assert message["subject"] == "Hi Bcc: all@example.org"


@pytest.mark.parametrize("email", ["a b@example.org", "a@b@c", "ada@example.org\r\nBcc: x@example.org", "nobody"])
def test_an_address_that_is_none_is_our_mistake(email: str) -> None:
    """Validation happens where people type; here nothing strange may arrive."""
    with pytest.raises(Misuse):
        rendered(plain_letter(to_email=email), SENDER, AT)


def test_an_attachment_arrives_whole() -> None:
    """Bytes in, bytes out, under its name."""
    file = Attachment("tickets.pdf", "application/pdf", bytes(range(256)) * 9)
    message = parsed(plain_letter(attachments=(file,)))
    (found,) = message.iter_attachments()
    assert found.get_filename() == "tickets.pdf"
    assert found.get_content() == file.content


def test_a_large_party_gets_its_codes_by_link() -> None:
    """The letter stays below what mail programs cut off, and still lists everybody."""
    letter = tickets_letter(TEMPLATES, order(), OCCASION, faces(60))
    assert len(letter.pictures) == PICTURES_MAX
    assert letter.text.count("Row 4") == 60


def test_a_refund_letter_says_what_happens_to_the_money() -> None:
    """Late money is explained, and the tickets are not mentioned when there were none."""
    late = refund_letter(TEMPLATES, order(), OCCASION, amount=8750, tickets_void=False, late=True)
    assert "arrived after your seats had gone" in late.text
    assert "€87.50" in late.text
    assert "no longer valid" not in late.text
    void = refund_letter(TEMPLATES, order(), OCCASION, amount=8750, tickets_void=True, late=False)
    assert "no longer valid" in void.text
    parsed(void)


def test_a_letter_with_two_codes_is_cheap() -> None:
    """A purchase may spend 15 ms on everything; its letter takes at most 3 of them."""
    two = faces()

    def cpu_ms() -> float:
        start = time.process_time()
        rendered(tickets_letter(TEMPLATES, order(), OCCASION, two), SENDER, AT)
        return (time.process_time() - start) * 1000

    assert min(cpu_ms() for _ in range(20)) < 3
