"""Signing in: by form and by API, over plain HTTP, bounded against guessing."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from server.accounts.guard import safe_next
from server.accounts.principals import STAFF_COOKIE
from server.accounts.roles import Role
from server.accounts.sign_in import FAILURES_MAX
from tests.integration.installation import PASSWORD, Installation

EMAIL = "ada@harbour.example"


@pytest.fixture
async def org_id(server: Installation) -> int:
    number = await server.organisation("harbour")
    await server.staff(number, EMAIL, "owner")
    return number


async def test_a_form_signs_in_and_returns_to_the_page_wanted(server: Installation, org_id: int) -> None:
    """The form gives a cookie that works over plain HTTP and leads on to the page that asked for it."""
    client = server.client()
    answer = await client.post("/sign-in", data={"email": EMAIL.upper(), "password": PASSWORD, "next": "/account"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert (await client.get("/api/v1/me")).json()["role"] == "owner"


async def test_signing_in_waits_for_nobody_s_expired_session(server: Installation, org_id: int, owner_url: str) -> None:
    """What another transaction has of the sessions that ran out is left to it, and taken away by the next who signs in."""
    await server.signed_in(org_id, "manager")
    other = await asyncpg.connect(owner_url)
    try:
        await other.execute("update staff_sessions set expires_at = now() - interval '1 day'")
        async with other.transaction():
            assert await other.fetchval("select count(*) from (select from staff_sessions for update) s") == 1
            async with asyncio.timeout(5):
                await server.signed_in(org_id, "viewer")
            assert await other.fetchval("select count(*) from staff_sessions") == 2
        await server.signed_in(org_id, "door")
        assert await other.fetchval("select count(*) from staff_sessions where expires_at < now()") == 0
    finally:
        await other.close()


async def test_wrong_password_and_unknown_address_answer_alike(server: Installation, org_id: int) -> None:
    """Nobody learns from the answer whether an address exists, and no cookie is set."""
    client = server.client()
    wrong = await client.post("/api/v1/session", json={"email": EMAIL, "password": "something else"})
    nobody = await client.post("/api/v1/session", json={"email": "no@body.example", "password": "something else"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json() == nobody.json()
    assert wrong.json()["code"] == "sign_in_failed"
    assert STAFF_COOKIE not in client.cookies


async def test_the_form_says_what_was_wrong_and_keeps_the_address(server: Installation, org_id: int) -> None:
    """A wrong password gives the form again, with one sentence and the address that was typed."""
    client = server.client()
    answer = await client.post("/sign-in", data={"email": EMAIL, "password": "something else", "next": "/account"})
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text and f'value="{EMAIL}"' in answer.text
    assert STAFF_COOKIE not in client.cookies


async def test_unknown_addresses_cost_a_verification_too(
    server: Installation, org_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown address is verified against a hash nobody has: the time does not tell it from a known one."""
    verified: list[str] = []
    from server.accounts import passwords

    def matches(stored: str, password: str) -> bool:
        verified.append(stored)
        return False

    monkeypatch.setattr(passwords, "_matches", matches)
    client = server.client()
    await client.post("/api/v1/session", json={"email": "no@body.example", "password": "x"})
    await client.post("/api/v1/session", json={"email": EMAIL, "password": "x"})
    assert len(verified) == 2
    assert verified[0] == passwords._NOBODY


async def test_guessing_is_bounded_per_place_and_does_not_lock_others_out(server: Installation, org_id: int) -> None:
    """After ten wrong guesses from one place that place waits; the same person signs in from another place at once."""
    guesser = server.client(visitor_of="203.0.113.9")
    for _ in range(FAILURES_MAX["pair"]):
        assert (await guesser.post("/api/v1/session", json={"email": EMAIL, "password": "wrong"})).status_code == 401
    refused = await guesser.post("/api/v1/session", json={"email": EMAIL, "password": PASSWORD})
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    elsewhere = server.client(visitor_of="198.51.100.7")
    assert (await elsewhere.post("/api/v1/session", json={"email": EMAIL, "password": PASSWORD})).status_code == 200


async def test_signing_out_ends_the_session_everywhere_it_was_copied(server: Installation, org_id: int) -> None:
    """A copied cookie is worth nothing after signing out."""
    client = server.client()
    await client.post("/api/v1/session", json={"email": EMAIL, "password": PASSWORD})
    stolen = client.cookies[STAFF_COOKIE]
    assert (await client.post("/sign-out")).headers["location"] == "/"
    thief = server.client()
    thief.cookies.set(STAFF_COOKIE, stolen)
    assert (await thief.get("/api/v1/me")).status_code == 401


async def test_another_site_cannot_sign_somebody_out(server: Installation, org_id: int) -> None:
    """A form of another site is refused although the browser sends the cookie."""
    client = server.client()
    await client.post("/api/v1/session", json={"email": EMAIL, "password": PASSWORD})
    refused = await client.post("/sign-out", headers={"origin": "http://evil.example"})
    assert refused.json()["code"] == "origin_refused"
    assert (await client.get("/api/v1/me")).status_code == 200


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "", None, "/a\r\nb"]
)
def test_signing_in_never_leads_to_another_site(wanted: str | None) -> None:
    """The page to go on to is a path of this site, or the organiser's page."""
    assert safe_next(wanted, "/organise") == "/organise"


@pytest.mark.parametrize(
    ("role", "page"), [("owner", "/organise"), ("viewer", "/organise"), ("box_office", "/organise"), ("door", "/door")]
)
async def test_everybody_lands_where_they_work(server: Installation, org_id: int, role: Role, page: str) -> None:
    """Signing in without another wish leads to a page the role may see."""
    await server.staff(org_id, "somebody@harbour.example", role)
    client = server.client()
    answer = await client.post("/sign-in", data={"email": "somebody@harbour.example", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, page)


async def test_staff_pages_send_strangers_to_sign_in_and_back(server: Installation, org_id: int) -> None:
    """Somebody who is not signed in is asked to, and the wanted page is kept."""
    answer = await server.client().get("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/account")


async def test_the_first_organisation_is_the_one_joined_first_and_can_be_switched(
    server: Installation, org_id: int
) -> None:
    """Somebody who works for two organisations starts in the first and switches; a third stays closed."""
    second, third = await server.organisation("meadow"), await server.organisation("strangers")
    await server.staff(second, EMAIL, "viewer")
    client = server.client()
    await client.post("/api/v1/session", json={"email": EMAIL, "password": PASSWORD})
    assert (await client.get("/api/v1/me")).json()["org_id"] == org_id
    await client.post("/account/organisation", data={"organisation": str(second)})
    me = (await client.get("/api/v1/me")).json()
    assert (me["org_id"], me["role"]) == (second, "viewer")
    await client.post("/account/organisation", data={"organisation": str(third)})
    assert (await client.get("/api/v1/me")).json()["org_id"] == second
