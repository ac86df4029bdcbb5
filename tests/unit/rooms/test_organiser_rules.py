"""The rules of the organiser's side: what a new room starts from, what is wrong with a form, what a checklist says, what a figure means."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.catalog.facts import Category, Show, Venue
from server.faults import Unavailable
from server.rooms.inputs import NewRoom, times_contradict
from server.rooms.organiser.checklist import Facts, checklist, sell_out_minutes
from server.rooms.organiser.defaults import CAP_MIN, RATE_MAX, RATE_MIN, pace_for, propose
from server.rooms.organiser.figures import FLOW_MS, FLOW_STEPS, Flow, actions_of
from server.rooms.organiser.form import FormErrors, proposed_fields, read_form
from server.rooms.organiser.watch import Gone, Watches
from server.templating import words
from waitingroom.model import LineState, Phase, RoomPlan
from waitingroom.rules.phases import REACHABLE

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
VENUE = Venue(1, "Hall", "", "Berlin", "", "de", None, None, "Europe/Berlin")


def show(number: int = 1, *, capacity: int = 1239, opens: datetime = NOW + timedelta(days=1)) -> Show:
    return Show(
        show_id=number, label="", state="on_sale", starts_at=NOW + timedelta(days=30), doors_at=None, ends_at=None,
        sale_opens_at=opens, sale_closes_at=NOW + timedelta(days=30), hold_s=None, extension_s=None, per_order_max=8,
        per_visitor_max=8, chart_id=1, chart_rev=1, price_version=1, venue=VENUE,
        categories=(Category(0, "Stalls", "#000000", capacity),), prices={}, quotas=(),
    )  # fmt: skip


# Defaults.


def test_a_new_room_draws_when_the_sale_opens() -> None:
    """The draw is the second the first show goes on sale, the lobby opens half an hour before, and the room ends with the sale."""
    later = show(2, opens=NOW + timedelta(days=2))
    proposal = propose([later, show()], NOW)
    assert proposal.draws_at == NOW + timedelta(days=1)
    assert proposal.draws_at - proposal.lobby_opens_at == timedelta(minutes=30)
    assert proposal.closes_at == NOW + timedelta(days=30)


def test_a_running_sale_gets_a_lobby_that_can_still_be_reached() -> None:
    """When the sale is open already, everybody who comes within the next minutes has the same chance."""
    proposal = propose([show(opens=NOW - timedelta(hours=1))], NOW)
    assert timedelta(minutes=5) <= proposal.draws_at - NOW <= timedelta(minutes=10)
    assert proposal.lobby_opens_at <= NOW < proposal.draws_at


@given(places=st.integers(1, 200_000))
def test_the_proposed_pace_is_one_a_house_can_live_with(places: int) -> None:
    """Rate and cap stay within what a person can steer, and the cap never holds the rate back."""
    rate, cap = pace_for(places)
    assert RATE_MIN <= rate <= RATE_MAX
    assert cap >= CAP_MIN
    assert cap >= rate * 4
    assert pace_for(places + 10_000)[0] >= rate


@given(opens=st.integers(-10_000, 1_000_000))
def test_proposals_never_contradict_themselves(opens: int) -> None:
    """Whenever the sale opens, the proposed times are in order and the form takes them as they are."""
    shows = [show(opens=min(NOW + timedelta(minutes=opens), NOW + timedelta(days=29)))]
    fields = proposed_fields(propose(shows, NOW), "On sale", [1], "Europe/Berlin", mail=True)
    sent = {name: "yes" if value is True else str(value) for name, value in fields.items() if value is not False}
    read = read_form(sent, [1], "Europe/Berlin")
    assert not isinstance(read, FormErrors), read
    settings = NewRoom(event=1, slug="on-sale", **read)
    assert not times_contradict(settings)
    assert settings.identities == ("email", "device")


# The form.


def form(**changes: str) -> dict[str, str]:
    sent = {
        "name": "On sale", "opens_lobby": "2026-11-22T12:30", "draws": "2026-11-22T13:00:30", "closes": "2026-11-23T13:00",
        "rate_per_min": "60", "cap": "300", "claim_window_min": "2,5", "visit_min": "10", "identity_device": "yes",
        "show_1": "yes", "place": "banded", "fail": "open", "tier_1": " Fan club ",
    }  # fmt: skip
    return sent | changes


def test_a_form_becomes_settings_in_the_venues_time() -> None:
    """Local times become Unix times, minutes seconds, boxes lists; what isn't ticked is off."""
    read = read_form(form(), [1, 2], "Europe/Berlin")
    assert isinstance(read, dict)
    assert read["draws_ms"] == round(datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC).timestamp() * 1000)
    assert (read["claim_window_s"], read["visit_s"], read["reentries"], read["auto_passthrough"]) == (
        150,
        600,
        0,
        False,
    )
    assert (read["shows"], read["identities"], read["place"], read["fail_open"]) == ((1,), ("device",), "banded", True)
    assert [(tier.tier, tier.name) for tier in read["tiers"]] == [(1, "Fan club")]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"draws": "tomorrow"}, "draws"),
        ({"draws": "0001-01-01T00:00"}, "draws"),
        ({"opens_lobby": "2026-11-22T14:00"}, "opens_lobby"),
        ({"closes": "2026-11-22T12:00"}, "closes"),
        ({"rate_per_min": "0"}, "rate_per_min"),
        ({"cap": "1e9"}, "cap"),
        ({"cap": "٣"}, "cap"),
        ({"visit_min": "-1"}, "visit_min"),
        ({"claim_window_min": "0.2"}, "claim_window_min"),
        ({"identity_code": "yes", "tier_1": " "}, "tier_0"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(changes: dict[str, str], field: str) -> None:
    """Every impossible value is named with a sentence in both languages; nothing else is blamed."""
    read = read_form(form(**changes), [1], "Europe/Berlin")
    assert isinstance(read, FormErrors)
    assert set(read.fields) == {field}
    for locale in ("en", "de"):
        assert read.described(words(locale))[field]


def test_the_whole_event_needs_no_choice_of_shows() -> None:
    """Boxes that were ticked before are not looked at."""
    sent = form() | {"whole_event": "yes"}
    for ticked in (sent, {name: value for name, value in sent.items() if not name.startswith("show_")}):
        read = read_form(ticked, [1, 2], "Europe/Berlin")
        assert not isinstance(read, FormErrors)
        assert (read["shows"], read["whole_event"]) == ((), True)


def test_a_form_without_shows_or_people_is_sent_back() -> None:
    """A room stands before something and knows somebody; both findings come at once."""
    sent = {name: value for name, value in form().items() if name not in ("show_1", "identity_device")}
    read = read_form(sent | {"show_7": "yes"}, [1], "Europe/Berlin")
    assert isinstance(read, FormErrors)
    assert set(read.fields) == {"shows", "identities"}


# The checklist.


READY = Facts(
    now=NOW, lobby_opens_at=NOW + timedelta(minutes=30), draws_at=NOW + timedelta(hours=1), closes_at=NOW + timedelta(days=1),
    sale_opens_at=(NOW + timedelta(hours=1),), shows_on_sale=1, shows_priced=1, shows=1, places=1239, rate_per_min=50, cap=250,
    identity="email", mail_is_real=True, capacity_max=2_000_000, usher_seen_ms=300, store_evicts=False, store_free_bytes=None,
    health_heard=True, seed_committed=True, rehearsed_at=NOW, stewards=2,
)  # fmt: skip


def test_a_room_that_is_ready_has_nothing_to_mend() -> None:
    """All points are fine, and every one has its words."""
    points = checklist(READY)
    assert {point.verdict for point in points} == {"ok"}
    assert all(words("en").has(f"rooms.check.{point.key}.ok") for point in points)


@pytest.mark.parametrize(
    ("facts", "key", "verdict"),
    [
        (replace(READY, shows_on_sale=0), "on_sale", "mend"),
        (replace(READY, shows_priced=0), "prices", "mend"),
        (replace(READY, sale_opens_at=(NOW + timedelta(hours=2),)), "sale_time", "mend"),
        (replace(READY, lobby_opens_at=NOW + timedelta(minutes=58)), "lobby_time", "look"),
        (replace(READY, rate_per_min=1000, cap=5000), "rate", "look"),
        (replace(READY, cap=50), "cap", "look"),
        (replace(READY, mail_is_real=False), "mail", "mend"),
        (replace(READY, usher_seen_ms=None), "usher", "mend"),
        (replace(READY, usher_seen_ms=60_000), "usher", "mend"),
        (replace(READY, store_evicts=True), "store", "mend"),
        (replace(READY, store_free_bytes=1_000_000), "store", "mend"),
        (replace(READY, health_heard=False), "health", "look"),
        (replace(READY, seed_committed=False), "seed", "mend"),
        (replace(READY, rehearsed_at=None), "rehearsal", "look"),
        (replace(READY, stewards=1), "stewards", "look"),
    ],
)
def test_each_defect_is_named_first_and_alone(facts: Facts, key: str, verdict: str) -> None:
    """One thing amiss is one point, at the head of the list, with words in both languages."""
    first, *others = checklist(facts)
    assert (first.key, first.verdict) == (key, verdict)
    assert {point.verdict for point in others} == {"ok"}
    for locale in ("en", "de"):
        assert words(locale)(f"rooms.check.{key}.{verdict}", **first.facts)


def test_the_time_to_sell_out_follows_the_rate() -> None:
    """Twice the rate is half the time."""
    assert sell_out_minutes(1200, 100) == pytest.approx(2 * sell_out_minutes(1200, 200))


# The figures.


def state(now_ms: int = 0, **counts: Any) -> LineState:
    numbers = dict.fromkeys(
        ("turn_ms", "epoch", "lobby", "next", "served", "waiting", "pending", "visits", "called", "claimed", "lapsed",
         "left", "reentered", "ended", "called_min", "claimed_min", "fence"), 0,
    )  # fmt: skip
    plan = RoomPlan(0, 0, 10, 60, ())
    return LineState(
        **{
            "plan": plan, "phase": Phase.OPEN, "paused": False, "passthrough": False, "now_ms": now_ms, "leader": "", "drawn": "",
            **numbers, **counts,
        }
    )  # fmt: skip


def test_the_flow_counts_what_came_in_each_step() -> None:
    """What was there at the first reading came before it; every later arrival counts once, in the step it was seen in."""
    flow = Flow()
    assert [step.arrivals for step in flow.take(state(0, next=500))] == [0]
    assert [step.arrivals for step in flow.take(state(1_000, next=510))] == [10]
    steps = flow.take(state(2 * FLOW_MS + 1, next=517, called=4, claimed=3))
    assert [(step.at_ms, step.arrivals, step.called, step.admitted) for step in steps] == [
        (0, 10, 0, 0), (FLOW_MS, 0, 0, 0), (2 * FLOW_MS, 7, 4, 3),
    ]  # fmt: skip


def test_a_line_that_was_begun_anew_shows_no_negative_arrivals() -> None:
    """A counter that falls starts over."""
    flow = Flow()
    flow.take(state(0, next=500))
    assert [step.arrivals for step in flow.take(state(1, next=3))] == [0]


def test_the_flow_stays_as_long_as_the_screen() -> None:
    """An hour unseen costs neither memory nor time."""
    flow = Flow()
    flow.take(state(0))
    assert len(flow.take(state(3_600_000_000))) <= FLOW_STEPS
    for tick in range(200):
        steps = flow.take(state(3_600_000_000 + tick * FLOW_MS))
    assert len(steps) == FLOW_STEPS


def test_the_controls_offer_the_way_back() -> None:
    """A paused room offers to resume and not to pause, one that lets everybody through to queue; a closed one nothing."""
    assert "resume" in actions_of("open", paused=True, passthrough=False)
    assert "pause" not in actions_of("open", paused=True, passthrough=False)
    assert "queue" in actions_of("open", paused=False, passthrough=True)
    assert actions_of("closed", paused=True, passthrough=True) == ()
    assert "reopen" in actions_of("draining", paused=False, passthrough=False)
    assert "reopen" not in actions_of("draining", paused=False, passthrough=False, over=True)


# Watching.


async def test_many_watchers_cost_one_reading() -> None:
    """A second watcher gets what the first one's reading brought, and the reading ends with the last watcher."""
    reads = 0

    async def read() -> Any:
        nonlocal reads
        reads += 1
        return reads

    watches: Any = Watches(every_s=60)
    first, second = watches.follow(1, read), watches.follow(1, read)
    assert [await anext(first), await anext(second)] == [1, 1]
    await first.aclose()
    await second.aclose()
    third = watches.follow(1, read)
    assert await anext(third) == 2
    await third.aclose()


async def test_a_store_that_is_away_leaves_the_watchers_waiting() -> None:
    """A fault is no end: the next reading goes on."""
    answers = iter((Unavailable("away"), "figures"))

    async def read() -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watching: Any = Watches(every_s=0.001).follow(1, read)
    assert await asyncio.wait_for(anext(watching), 5) == "figures"
    await watching.aclose()


async def test_a_room_that_is_gone_ends_the_stream() -> None:
    """After the last figures comes the end, for everybody who watches."""
    answers = iter(("figures",))

    async def read() -> Any:
        try:
            return next(answers)
        except StopIteration:
            raise Gone from None

    watching: Any = Watches(every_s=0.001).follow(1, read)
    assert [figures async for figures in watching] == ["figures"]


@pytest.mark.parametrize("phase", Phase)
def test_no_button_leads_to_a_phase_that_cannot_be_reached(phase: Phase) -> None:
    """Taking nobody new is offered where the line would do it, closing wherever a room is not closed."""
    offered = actions_of(phase.value, paused=False, passthrough=False)
    assert ("drain" in offered) == (Phase.DRAINING in REACHABLE[phase])
    assert ("reopen" in offered) == (Phase.OPEN in REACHABLE[phase])
    assert ("close" in offered) == (Phase.CLOSED in REACHABLE[phase])
