"""Holding seats through the socket, against the real store."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import numpy as np
import pytest

from seatmap.inventory.model import Held, HoldRequest, Refused, SalePhase, ShowKey
from server.visitor import LIFETIME_S
from tests.integration.realtime.client import Client
from tests.integration.realtime.house import ADULT, CHILD, House


async def test_a_click_holds_the_seat_and_everybody_sees_it(house: House, live: str) -> None:
    """The answer has the locked price and the end; another viewer's picture changes."""
    async with Client(live, session=house.token()) as buyer, Client(live) as viewer:
        assert (await buyer.join())["hold"] is None
        await viewer.join()
        answer = await buyer.command("hold", seats=[[5, ADULT], [6, CHILD]])
        assert answer["t"] == "held"
        hold = answer["hold"]
        assert [(seat["k"], seat["type"]) for seat in hold["seats"]] == [(5, ADULT), (6, CHILD)]
        assert hold["total"] == sum(seat["amount"] for seat in hold["seats"]) > 0
        assert hold["extendable"]
        await viewer.until(lambda: viewer.picture.states[5] == viewer.picture.states[6] == 1)
        assert viewer.gaps == 0
        assert "hold" not in {message["t"] for message in viewer.messages}, "a hold is its visitor's business"


async def test_twenty_seats_and_a_thousand_wishes(house: House, live: str) -> None:
    """Of many who want the same seat exactly one gets it, and everybody is answered."""
    buyers = [Client(live, session=house.token()) for _ in range(40)]
    try:
        for buyer in buyers:
            await buyer.open()
            await buyer.join()
        answers = await asyncio.gather(*(buyer.command("hold", seats=[[9, ADULT]]) for buyer in buyers))
        assert sorted(answer["t"] for answer in answers) == ["held"] + ["refused"] * 39
        assert {answer["code"] for answer in answers if answer["t"] == "refused"} == {"seat_taken"}
    finally:
        for buyer in buyers:
            await buyer.close()


