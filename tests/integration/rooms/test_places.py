"""Places: one per person, kept through everything a browser goes through, usable by their holder alone."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from seatmap.inventory.model import Held, HoldRequest, Refused
from server.mail.captured_mail import CapturedMail
from tests.integration.rooms.hall import HOUR_MS, Hall, Visitor, code_of, now_ms
from waitingroom.identity import mailbox

EMAIL = "ada.lovelace@mail.example"


async def hold(visitor: Visitor, k: int) -> Held | Refused:
    hall = visitor.hall
    request = HoldRequest(seats=((k, hall.type_id),))
    return await hall.server.services.inventory.hold(hall.show, visitor.number, request, f"c{k}")


async def opened(hall: Hall, *visitors: Visitor) -> None:
    """Let the second of the draw come for a room whose lobby *visitors* are in, and make it."""
    facts = visitors[0].facts
    await hall.drawn(facts)


async def lobby(hall: Hall, seconds: float = 0.8, **changes: Any) -> tuple[Visitor, int]:
    """Make a room whose draw comes in a moment, with one visitor in its lobby; returns the moment too."""
    draws_ms = now_ms() + round(seconds * 1000)
    facts = await hall.room(draws_ms=draws_ms, **changes)
    visitor = await hall.visitor(facts)
    answer = await visitor.join_by_mail("first@mail.example")
    assert answer.status_code == 201, answer.text
    return visitor, draws_ms


async def until(moment_ms: int) -> None:
    while now_ms() <= moment_ms:
        await asyncio.sleep(0.02)


async def called(hall: Hall, **changes: Any) -> Visitor:
    """Return somebody whose turn it is."""
    visitor, draws_ms = await lobby(hall, **changes)
    await until(draws_ms)
    await hall.drawn(visitor.facts)
    await hall.call(visitor.facts, 1)
    return visitor


async def test_t13_twenty_tabs_and_three_devices_are_one_place(hall: Hall) -> None:
    """A person with one mailbox has one index, whichever device or tab asks, all at once or later."""
    facts = await hall.room()
    devices = [await hall.visitor(facts) for _ in range(3)]
    first = await asyncio.gather(*(device.join_by_mail(EMAIL) for device in devices))
    assert [answer.status_code for answer in first].count(201) == 1, [answer.text for answer in first]
    tabs = await asyncio.gather(*(device.join() for device in devices for _ in range(7)))
    assert {answer.status_code for answer in tabs} == {200}
    assert len({answer.json()["index"] for answer in (*first, *tabs)}) == 1


async def test_t14_two_people_on_one_device_keep_two_places(hall: Hall) -> None:
    """Whoever signs in second gets a place of their own; the first one's is found again with their address."""
    facts = await hall.room()
    shared = await hall.visitor(facts)
    one = (await shared.join_by_mail(EMAIL)).json()["index"]
    other = (await shared.join_by_mail("grace@mail.example")).json()["index"]
    assert one != other
    assert (await shared.join_by_mail(EMAIL)).json()["index"] == one


async def test_t15_a_key_is_one_place_however_many_sessions_it_is_shown_in(hall: Hall) -> None:
    """New cookies, new addresses, the same key: one index."""
    facts = await hall.room()
    first = await hall.visitor(facts)
    index = (await first.join()).json()["index"]
    for number in range(5):
        again = await hall.visitor(facts, address=f"203.0.113.{number + 1}")
        again.key = first.key
        answer = await again.join()
        assert (answer.status_code, answer.json()["index"]) == (200, index), answer.text


