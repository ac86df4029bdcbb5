"""Place tokens replayed, shared, stolen, forged, and used for what they are not."""

from __future__ import annotations

import base64

from loadtests.attackers.report import Report
from loadtests.attackers.target import Target, held, told


async def replay_and_share(target: Target) -> Report:
    """Take the place of somebody whose turn it is: by their cookie, by their proof, by their consent."""
    report = Report("token replay and sharing")
    (victim,) = await target.called()
    thief = await target.person()
    thief.token = victim.token

    report.add("a copied token with one's own key", told(await thief.claim()), "proof_invalid")
    nonce = await victim.nonce()
    proof = victim.proof(nonce)
    assert (await victim.post("claim", proof)).is_success
    report.add("the owner's proof, a second later", told(await thief.post("claim", proof)), "nonce_spent")
    again = victim.proof(await victim.nonce())
    shared = await thief.post("claim", again)
    report.add("a proof the owner made for a friend", told(shared), "holder_differs", gained=shared.is_success)
    report.add("the friend at the seats", held(await thief.hold(0)), "pass_required")
    by_session = await thief.hold(0, session=victim.session)
    report.add("the owner's session without their key", held(by_session), "pass_unproven")
    own = await victim.claim()
    report.add("the owner asks again", told(own), "", gained=not own.is_success)
    await victim.leave()
    return report


async def forge(target: Target) -> Report:
    """Make a token, change one, or show another artefact where a place is asked for."""
    report = Report("forged tokens")
    (owner,) = await target.people(1)
    assert owner.token is not None
    thief = await target.person()
    for what, token in {
        "one bit of the index changed": _flipped(owner.token, 8),
        "one bit of the signature changed": _flipped(owner.token, 70),
        "no signature": owner.token[:60],
        "algorithm none": "eyJhbGciOiJub25lIn0.eyJpbmRleCI6MH0.",
        "a visitor's session": thief.session,
        "nothing": "",
        "a thousand letters": "p1." + "A" * 1000,
    }.items():
        thief.token = token
        for deed, answer in {
            "mine": await thief.get("places/mine"),
            "nonce": await thief.get("nonce"),
            "claim": await thief.post("claim", thief.proof("A" * 43)),
            "leave": await thief.post("leave", {}),
        }.items():
            report.add(f"{what}, {deed}", told(answer), "place_unknown")
    still = await owner.mine()
    report.add("the owner's place afterwards", "", gained=still["index"] != owner.index)
    await owner.leave()
    return report


def _flipped(token: str, at: int) -> str:
    raw = bytearray(base64.urlsafe_b64decode(token.removeprefix("p1.") + "="))
    raw[at] ^= 1
    return "p1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")
