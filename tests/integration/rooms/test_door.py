"""The bot door over HTTP: work is asked for, spent once, bound to its room and session; everything else is told and contestable."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest

from server.faults import Unavailable
from server.refusals import Refusal
from server.rooms.door import reviews
from server.rooms.door.scores import PatientScores, Scores, Sighting
from server.rooms.facts import RoomFacts
from server.rooms.opening import keep_open
from server.rooms.plan import room_key
from tests.integration.rooms.hall import Hall, Visitor, code_of, now_ms, solve
from waitingroom.challenges import attempts
from waitingroom.challenges.attempts import Allowance
from waitingroom.challenges.price import PLAIN, Price
from waitingroom.challenges.risk import NEUTRAL, Score
from waitingroom.model import Lobby


async def challenge(visitor: Visitor) -> dict[str, Any]:
    """Ask what joining costs."""
    answer = await visitor.client.get(f"{visitor.path}/challenge")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def bare_join(visitor: Visitor, **wish: Any) -> httpx.Response:
    """Join with exactly this, asking nothing first."""
    return await visitor.client.post(f"{visitor.path}/places", json={"method": "device", "key": visitor.point} | wish)


async def paid(visitor: Visitor) -> str:
    return solve((await challenge(visitor))["challenge"])


class Fixed:
    """A model that says one thing."""

    def __init__(self, score: Score) -> None:
        self.score_of_all = score
        self.seen: list[Sighting] = []

    async def score(self, sighting: Sighting) -> Score:
        self.seen.append(sighting)
        return self.score_of_all


class Late:
    async def score(self, _sighting: Sighting) -> Score:
        await asyncio.sleep(60)
        return NEUTRAL


class Broken:
    async def score(self, _sighting: Sighting) -> Score:
        raise Unavailable("no model")


def scored(hall: Hall, scores: Scores) -> None:
    """Let the door ask *scores*."""
    door = hall.server.services.door
    door._parts = replace(door._parts, scores=PatientScores(scores))


async def actions(hall: Hall, facts: RoomFacts) -> list[asyncpg.Record]:
    """Read what the door wrote down."""
    await hall.server.services.door.journal.flush()
    async with hall.server.services.database.tenant(facts.org_id) as connection:
        return list(await connection.fetch("select * from door_actions order by id"))


# ── work ──


async def test_joining_costs_a_little_work(hall: Hall) -> None:
    """Without it the join is asked for it; with it there is a place; and nothing is held against anybody."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    asked = await challenge(visitor)
    assert asked["price"] == "light" and asked["expires_at_ms"] > now_ms()
    refused = await bare_join(visitor)
    assert (refused.status_code, code_of(refused), refused.json()["price"]) == (403, "challenge_required", "light")
    assert (await bare_join(visitor, challenge=solve(asked["challenge"]))).status_code == 201
    assert await actions(hall, facts) == []


async def test_a_solution_is_spent_once_and_its_owner_may_repeat_it(hall: Hall) -> None:
    """Another key with the same solution is refused; the first one, whose answer was lost, has its place."""
    facts = await hall.room()
    visitor, other = await hall.visitor(facts), await hall.visitor(facts)
    solution = await paid(visitor)
    index = (await bare_join(visitor, challenge=solution)).json()["index"]
    other.client.cookies.set("fr_visitor", visitor.client.cookies["fr_visitor"], domain="testserver.local")
    replayed = await bare_join(other, challenge=solution)
    assert (replayed.status_code, code_of(replayed)) == (409, "challenge_spent")
    visitor.client.cookies.delete(f"fr_place_{facts.room_id}")
    again = await bare_join(visitor, challenge=solution)
    assert (again.status_code, again.json()["index"]) == (200, index)