async def test_t16_no_address_is_in_any_store_but_the_mail(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    """After a join by mail neither Valkey nor the log holds the address, or its mailbox, in any form that reads as one."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    asked = await visitor.join(method="email", email=EMAIL)
    assert (asked.status_code, asked.json()) == (202, {"needs": "email_code"})
    assert (await visitor.join_by_mail(EMAIL)).status_code == 201
    redis = hall.server.services.redis
    held = b""
    for key in await redis.keys("*"):
        held += key + (await redis.dump(key) or b"")
    logged = "".join(capsys.readouterr())
    for text in (EMAIL, mailbox(EMAIL), "lovelace"):
        assert text.encode() not in held
        assert text not in logged


async def test_digits_are_sent_by_mail_and_guessing_them_ends(hall: Hall) -> None:
    """The letter has six digits that work on any device; after ten tries even the right ones don't for a while."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    assert (await visitor.join(method="email", email=EMAIL)).status_code == 202
    services = hall.server.services
    await services.code_post.settle()
    assert isinstance(services.mailer, CapturedMail)
    letters = list((services.settings.var / "mail").glob("*"))
    assert len(letters) == 1
    digits = re.search(r"\b(\d{6})\b", letters[0].read_text())
    assert digits is not None
    phone = await hall.visitor(facts)
    assert (await phone.join(method="email", email=EMAIL, email_code=digits[1])).status_code == 201
    guesser = await hall.visitor(facts, address="198.51.100.7")
    wrong = f"{(int(digits[1]) + 1) % 1_000_000:06d}"
    for _ in range(12):
        assert code_of(await guesser.join(method="email", email=EMAIL, email_code=wrong)) in (
            "email_code_wrong",
            "rate_limited",
        )
    assert (
        code_of(await (await hall.visitor(facts)).join(method="email", email=EMAIL, email_code=digits[1]))
        == "email_code_wrong"
    )


async def test_an_invitation_stands_in_its_tier_once(hall: Hall) -> None:
    """A code gives its tier without any lookup; shown by two people it is one place; a forged one is none."""
    from server.rooms.tiers import issue_codes

    facts = await hall.room(tiers=await hall.tiers("Members", "Newsletter"))
    codes = await issue_codes(hall.desk, hall.who, hall.who.org_id, facts.room_id, 1, 2)
    assert isinstance(codes, list)
    one, two = await hall.visitor(facts), await hall.visitor(facts)
    first = await one.join(method="code", access_code=codes[0])
    assert (first.status_code, first.json()["tier"]) == (201, 1), first.text
    assert (await two.join(method="code", access_code=codes[0])).json()["index"] == first.json()["index"]
    assert (await two.join(method="code", access_code=codes[1])).json()["index"] != first.json()["index"]
    assert code_of(await two.join(method="code", access_code=codes[1][:40] + codes[0][40:])) == "access_code_invalid"


async def test_t25_a_used_proof_is_worth_nothing_and_the_holder_may_ask_again(hall: Hall) -> None:
    """Replayed by anybody the nonce is spent; the holder with a new one gets the same visit; another visitor none."""
    visitor = await called(hall)
    proof = visitor.signed(await visitor.nonce())
    first = await visitor.client.post(f"{visitor.path}/claim", json=proof)
    assert first.status_code == 200, first.text
    assert first.json()["go"] == f"/shows/{hall.show_id}"
    thief = await hall.visitor(visitor.facts)
    thief.client.cookies.set(f"fr_place_{visitor.facts.room_id}", visitor.place, domain="testserver.local")
    for client in (visitor.client, thief.client):
        assert code_of(await client.post(f"{visitor.path}/claim", json=proof)) == "nonce_spent"
    again = await visitor.claim()
    assert (again.status_code, again.json()) == (200, first.json())
    thief.key = visitor.key  # even with the key, another session is another visitor
    assert code_of(await thief.claim()) == "holder_differs"


async def test_t31_a_stolen_cookie_without_its_key_cannot_go_in(hall: Hall) -> None:
    """The place token alone claims nothing, with no proof, another key's, or a signature for another room or nonce."""
    visitor = await called(hall)
    thief = await hall.visitor(visitor.facts)
    thief.client.cookies.set(f"fr_place_{visitor.facts.room_id}", visitor.place, domain="testserver.local")
    nonce = await thief.nonce()
    own = thief.signed(nonce)
    assert code_of(await thief.client.post(f"{thief.path}/claim", json={"nonce": nonce})) == "proof_invalid"
    assert code_of(await thief.client.post(f"{thief.path}/claim", json=own)) == "proof_invalid"
    mixed = own | {"key": visitor.point}
    assert code_of(await thief.client.post(f"{thief.path}/claim", json=mixed)) == "proof_invalid"
    other = visitor.signed(await visitor.nonce()) | {"nonce": nonce}
    assert code_of(await thief.client.post(f"{thief.path}/claim", json=other)) == "proof_invalid"
    assert await hold(thief, 0) == Refused("pass_required")
    assert (await visitor.claim()).status_code == 200
    assert isinstance(await hold(visitor, 0), Held)
    assert await hold(thief, 1) == Refused("pass_required")


async def test_t31_without_keys_the_secret_beside_the_token_is_needed(hall: Hall) -> None:
    """On plain http the browser gets an HttpOnly secret; the token without it is nobody's."""
    draws_ms = now_ms() + 2000
    facts = await hall.room(draws_ms=draws_ms)
    visitor = await hall.visitor(facts, device=False)
    joined = await visitor.join()
    assert joined.status_code == 201, joined.text
    cookies = joined.headers.get_list("set-cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} >= {"fr_holder", f"fr_place_{facts.room_id}"}
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in cookies)
    assert visitor.client.cookies["fr_holder"] not in joined.text
    await until(draws_ms)
    await hall.drawn(facts)
    await hall.call(facts, 1)
    thief = await hall.visitor(facts, device=False)
    thief.client.cookies.set(f"fr_place_{facts.room_id}", visitor.place, domain="testserver.local")
    assert code_of(await thief.claim()) == "proof_invalid"
    thief.client.cookies.set("fr_holder", "A" * 43, domain="testserver.local")
    assert code_of(await thief.claim()) == "proof_invalid"
    assert (await visitor.claim()).status_code == 200


async def test_t26_t27_no_other_artefact_is_a_place(hall: Hall) -> None:
    """A session, a nonce, another room's place and one of an earlier epoch are all the same nothing."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    assert (await visitor.join()).status_code == 201
    rehearsal = await hall.room(slug="rehearsal", shows=(), rehearsal_of=facts.room_id)
    session, place = visitor.client.cookies["fr_visitor"], visitor.place
    nonce = await visitor.nonce()
    for token in (session, nonce, "p1." + "A" * 99, "", place[:-1]):
        stranger = await hall.visitor(facts)
        answer = await stranger.client.get(f"{visitor.path}/places/mine", headers={"frontrow-place": token})
        assert (answer.status_code, code_of(answer)) == (404, "place_unknown")
    elsewhere = f"/api/v1/rooms/{rehearsal.room_id}/places/mine"
    assert code_of(await visitor.client.get(elsewhere, headers={"frontrow-place": place})) == "place_unknown"
    async with hall.server.services.database.tenant(hall.who.org_id) as connection:
        await connection.execute("update rooms set epoch = 2, version = version + 1 where id = $1", facts.room_id)
    later = await hall.desk.own(hall.who.org_id, facts.room_id)
    await hall.server.services.rooms.changed(later)  # type: ignore[arg-type]
    assert code_of(await visitor.mine()) == "place_unknown"
    assert hall.server.services.visitors.read(place, now_ms() // 1000) is None


async def test_t32_nothing_tells_unknown_foreign_and_forged_apart(hall: Hall) -> None:
    """Whatever token is shown to whatever deed, a stranger learns one word and one status, and the same headers."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    assert (await visitor.join()).status_code == 201
    good = visitor.place
    tokens = ["", "p1." + "A" * 99, good[:-3] + "AAA", good.lower(), "é", "p1." + "_" * 99, "x" * 5000]
    deeds = [("GET", "places/mine", None), ("GET", "nonce", None), ("POST", "leave", None), ("POST", "notify", {"email": EMAIL}),
             ("POST", "claim", {"nonce": "A" * 43})]  # fmt: skip
    for method, deed, body in deeds:
        answers = set()
        for token in tokens:
            stranger = await hall.visitor(facts)
            headers = {b"frontrow-place": token.encode()}
            answer = await stranger.client.request(method, f"{visitor.path}/{deed}", json=body, headers=headers)
            answers.add((answer.status_code, answer.text, tuple(sorted(answer.headers))))
        assert len(answers) == 1, (deed, answers)
        assert next(iter(answers))[0] == 404
    for number in ("0", "999999", "abc", "-1", "1e9", "99999999999999999999", "%00"):
        assert (await visitor.client.get(f"/api/v1/rooms/{number}/places/mine")).status_code in (400, 404)


async def test_t33_no_credential_is_in_an_address_or_a_log(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    """Through join, claim and the forms: no redirect, no link and no log line carries a token, secret, nonce or digits."""
    visitor = await called(hall)
    nonce = await visitor.nonce()
    claimed = await visitor.client.post(f"{visitor.path}/claim", json=visitor.signed(nonce))
    left = await visitor.client.post(f"/rooms/{visitor.facts.slug}/leave", data={"to": str(hall.show_id)})
    assert left.status_code == 303
    told = claimed.json()["go"] + left.headers["location"] + "".join(capsys.readouterr())
    for secret in (visitor.client.cookies["fr_visitor"], nonce, visitor.signed(nonce)["signature"], "p1."):
        assert secret not in told
    assert left.headers["location"] == f"/rooms/{visitor.facts.slug}?to={hall.show_id}&said=left"


async def test_t34_a_place_survives_what_browsers_go_through(hall: Hall) -> None:
    """Refresh, twenty minutes closed, another network, a lost cookie with the same key, a laptop with the same address."""
    facts = await hall.room()
    phone = await hall.visitor(facts)
    index = (await phone.join_by_mail(EMAIL)).json()["index"]
    assert (await phone.mine()).json()["index"] == index
    moved = await hall.visitor(facts, address="198.51.100.9")
    moved.client.cookies.update(phone.client.cookies)
    assert (await moved.mine()).json()["index"] == index
    laptop = await hall.visitor(facts, address="192.0.2.8")
    assert (await laptop.join_by_mail(EMAIL)).json()["index"] == index
    device = await hall.visitor(facts)
    second = (await device.join()).json()["index"]
    forgot = await hall.visitor(facts)
    forgot.key = device.key
    assert (await forgot.join()).json()["index"] == second


async def test_t36_who_missed_their_turn_may_come_once_more(hall: Hall) -> None:
    """The place says so itself: lapsed, with one re-entry; what happens after that is the line's rule."""
    visitor = await called(hall, claim_window_s=30)
    mine = (await visitor.mine()).json()
    assert (mine["state"], mine["reentry"], mine["drawn"]) == ("called", False, False)
    assert 0 < mine["claim_until_ms"] - now_ms() <= 30_000


async def test_t37_leaving_frees_the_place_at_once(hall: Hall) -> None:
    """The leaver is no longer counted, the cookie is gone, the place can not be used again; joining again is a new one."""
    facts = await hall.room()
    leaver, stayer = await hall.visitor(facts), await hall.visitor(facts)
    index = (await leaver.join()).json()["index"]
    await stayer.join()
    token = leaver.place
    assert (await leaver.client.post(f"{leaver.path}/leave")).status_code == 204
    from server.rooms.plan import room_key

    state = await hall.desk.line.read(room_key(facts))
    assert state is not None and (state.next, state.left) == (2, 1)
    assert f"fr_place_{facts.room_id}" not in leaver.client.cookies
    again = await leaver.client.post(
        f"{leaver.path}/places", json={"key": leaver.point}, headers={"frontrow-place": token}
    )
    assert again.json().get("code") == "challenge_required" or again.json()["index"] != index


async def test_t45_without_postgres_people_join_wait_and_claim(hall: Hall) -> None:
    """The database is away: joining, one's place, the nonce, the claim and the hold go on."""
    visitor = await called(hall)
    await hall.server.services.database.close()
    late = await hall.visitor(visitor.facts)
    assert (await late.join()).status_code == 201
    assert (await late.mine()).json()["position"] == 1
    assert (await visitor.claim()).status_code == 200
    assert isinstance(await hold(visitor, 0), Held)
    await hall.server.services.database.open()


async def test_t48_no_pass_no_seats_however_the_path_is_written(hall: Hall) -> None:
    """The hold itself is refused without a pass; no spelling of the seat page's address shows it."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    assert await hold(visitor, 0) == Refused("pass_required")
    for path in ("", "/", "//", "/.", "?x=1", "%2f", ";a"):
        for method in ("GET", "HEAD"):
            answer = await visitor.client.request(method, f"/shows/{hall.show_id}{path}")
            assert answer.status_code != 200, (method, path)
    for path in (f"/SHOWS/{hall.show_id}", f"/shows/0{hall.show_id}"):
        answer = await visitor.client.get(path)
        assert answer.status_code != 200, path


async def test_a_pass_leads_to_the_seats_and_no_pass_to_the_room(hall: Hall) -> None:
    """Without a pass the seat page sends to the room, with the way back; with one it is shown; a closed room is no door."""
    visitor = await called(hall)
    sent = await visitor.client.get(f"/shows/{hall.show_id}")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/rooms/{visitor.facts.slug}?to={hall.show_id}")
    assert sent.headers["cache-control"] == "private, no-store"
    assert (await visitor.claim()).status_code == 200
    assert (await visitor.client.get(f"/shows/{hall.show_id}")).status_code == 200


async def test_forms_do_the_same_deeds_without_scripts(hall: Hall) -> None:
    """Join by mail, notify, claim and leave with forms alone; each answer leads back to the page or to the seats."""
    draws_ms = now_ms() + 3000
    facts = await hall.room(draws_ms=draws_ms)
    visitor = await hall.visitor(facts, device=False)
    post = visitor.client.post
    base = f"/rooms/{facts.slug}"
    asked = await post(f"{base}/join", data={"method": "email", "email": EMAIL, "to": str(hall.show_id)})
    assert asked.headers["location"] == f"{base}?to={hall.show_id}&said=email_code"
    services = hall.server.services
    digest = services.places.identities.digest(facts.room_id, "email", mailbox(EMAIL))
    code = services.email_codes.code(facts.room_id, digest, now_ms() // 1000)
    joined = await post(f"{base}/join", data={"method": "email", "email": EMAIL, "email_code": code})
    assert (joined.status_code, joined.headers["location"]) == (303, base), joined.text
    noted = await post(f"{base}/notify", data={"email": EMAIL})
    assert noted.headers["location"] == f"{base}?said=notify"
    assert (await visitor.mine()).json()["email"] == "a…@m…"
    early = await post(f"{base}/claim", data={})
    assert early.headers["location"] == f"{base}?said=not_called"
    await until(draws_ms)
    await hall.drawn(facts)
    await hall.call(facts, 1)
    claimed = await post(f"{base}/claim", data={"to": str(hall.show_id)})
    assert claimed.headers["location"] == f"/shows/{hall.show_id}"
    assert isinstance(await hold(visitor, 0), Held)
    many = await post(
        f"{base}/join",
        content="&".join(f"a{n}=1" for n in range(60)),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert many.status_code == 400
    assert (await post("/rooms/nowhere/join", data={})).status_code == 404


async def test_what_cannot_be_joined_says_why(hall: Hall) -> None:
    """Before the lobby, with a method the room lacks, with a key that is none, without a session: each its own code."""
    facts = await hall.room(opens_lobby_ms=now_ms() + HOUR_MS, draws_ms=now_ms() + 2 * HOUR_MS)
    visitor = await hall.visitor(facts)
    assert code_of(await visitor.join()) == "room_not_open"
    assert code_of(await visitor.join(method="code", access_code="c1.x")) == "method_unavailable"
    assert code_of(await visitor.join(key={"x": "A" * 43, "y": "A" * 43})) == "holder_key_invalid"
    assert code_of(await visitor.join(method="email", email="nobody")) == "email_invalid"
    stranger = hall.server.client()
    answer = await stranger.post(f"{visitor.path}/places", json={"key": visitor.point})
    assert code_of(answer) == "session_missing"
    cross = await visitor.client.post(f"{visitor.path}/leave", headers={"origin": "http://evil.example"})
    assert code_of(cross) == "origin_refused"
    assert isinstance(answer, httpx.Response)


@pytest.mark.parametrize(("fail_open", "status"), [(True, 200), (False, 503)])
async def test_t46_while_the_store_is_away_the_rooms_setting_decides_who_may_look(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, fail_open: bool, status: int
) -> None:
    """Fail open shows the seats, fail closed does not; nobody can hold either way, because holding asks the store itself."""
    facts = await hall.room(fail_open=fail_open)
    visitor = await hall.visitor(facts)
    assert (await visitor.client.get(f"/shows/{hall.show_id}")).status_code == 303

    async def away(*_: object) -> int:
        raise OSError("nobody there")

    monkeypatch.setattr(hall.server.services.redis, "exists", away)
    assert (await visitor.client.get(f"/shows/{hall.show_id}")).status_code == status
    assert await hold(visitor, 0) == Refused("pass_required")