async def test_parties_that_come_together_are_sent_to_different_seats(
    house: House, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Picks of the same moment avoid each other: every party asks the store once and gets its seats at the first try."""
    asked: list[tuple[int, ...]] = []
    hold = house.inventory.hold

    async def noted(key: ShowKey, visitor: str, request: HoldRequest, command_id: str) -> Held | Refused:
        asked.append(tuple(k for k, _ in request.seats))
        return await hold(key, visitor, request, command_id)

    monkeypatch.setattr(house.inventory, "hold", noted)
    buyers = [Client(live, session=house.token()) for _ in range(40)]
    try:
        for buyer in buyers:
            await buyer.open()
            await buyer.join()
        answers = await asyncio.gather(*(buyer.command("best", types=[[ADULT, 2]]) for buyer in buyers))
        assert {answer["t"] for answer in answers} == {"held"}
        assert len(asked) == 40
        assert len({k for seats in asked for k in seats}) == 80
    finally:
        for buyer in buyers:
            await buyer.close()


async def test_the_last_seats_are_offered_though_somebody_is_being_given_them(house: House, live: str) -> None:
    """When nothing else is left the next party is not sent away on a guess: the store decides."""
    free = [k for k in range(house.facts.chart.n) if k > 1]
    for start in range(0, len(free), 20):
        seats = tuple((k, ADULT) for k in free[start : start + 20])
        await house.inventory.hold(house.facts.key, f"crowd-{start:010}", HoldRequest(seats, accessible=True), "x")
    async with Client(live, session=house.token()) as one, Client(live, session=house.token()) as two:
        await one.join()
        await two.join()
        answers = await asyncio.gather(*(buyer.command("best", types=[[ADULT, 2]]) for buyer in (one, two)))
        assert sorted(answer["t"] for answer in answers) == ["held", "refused"]
        assert next(answer["code"] for answer in answers if answer["t"] == "refused") in (
            "seat_taken",
            "no_seats_together",
        )


async def test_a_hold_is_released_and_extended(house: House, live: str) -> None:
    """Parts and all of a hold are given back; more time is given once."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        first = (await buyer.command("hold", seats=[[0, ADULT], [1, ADULT], [2, ADULT]]))["hold"]
        longer = (await buyer.command("extend"))["hold"]
        assert longer["expires_at_ms"] > first["expires_at_ms"]
        assert not longer["extendable"]
        assert (await buyer.command("extend"))["code"] == "already_extended"
        left = (await buyer.command("release", seats=[1]))["hold"]
        assert [seat["k"] for seat in left["seats"]] == [0, 2]
        assert (await buyer.command("release", all=True))["hold"] is None
        assert (await buyer.command("extend"))["code"] == "hold_gone"
        assert (await buyer.command("release"))["code"] == "empty_hold"


async def test_the_same_id_gets_the_same_answer(house: House, live: str) -> None:
    """A command repeated after a lost connection is not done twice."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        first = await buyer.command("hold", id="once", seats=[[0, ADULT]])
        await buyer.command("release", all=True)
        again = await buyer.command("hold", id="once", seats=[[0, ADULT]])
        assert again["hold"]["seats"] == first["hold"]["seats"]
        assert await house.inventory.read_hold(house.facts.key, _visitor(house, buyer)) is None


async def test_other_tabs_are_told(house: House, live: str) -> None:
    """A hold made in one tab appears in the other, but not a second time in its own."""
    token = house.token()
    async with Client(live, session=token) as one, Client(live, session=token) as other:
        await one.join()
        await other.join()
        await one.command("hold", seats=[[0, ADULT]])
        told = await other.until(lambda: next((m for m in other.messages if m["t"] == "hold"), None))
        assert (told["cause"], [seat["k"] for seat in told["hold"]["seats"]]) == ("held", [0])
        await one.until(lambda: one.picture.states[0] == 1)
        assert [m["t"] for m in one.messages] == ["joined", "held"]


async def test_a_hold_survives_the_socket(house: House, live: str) -> None:
    """Who comes back with the same session has the same hold."""
    token = house.token()
    async with Client(live, session=token) as before:
        await before.join()
        await before.command("hold", seats=[[0, ADULT]])
    async with Client(live, session=token) as after:
        joined = await after.join()
        assert [seat["k"] for seat in joined["hold"]["seats"]] == [0]


async def test_payment_and_sale_are_pushed(house: House, live: str) -> None:
    """What happens to the hold elsewhere arrives with its cause."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        hold = (await buyer.command("hold", seats=[[0, ADULT]]))["hold"]
        visitor = _visitor(house, buyer)
        await house.inventory.begin_payment(house.facts.key, visitor, hold["hold_id"], 77, 2**42)
        paying = await buyer.heard("hold", after=0)
        assert (paying["cause"], paying["hold"]["state"]) == ("paying", "paying")
        assert (await buyer.command("release", all=True))["code"] == "hold_paying"
        await house.inventory.sell(house.facts.key, 77, hold["hold_id"])
        sold = await buyer.until(lambda: next((m for m in buyer.messages if m.get("cause") == "sold"), None))
        assert sold["hold"] is None
        await buyer.until(lambda: buyer.picture.states[0] == 2)


async def test_best_seats_are_picked_and_held(house: House, live: str) -> None:
    """A party asks for seats, not for numbers."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        answer = await buyer.command("best", types=[[ADULT, 2], [CHILD, 1]])
        assert answer["t"] == "held"
        assert sorted(seat["type"] for seat in answer["hold"]["seats"]) == [ADULT, ADULT, CHILD]


async def test_a_pick_on_an_old_picture_is_tried_again(house: House, live: str) -> None:
    """When somebody was faster than the feed, the next best seats are claimed."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        key, rivals = (
            house.facts.key,
            [house.inventory.hold(house.facts.key, f"r{n:015}", HoldRequest(((n, ADULT),)), "x") for n in range(3)],
        )
        asking = asyncio.create_task(buyer.command("best", types=[[ADULT, 1]]))
        await asyncio.gather(*rivals)
        answer = await asking
        assert answer["t"] == "held"
        snapshot = await house.inventory.read(key)
        assert snapshot is not None