async def test_a_solution_spent_at_once_by_many_is_spent_once(hall: Hall) -> None:
    """Twenty keys show one solution in the same moment: one place."""
    facts = await hall.room()
    farm = [await hall.visitor(facts) for _ in range(9)]
    solution = await paid(farm[0])
    for one in farm[1:]:
        one.client.cookies.set("fr_visitor", farm[0].client.cookies["fr_visitor"], domain="testserver.local")
    answers = await asyncio.gather(*(bare_join(one, challenge=solution) for one in farm))
    assert sorted(answer.status_code for answer in answers) == [201] + 8 * [409]


async def test_a_solution_is_good_for_its_session_and_room_only(hall: Hall) -> None:
    """Work bought elsewhere, or done for somebody else, is worth nothing here."""
    facts = await hall.room()
    visitor, buyer = await hall.visitor(facts), await hall.visitor(facts)
    solution = await paid(visitor)
    assert code_of(await bare_join(buyer, challenge=solution)) == "challenge_invalid"
    elsewhere = await hall.room(slug="another-sale", shows=(), rehearsal_of=facts.room_id)
    there = replace(visitor, facts=elsewhere)
    assert code_of(await bare_join(there, challenge=solution)) == "challenge_invalid"


def tampered(solution: str, **changes: Any) -> str:
    document = json.loads(base64.b64decode(solution))
    parameters = document["challenge"]["parameters"]
    for name, value in changes.items():
        parameters[name] = parameters["data"] | value if name == "data" else value
    return base64.b64encode(json.dumps(document).encode()).decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"expiresAt": 9_999_999_999},
        {"cost": 1},
        {"keyPrefix": ""},
        {"keySignature": "00" * 32},
        {"keySignature": None},
        {"data": {"price": 3}},
        {"data": {"room": 99}},
    ],
)
async def test_a_changed_challenge_is_refused(hall: Hall, changes: dict[str, Any]) -> None:
    """Every word of a challenge is signed."""
    visitor = await hall.visitor(await hall.room())
    assert code_of(await bare_join(visitor, challenge=tampered(await paid(visitor), **changes))) == "challenge_invalid"


@pytest.mark.parametrize(
    "text",
    ["AA==", "{}", "=", "é", "A" * 4_000, base64.b64encode(b'{"challenge":[],"solution":{}}').decode(), "bnVsbA=="],
)
async def test_nonsense_is_refused_and_breaks_nothing(hall: Hall, text: str) -> None:
    """Whatever is sent as a solution, the answer is the same."""
    visitor = await hall.visitor(await hall.room())
    answer = await bare_join(visitor, challenge=text)
    assert answer.status_code == 422, answer.text
    assert code_of(answer) in ("challenge_invalid", "field_invalid")


async def test_an_expired_challenge_is_told_apart(hall: Hall) -> None:
    """Who was too slow is told so, and asks again."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    door, work = hall.server.services.door, PLAIN[Price.LIGHT]
    known = hall.server.services.visitors.read(visitor.client.cookies["fr_visitor"], int(time.time()))
    assert known is not None
    session = door._parts.eyes.digest(facts.room_id, "session", known)
    old = door._parts.work.challenge(
        door._parts.pool.take(work),
        work,
        Price.LIGHT,
        room_id=facts.room_id,
        session=session,
        now_ms=now_ms() - 400_000,
    )
    assert code_of(await bare_join(visitor, challenge=solve(old))) == "challenge_expired"


# ── price ──


async def test_a_program_by_its_own_account_pays_more_and_gets_its_place(hall: Hall) -> None:
    """Dearer, told why, written down; never a closed door."""
    facts = await hall.room()
    program = await hall.visitor(facts)
    light = await paid(program)
    program.client.headers["user-agent"] = "python-requests/2.32"
    refused = await bare_join(program, challenge=light)
    assert (code_of(refused), refused.json()["price"], refused.json()["reason"]) == (
        "challenge_dearer", "firm", "price_by_browser",
    )  # fmt: skip
    answer = await program.join()
    assert answer.status_code == 201, answer.text
    (row,) = await actions(hall, facts)
    assert (row["action"], row["reason"], row["place_index"]) == ("price_raised", "price_by_browser", 0)
    assert row["reasons"][0].startswith("agent_program")


async def test_a_filled_trap_is_dear_and_payable(hall: Hall) -> None:
    """The field nobody sees was filled: the next challenge is as dear as the join will ask."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    trapped = {"hints": {"trap": {"subject": "buy now", "again": ""}}}
    refused = await bare_join(visitor, challenge=await paid(visitor), **trapped)
    assert (code_of(refused), refused.json()["reason"]) == ("challenge_dearer", "trap_filled")
    dear = await challenge(visitor)
    assert dear["price"] == "dear"
    assert (await bare_join(visitor, challenge=solve(dear["challenge"]), **trapped)).status_code == 201


