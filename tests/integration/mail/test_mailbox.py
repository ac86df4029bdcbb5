"""The mailbox page: captured letters, read safely."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from server.mail.order_mail import tickets_letter
from server.tickets import qr
from tests.integration.installation import installation
from tests.unit.mail.letters import OCCASION, faces, order


async def test_a_captured_letter_is_listed_and_shown(database_url: str, valkey_url: str, tmp_path: Path) -> None:
    """List, letter, its HTML in a frame that may run nothing, its pictures, and the whole file."""
    async with installation(database_url, valkey_url, tmp_path) as here, here.client() as reader:
        assert "No letters yet" in (await reader.get("/mailbox")).text
        await here.services.mailer.send(tickets_letter(here.services.templates, order(), OCCASION, faces()))
        listed = (await reader.get("/mailbox")).text
        assert "/mailbox/order-7QK2M9XPAB-tickets" in listed
        assert "Zoë Müller" in listed
        letter = (await reader.get("/mailbox/order-7QK2M9XPAB-tickets")).text
        assert 'sandbox="allow-popups' in letter
        body = await reader.get("/mailbox/order-7QK2M9XPAB-tickets/body.html")
        policy = body.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "script-src" not in policy
        picture = await reader.get("/mailbox/order-7QK2M9XPAB-tickets/ticket1.png")
        assert picture.content == qr.png(qr.symbol(faces()[0].code), scale=5)
        assert "/mailbox/order-7QK2M9XPAB-tickets/ticket1.png" in body.text
        file = await reader.get("/mailbox/order-7QK2M9XPAB-tickets/letter.eml")
        assert file.headers["content-type"] == "message/rfc822"


async def test_what_is_not_there_is_not_found(database_url: str, valkey_url: str, tmp_path: Path) -> None:
    """Unknown letters, pictures, and names that are paths."""
    (tmp_path / "secret.eml").write_text("Subject: no\n\nno")
    async with installation(database_url, valkey_url, tmp_path) as here, here.client() as reader:
        await here.services.mailer.send(
            replace(tickets_letter(here.services.templates, order(), OCCASION, faces()), key="k")
        )
        for path in (
            "/mailbox/none",
            "/mailbox/none/body.html",
            "/mailbox/k/ticket9.png",
            "/mailbox/..%2Fsecret",
            "/mailbox/..%2fsecret/letter.eml",
        ):
            assert (await reader.get(path)).status_code == 404, path