async def test_what_is_refused_says_why(house: House, live: str) -> None:
    """Unknown, doubled, unsold and too many seats have their own codes, and nothing is held."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        n = house.facts.chart.n
        for seats, code in [
            ([[n, ADULT]], "seat_unknown"),
            ([[0, ADULT], [0, ADULT]], "duplicate_seat"),
            ([[0, 99]], "type_not_sold"),
            ([[k, ADULT] for k in range(21)], "too_many_seats"),
            ([], "empty_hold"),
        ]:
            answer = await buyer.command("hold", seats=seats)
            assert answer.get("code") == code, (seats, answer)
        assert (await buyer.command("hold", areas=[[0, ADULT, 1]]))["code"] == "area_unknown"


@pytest.mark.parametrize(
    ("phase", "code"),
    [(SalePhase(opens_at_ms=2**42), "sale_not_open"), (SalePhase(closes_at_ms=1), "sale_closed")],
)
async def test_nothing_is_held_outside_the_sale(house: House, live: str, phase: SalePhase, code: str) -> None:
    """Before the sale and after it everybody may look, and every way of holding is refused by the store itself."""
    await house.inventory.set_phase(house.facts.key, phase)
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["code"] == code
        assert (await buyer.command("best", types=[[ADULT, 2]]))["code"] == code
    snapshot = await house.inventory.read(house.facts.key)
    assert snapshot is not None
    assert not any(snapshot.seats)


async def test_commands_need_a_visitor_and_a_show(house: House, live: str) -> None:
    """Without a session, with a forged one, before joining: each has its code."""
    async with Client(live) as nobody:
        assert (await nobody.command("hold", seats=[[1, ADULT]]))["code"] == "not_joined"
        await nobody.join()
        assert (await nobody.command("hold", seats=[[1, ADULT]]))["code"] == "session_missing"
    forged = house.token()[:-2] + "AA"
    async with Client(live, session=forged) as thief:
        await thief.join()
        assert (await thief.command("hold", seats=[[1, ADULT]]))["code"] == "session_expired"


async def test_a_session_a_day_old_is_over(house: House, live: str) -> None:
    """A token that was kept for longer than it lives looks on and holds nothing."""
    old = house.visitors.issue(int(time.time()) - LIFETIME_S - 1)
    async with Client(live, session=old) as late:
        assert (await late.join())["hold"] is None
        assert (await late.command("hold", seats=[[1, ADULT]]))["code"] == "session_expired"


async def test_replaying_anothers_commands_gains_nothing(house: House, live: str) -> None:
    """Who repeats the very words of another buyer, ids included, neither sees nor moves nor frees what is theirs."""
    async with Client(live, session=house.token()) as buyer, Client(live, session=house.token()) as thief:
        await buyer.join()
        await thief.join()
        theirs = (await buyer.command("hold", id="c1", seats=[[0, ADULT], [1, ADULT]]))["hold"]
        assert (await thief.command("hold", id="c1", seats=[[0, ADULT], [1, ADULT]]))["code"] == "seat_taken"
        assert (await thief.command("release", id="c2", all=True))["hold"] is None, (
            "there is nothing of theirs to give back"
        )
        assert (await thief.command("extend", id="c3"))["code"] == "hold_gone"
        hold = await house.inventory.read_hold(house.facts.key, _visitor(house, buyer))
        assert hold is not None
        assert (hold.hold_id, len(hold.seats)) == (theirs["hold_id"], 2)
        assert await house.inventory.read_hold(house.facts.key, _visitor(house, thief)) is None


async def test_a_cookie_counts_only_on_our_own_pages(house: House, live: str) -> None:
    """A page of another host may look, but not buy with the visitor's cookie."""
    for origin, outcome in [
        ("http://127.0.0.1:8000", "held"),
        ("http://evil.example", "origin_refused"),
        (None, "held"),
    ]:
        client = Client(live)
        client.headers["Cookie"] = f"fr_visitor={house.token()}"
        client.origin = origin
        async with client:
            await client.join()
            answer = await client.command("hold", seats=[[11, ADULT]])
            assert answer.get("code", answer["t"]) == outcome
            await client.command("release", all=True)


def _visitor(house: House, client: Client) -> str:
    assert client.session is not None
    visitor = house.visitors.read(client.session, int(time.time()))
    assert visitor is not None
    return visitor