async def test_an_address_needs_no_work_and_letters_are_counted(hall: Hall) -> None:
    """The way without a script: three letters at once to one mailbox, the fourth is told when."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    for _ in range(3):
        assert (await visitor.join(method="email", email="ada@mail.example")).status_code == 202
    refused = await visitor.join(method="email", email="ada@mail.example")
    assert (refused.status_code, code_of(refused)) == (429, "rate_limited")
    assert 100 <= int(refused.headers["retry-after"]) <= 120
    assert (await visitor.join_by_mail("ada@mail.example")).status_code == 201


async def test_nobody_works_while_nobody_waits(hall: Hall) -> None:
    """In passthrough joining is free."""
    visitor = await hall.visitor(await hall.room())
    hall.server.services.door._parts = replace(hall.server.services.door._parts, quiet=lambda _facts: True)
    assert await challenge(visitor) == {"price": "none", "challenge": None, "expires_at_ms": None, "expected_ms": 0}
    assert (await bare_join(visitor)).status_code == 201


# ── rates ──


async def test_haste_is_told_when_and_loses_nothing(hall: Hall) -> None:
    """Eleven joins in a moment: the eleventh waits as long as it is told, and the place stays what it was."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    place = (await visitor.join()).json()["index"]
    token = visitor.client.cookies[f"fr_place_{facts.room_id}"]
    visitor.client.cookies.delete(f"fr_place_{facts.room_id}")
    answers = [await bare_join(visitor) for _ in range(12)]
    refused = answers[-1]
    assert (refused.status_code, code_of(refused)) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 6
    assert refused.json()["retry_after_ms"] <= 6_000
    visitor.client.cookies.set(f"fr_place_{facts.room_id}", token, domain="testserver.local")
    assert (await visitor.mine()).json()["index"] == place
    assert (await visitor.join()).json()["index"] == place, "who has a place is not asked by the door"
    (row,) = await actions(hall, facts)
    assert row["action"] == "rate_limited" and row["times"] >= 2


async def test_t15_minted_identities_of_one_network_are_capped(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """T15, T50: fresh sessions and keys from one /24 get its allowance and no more, whatever X-Forwarded-For says."""
    monkeypatch.setattr(attempts, "JOIN_BY_NETWORK", Allowance("net", 3_600_000, 3))
    facts = await hall.room()
    farm = [await hall.visitor(facts, address=f"8.8.8.{number}") for number in range(6)]
    for number, one in enumerate(farm):
        one.client.headers["x-forwarded-for"] = f"9.9.{number}.9"
    codes = [code_of(answer) if answer.is_error else "" for answer in [await one.join() for one in farm]]
    assert codes == ["", "", "", "rate_limited", "rate_limited", "rate_limited"]
    elsewhere = await hall.visitor(facts, address="1.1.1.1")
    assert (await elsewhere.join()).status_code == 201
    assert (await farm[0].mine()).json()["index"] == 0, "who has a place keeps it"


async def test_a_busy_network_pays_more_before_it_is_refused(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of its allowance in use: two seconds of work for everybody there, told as such and written down."""
    monkeypatch.setattr(attempts, "ASK_BY_NETWORK", Allowance("asknet", 3_600_000, 4))
    facts = await hall.room()
    crowd = [await hall.visitor(facts, address=f"8.8.8.{number}") for number in range(3)]
    assert [(await challenge(one))["price"] for one in crowd] == ["light", "light", "firm"]
    assert (await challenge(await hall.visitor(facts, address="1.1.1.1")))["price"] == "light"
    (row,) = await actions(hall, facts)
    assert (row["action"], row["reason"]) == ("price_raised", "price_by_network")


# ── scores ──


@pytest.mark.parametrize("scores", [Late(), Broken()])
async def test_t44_without_scores_everybody_is_neutral(hall: Hall, scores: Scores) -> None:
    """T44: the model is late or broken: the join is as if there were none."""
    scored(hall, scores)
    visitor = await hall.visitor(await hall.room())
    assert (await visitor.join()).status_code == 201


async def test_a_scorer_sees_digests_only(hall: Hall) -> None:
    """No address, no e-mail, no visitor's number is in what a model is shown."""
    scorer = Fixed(NEUTRAL)
    scored(hall, scorer)
    visitor = await hall.visitor(await hall.room(), address="8.8.8.8")
    await visitor.join()
    (sighting,) = scorer.seen
    assert visitor.number not in repr((sighting.session, sighting.network)) and "8.8.8" not in str(sighting.network)
    assert sighting.solved_ms is not None and sighting.solved_ms >= 0


async def test_a_second_step_is_an_address(hall: Hall) -> None:
    """A score asks for more than work: who confirms an address has a place."""
    scored(hall, Fixed(Score(1.0, "m1", ("burst",), second_step=True)))
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    assert code_of(await visitor.join()) == "second_step_required"
    assert (await visitor.join_by_mail("ada@mail.example")).status_code == 201
    assert [row["action"] for row in await actions(hall, facts)] == ["second_step"]


# ── contests ──


async def lowered(hall: Hall, **changes: Any) -> Visitor:
    """Return somebody in the lobby whom a score put behind everybody."""
    facts = await hall.room(**changes)
    scored(hall, Fixed(Score(1.0, "m1", ("burst of joins",), tiers_down=1)))
    visitor = await hall.visitor(facts)
    assert (await visitor.join()).json()["tier"] == 5
    scored(hall, Fixed(NEUTRAL))
    await hall.server.services.door.journal.flush()
    return visitor


async def contest(visitor: Visitor, text: str = "It is me") -> httpx.Response:
    return await visitor.client.post(f"{visitor.path}/contest", json={"text": text})


async def tier_in_the_draw(hall: Hall, visitor: Visitor) -> int:
    """Read what the draw would read."""
    from waitingroom.keys import bucket_key, bucket_of

    digest = hall.server.services.places.read(visitor.place, visitor.facts)
    assert digest is not None
    bucket, field = bucket_of(digest.identity)
    name = bucket_key(room_key(visitor.facts), bucket)
    value: bytes = await hall.server.services.redis.execute_command("HGET", name, field)  # type: ignore[no-untyped-call]
    return int(value) % 8


async def test_a_contest_gives_the_tier_back_at_once_and_puts_a_person_before_the_claim(hall: Hall) -> None:
    """While waiting: the draw goes as if nothing had been done, the claim waits for a reviewer, the place is kept."""
    visitor = await lowered(hall)
    assert await tier_in_the_draw(hall, visitor) == 5
    told = (await visitor.client.get(f"{visitor.path}/contest")).json()
    assert [(one["action"], one["reason"]) for one in told["actions"]] == [("tier_lowered", "score")]
    answer = (await contest(visitor)).json()
    assert (answer["review"], answer["held"]) == ("open", True)
    assert await tier_in_the_draw(hall, visitor) == 4
    assert (await visitor.mine()).json()["review"] == "open"
    door = hall.server.services.door
    assert await door.may_claim(visitor.facts, 0) == Refusal(
        "held_for_review", {"since_ms": (await door.marks.read(visitor.facts, 0)).held_ms}
    )


async def test_an_overturned_verdict_leaves_nothing_behind(hall: Hall) -> None:
    """Tier and claim are what they would have been; the reviewer saw findings and text, and nobody's name."""
    visitor = await lowered(hall)
    await contest(visitor, "I only have one mailbox")
    services = hall.server.services
    (case,) = await reviews.open_contests(services, hall.who.org_id, visitor.facts.room_id)
    assert case.text == "I only have one mailbox"
    assert [(one.action, one.tier_was, one.tier_became, one.model) for one in case.actions] == [
        ("tier_lowered", 4, 5, "m1")
    ]
    for _ in range(2):  # a reviewer whose answer was lost asks again
        decided = await reviews.overturn(services, hall.who, hall.who.org_id, case.contest_id, "clearly a person")
        assert isinstance(decided, reviews.Decided) and "tier" in decided.effects
    assert await tier_in_the_draw(hall, visitor) == 4
    assert await services.door.may_claim(visitor.facts, 0) is None
    assert (await visitor.mine()).json()["review"] == "restored"
    counts = await reviews.abuse(services, hall.who.org_id, visitor.facts.room_id)
    assert (counts.lower_tier, counts.overturned, counts.contests_open) == (1, 1, 0)
    assert counts.median_review_s is not None and counts.median_review_s >= 0


async def test_an_upheld_verdict_lowers_the_tier_again_while_there_is_time(hall: Hall) -> None:
    """Before the draw the reviewer's word restores what the machine did, and frees the claim."""
    visitor = await lowered(hall)
    await contest(visitor)
    services = hall.server.services
    (case,) = await reviews.open_contests(services, hall.who.org_id)
    decided = await reviews.uphold(services, hall.who, hall.who.org_id, case.contest_id, "same script as the others")
    assert decided == reviews.Decided(case.contest_id, "upheld", ("tier",))
    assert await tier_in_the_draw(hall, visitor) == 5
    assert await services.door.may_claim(visitor.facts, 0) is None
    assert code_of(
        await visitor.client.post(f"{visitor.path}/contest", json={"text": "x" * 2_000})
    ) == "field_invalid"  # fmt: skip
    assert (await contest(visitor)).json()["review"] == "upheld", "a person has the last word"
    other = await reviews.overturn(services, hall.who, hall.who.org_id, case.contest_id)
    assert other == Refusal("contest_decided", {"verdict": "upheld"})


async def test_a_held_place_keeps_its_turn(hall: Hall) -> None:
    """Held at the claim for review: told so, and the position is there when the reviewer frees it."""
    facts = await hall.room(draws_ms=now_ms() + 1_500)
    scored(hall, Fixed(Score(1.0, "m1", ("shared payment",), hold=True)))
    visitor = await hall.visitor(facts)
    assert (await visitor.join()).status_code == 201
    await asyncio.sleep(max(0, facts.draws_ms - now_ms() + 20) / 1000)
    await hall.drawn(facts)
    await hall.call(facts, 1)
    held = await visitor.claim()
    assert (held.status_code, code_of(held)) == (403, "held_for_review")
    await contest(visitor)
    (case,) = await reviews.open_contests(hall.server.services, hall.who.org_id)
    await reviews.overturn(hall.server.services, hall.who, hall.who.org_id, case.contest_id)
    assert (await visitor.claim()).status_code == 200


async def test_who_was_not_acted_upon_has_nothing_to_contest(hall: Hall) -> None:
    """A queue of people is not filled with nothing; a stranger's contest is no place's."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    assert code_of(await contest(visitor)) == "place_unknown"
    await visitor.join()
    assert code_of(await contest(visitor)) == "nothing_to_contest"
    assert (await visitor.client.get(f"{visitor.path}/contest")).json() == {
        "review": None, "held": False, "actions": [],
    }  # fmt: skip


async def test_contesting_again_is_one_contest(hall: Hall) -> None:
    """The newest text stands; the fourth try in a minute is told when."""
    visitor = await lowered(hall)
    for text in ("one", "two", "three"):
        assert (await contest(visitor, text)).status_code == 200
    assert code_of(await contest(visitor, "four")) == "rate_limited"
    (case,) = await reviews.open_contests(hall.server.services, hall.who.org_id)
    assert case.text == "three"


async def test_another_organisation_sees_no_contest(hall: Hall) -> None:
    """Reviews belong to their organisation."""
    visitor = await lowered(hall)
    await contest(visitor)
    services = hall.server.services
    (case,) = await reviews.open_contests(services, hall.who.org_id)
    stranger = await hall.server.organisation("other")
    assert await reviews.open_contests(services, stranger) == []
    assert await reviews.overturn(services, hall.who, stranger, case.contest_id) == Refusal("contest_unknown")


async def test_a_contested_tier_is_drawn_as_if_nothing_had_been_done(hall: Hall) -> None:
    """The lobby's list, as the draw reads it, has the tier the person came with."""
    visitor = await lowered(hall, draws_ms=now_ms() + 2_500)
    await contest(visitor)
    await asyncio.sleep(max(0, visitor.facts.draws_ms - now_ms() + 20) / 1000)
    lobby = await hall.desk.line.read_lobby(room_key(visitor.facts))
    assert isinstance(lobby, Lobby) and list(lobby.tiers) == [4]


async def test_a_reviewer_may_hold_a_place(hall: Hall) -> None:
    """By hand: the claim waits, the place is told, and it can be contested."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    await visitor.join()
    services = hall.server.services
    assert await reviews.hold(services, hall.who, hall.who.org_id, facts.room_id, 0, "ten alike", now_ms()) is None
    told = (await visitor.client.get(f"{visitor.path}/contest")).json()
    assert (told["held"], [one["reason"] for one in told["actions"]]) == (True, ["reviewer"])
    assert (await contest(visitor)).json()["review"] == "open"


async def test_a_lost_store_forgets_no_hold_and_no_verdict(hall: Hall) -> None:
    """What stands against a place, and what was decided, is in the books: rebuilt with the room, before anybody can claim."""
    first = await lowered(hall)
    services, facts, who = hall.server.services, first.facts, hall.who
    others = [await hall.visitor(facts) for _ in range(4)]
    for other in others:
        await other.join()
    held, open_, upheld, restored = range(1, 5)
    for index in (held, open_, upheld, restored):
        assert await reviews.hold(services, who, who.org_id, facts.room_id, index, "ten alike", now_ms()) is None
    for visitor in (first, *others[1:]):
        assert (await contest(visitor)).status_code == 200
    cases = {case.opened_ms: case for case in await reviews.open_contests(services, who.org_id, facts.room_id)}
    _, _, third, fourth = [cases[at].contest_id for at in sorted(cases)]
    await reviews.uphold(services, who, who.org_id, third)
    await reviews.overturn(services, who, who.org_id, fourth)
    marks = services.door.marks
    before = [await marks.read(facts, index) for index in range(5)]
    assert [mark.review for mark in before] == ["open", None, "open", "upheld", "restored"]
    await services.redis.flushall()
    assert await keep_open(services, facts) is None
    after = [await marks.read(facts, index) for index in range(5)]
    assert [(mark.review, mark.lowered) for mark in after] == [(mark.review, mark.lowered) for mark in before]
    assert [mark.held_ms is None for mark in after] == [mark.held_ms is None for mark in before]
    assert [await services.door.may_claim(facts, index) is None for index in range(5)] == [False] * 4 + [True]