async def test_a_pick_that_strands_a_single_seat_is_explained(house: House, live: str) -> None:
    """The second seat from the aisle is refused with the seat it would strand and the shifted pick; the visitor's own neighbour is not stranded."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        refused = await buyer.command("hold", seats=[[1, ADULT]])
        assert (refused["code"], refused["seats"]) == ("stranded_single", [0])
        [offer] = refused["offers"]
        assert (await buyer.command("hold", seats=offer["seats"]))["t"] == "held"
        [taken] = [k for k, _ in offer["seats"]]
        assert (await buyer.command("hold", seats=[[taken + 2, ADULT]]))["t"] == "held", (
            "the gap is between their own seats"
        )


async def test_refused_seats_come_with_equivalents(house: House, live: str) -> None:
    """Whoever was too late is offered three other choices of the same size, free at this moment and holdable as they are."""
    async with Client(live, session=house.token()) as quick, Client(live, session=house.token()) as late:
        await quick.join()
        await late.join()
        wanted = [[0, ADULT], [1, CHILD]]
        await quick.command("hold", seats=wanted)
        refused = await late.command("hold", seats=wanted)
        assert (refused["code"], refused["seats"]) == ("seat_taken", [0, 1])
        assert len(refused["offers"]) == 3
        for offer in refused["offers"]:
            assert offer["pieces"] == 1
            assert [type_id for _, type_id in offer["seats"]] == [ADULT, CHILD]
            assert not {k for k, _ in offer["seats"]} & {0, 1}
        held = await late.command("hold", seats=refused["offers"][0]["seats"])
        assert held["hold"]["total"] == refused["offers"][0]["total"]


async def test_what_is_offered_to_one_after_another_can_be_held(house: House, live: str) -> None:
    """Each takes another of the three: what the ones before took never makes an offer strand a seat, and be refused for that."""
    async with AsyncExitStack() as stack:
        viewer = await stack.enter_async_context(Client(live))
        await viewer.join()
        for number in range(16):
            late = await stack.enter_async_context(Client(live, session=house.token()))
            await late.join()
            answer = await late.command("hold", seats=[[2, ADULT]])
            if number:
                assert (answer["code"], len(answer["offers"])) == ("seat_taken", 3)
                answer = await late.command("hold", seats=answer["offers"][number % 3]["seats"])
            assert answer["t"] == "held", (number, answer)
            taken = [seat["k"] for seat in answer["hold"]["seats"]]
            await viewer.until(lambda taken=taken: all(viewer.picture.states[k] == 1 for k in taken))


async def test_a_party_is_never_split_unasked(house: House, live: str) -> None:
    """A party longer than any row is refused, with seats apart as an offer that says so."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        index_run = max(int(count) for count in np.bincount(house.facts.chart.run[house.facts.chart.run >= 0]))
        answer = await buyer.command("best", types=[[ADULT, index_run + 1]])
        assert answer["code"] == "no_seats_together"
        assert answer["offers"]
        assert all(offer["pieces"] > 1 for offer in answer["offers"])


async def test_best_seats_narrow_to_what_was_asked(house: House, live: str) -> None:
    """Categories and sections are obeyed; a type that is not sold there is named."""
    chart = house.facts.chart
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        last = len(chart.categories) - 1
        answer = await buyer.command("best", types=[[ADULT, 2]], categories=[last])
        assert {int(chart.category[seat["k"]]) for seat in answer["hold"]["seats"]} == {last}
        assert (await buyer.command("best", types=[[99, 1]]))["code"] == "type_not_sold"


async def test_wheelchair_spaces_go_to_those_who_ask(house: House, live: str) -> None:
    """Picking a space by hand needs the declaration; best available seats the companion beside it."""
    chart = house.facts.chart
    space = next(iter(chart.companions))
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        refused = await buyer.command("hold", seats=[[space, ADULT]])
        assert (refused["code"], refused["seats"]) == ("seat_reserved_accessible", [space])
        kept = {*chart.companions, *(k for seats in chart.companions.values() for k in seats)}
        offered = {k for offer in refused["offers"] for k, _ in offer["seats"]}
        assert len(offered) == 3
        assert not offered & kept
        assert (await buyer.command("hold", seats=[[space, ADULT]], accessible=True))["t"] == "held"
        await buyer.command("release", all=True)
        answer = await buyer.command("best", types=[[ADULT, 2]], accessible=1)
        assert any(seat["k"] in chart.companions for seat in answer["hold"]["seats"])


async def test_a_lost_wheelchair_space_is_made_up_with_another(house: House, live: str) -> None:
    """Who needs a space and was too late for it is offered spaces, and takes one as it is offered."""
    space = next(iter(house.facts.chart.companions))
    async with Client(live, session=house.token()) as quick, Client(live, session=house.token()) as late:
        await quick.join()
        await late.join()
        await quick.command("hold", seats=[[space, ADULT]], accessible=True)
        refused = await late.command("hold", seats=[[space, ADULT]], accessible=True)
        assert refused["code"] == "seat_taken"
        assert refused["offers"]
        assert all(offer["seats"][0][0] in house.facts.chart.companions for offer in refused["offers"])
        held = await late.command("hold", seats=refused["offers"][0]["seats"], accessible=True)
        assert held["t"] == "held"
