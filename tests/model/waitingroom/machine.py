"""The rule and the store take the same steps; after each, answers and everything stored must agree."""

import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.model.waitingroom.store import KEY, LOST_JOINS, Contents, Store
from waitingroom import wire
from waitingroom.model import LineCopy, Lobby, Phase, PlaceState, RoomPlan
from waitingroom.rules import calling, claiming, drawing, joining, leaving, phases, reading, rebuilding
from waitingroom.rules.state import Outcome, RoomState, index_at, live_visits, settle_phase, state_of

PEOPLE = [bytes([0, n, 7, 0, 0, 0, 255, n]) for n in range(8)]
VISITORS = st.sampled_from(["ann", "bob", "cid"])
HOLDERS = st.sampled_from(["key1", "key1", "key2"])
FEW = st.sampled_from([False] * 9 + [True])
HOUR = 3_600_000
# Far longer than a test takes: passes must not run out by themselves, their time is the store's own and not stopped.
VISIT_MS = 20 * HOUR


@st.composite
def plans(draw: st.DrawFn, start_ms: int) -> RoomPlan:
    """Plan a room that starts at *start_ms*, small enough for everything to happen in it."""
    lobby_ms = draw(st.sampled_from([0, 3_000, 3_000, 3_000]))
    return RoomPlan(
        opens_lobby_ms=start_ms,
        draws_ms=start_ms + lobby_ms,
        closes_ms=draw(st.sampled_from([0, 0, 0, start_ms + 30 * HOUR])),
        cap=draw(st.integers(1, 4)),
        rate_per_min=draw(st.integers(1, 5)),
        shows=draw(st.sampled_from([(), (1,), (1, 2)])),
        claim_window_ms=draw(st.sampled_from([1_000, 1_000, 5_000])),
        visit_ms=VISIT_MS,
        reentries=draw(st.integers(0, 1)),
        auto_passthrough=draw(st.booleans()),
        capacity_max=draw(st.sampled_from([9, 1000, 1000])),
    )


class LineMachine(RuleBasedStateMachine):
    """Any sequence of verbs, with time passing and jumping, stores taking over and settings changing."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store, self.line = store, store.line
        self.tokens: list[tuple[int, bytes]] = []
        self.fences = [0]
        self.copied: tuple[RoomState, LineCopy, Lobby, int] | None = None
        store.empty()

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        """Open the room an hour ahead of real time, with the clock stopped."""
        start_ms = (int(time.time()) + 3600) * 1000
        plan = data.draw(plans(start_ms))
        answer = self.store.run(self.line.open_room(KEY, plan))
        found = self.store.contents()
        outcome = phases.open_room(None, plan, now_ms=found.line.seen_ms)
        assert answer == outcome.answer
        self.state = replace(outcome.state, lost_joins_max=LOST_JOINS)
        self.now_ms = start_ms - data.draw(FEW)
        self._stop_clock()
        self.crowd(data.draw(st.integers(0, 6)))
        if data.draw(st.booleans()):
            self.leave(data)
        if data.draw(st.integers(0, 4)):
            self.now_ms = max(self.now_ms, plan.draws_ms)
            self._stop_clock()
        if not data.draw(FEW):
            self.state = settle_phase(self.state, self.now_ms)
            self._publish(data.draw(st.permutations(range(self.state.lobby))), "seed")

    def teardown(self) -> None:
        """Leave nothing behind."""

    # ── visitors ──

    @rule(identity=st.sampled_from(PEOPLE), tier=st.integers(0, 7))
    def join(self, identity: bytes, tier: int) -> None:
        """Somebody comes, or comes again."""
        self._join(identity, tier)

    @rule(count=st.integers(2, 8))
    def crowd(self, count: int) -> None:
        """Several come one after the other."""
        for identity in PEOPLE[:count]:
            self._join(identity, 0)

    def _join(self, identity: bytes, tier: int) -> None:
        outcome = self._step(
            lambda state: joining.join(state, identity, tier, now_ms=self.now_ms), self.line.join(KEY, identity, tier)
        )
        index = getattr(outcome.answer, "index", None)
        if index is not None and (index, identity) not in self.tokens:
            self.tokens.append((index, identity))

    @precondition(lambda self: self._runs())
    @rule()
    def let_through(self) -> None:
        """Everybody called has come, and the organiser lets everybody through: who joins is called at once, to the cap."""
        self._move(self.fences[-1], self.state.next)
        self._steer(None, None, True)
        self.crowd(len(PEOPLE))

    @rule(data=st.data(), tier=st.integers(0, 7))
    def restore(self, data: st.DataObject, tier: int) -> None:
        """Somebody shows a token."""
        index, identity = self._token(data)
        self._step(
            lambda state: joining.restore(state, index, identity, tier, now_ms=self.now_ms),
            self.line.restore(KEY, index, identity, tier),
        )

    @rule(data=st.data(), visitor=VISITORS, holder=HOLDERS)
    def claim(self, data: st.DataObject, visitor: str, holder: str) -> None:
        """Somebody claims, called or not."""
        index, identity = self._token(data)
        self._claim(index, identity, visitor, holder)

    @precondition(lambda self: self._called())
    @rule(data=st.data(), visitor=VISITORS, holder=HOLDERS)
    def claim_called(self, data: st.DataObject, visitor: str, holder: str) -> None:
        """Somebody who was called claims."""
        self._claim(*data.draw(st.sampled_from(self._called())), visitor, holder)

    def _claim(self, index: int, identity: bytes, visitor: str, holder: str) -> None:
        self._step(
            lambda state: claiming.claim(state, index, identity, visitor, holder, now_ms=self.now_ms),
            self.line.claim(KEY, index, identity, visitor, holder),
        )

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """Somebody gives up."""
        index, identity = self._token(data)
        self._step(
            lambda state: leaving.leave(state, index, identity, now_ms=self.now_ms),
            self.line.leave(KEY, index, identity),
        )

    @rule(visitor=VISITORS)
    def end_visit(self, visitor: str) -> None:
        """Somebody has bought."""
        self._step(lambda state: leaving.end_visit(state, visitor), self.line.end_visit(KEY, visitor))

    # ── the usher ──

    @rule(who=st.sampled_from(["one", "two"]), ttl_ms=st.sampled_from([500, 2_000]))
    def lead(self, who: str, ttl_ms: int) -> None:
        """A worker wants to lead."""
        outcome = self._step(
            lambda state: calling.lead(state, who, ttl_ms, now_ms=self.now_ms), self.line.lead(KEY, who, ttl_ms)
        )
        if isinstance(outcome.answer, int):
            self.fences.append(outcome.answer)

    @rule(late=FEW)
    def resign(self, late: bool) -> None:
        """A leader stops."""
        fence = self.fences[0 if late else -1]
        self._step(lambda state: calling.resign(state, fence), self.line.resign(KEY, fence))

    @rule(people=st.integers(1, 4))
    def call(self, people: int) -> None:
        """The leader calls some people, and the first of them come."""
        self._move(self.fences[-1], self.state.served + people)
        for number, token in enumerate(self._called()[:2]):
            self._claim(*token, f"visitor{number}-{token[0]}", "key1")

    @rule(people=st.integers(-1, 5), late=FEW)
    def move(self, people: int, late: bool) -> None:
        """The leader, or one who was, moves the line."""
        self._move(self.fences[0 if late else -1], self.state.served + people)

    def _move(self, fence: int, served: int) -> None:
        self._step(
            lambda state: calling.move(state, fence, served, now_ms=self.now_ms), self.line.move(KEY, fence, served)
        )

    @rule(limit=st.integers(1, 4))
    def lapse(self, limit: int) -> None:
        """The sweeper comes by."""
        self._step(lambda state: leaving.lapse(state, limit, now_ms=self.now_ms), self.line.lapse(KEY, limit))

    @precondition(lambda self: settle_phase(self.state, self.now_ms).phase is not Phase.LOBBY)
    @rule(
        data=st.data(),
        name=st.sampled_from(["seed", "seed", "seed", "other"]),
        off_by=st.sampled_from([0] * 6 + [-2, -1, 1, 2]),
        recorded=st.booleans(),
    )
    def publish_draw(self, data: st.DataObject, name: str, off_by: int, recorded: bool) -> None:
        """The draw is made, now and then for another lobby or again; one on record is right about the lobby, and may know more people
        than the store has heard of."""
        state = settle_phase(self.state, self.now_ms)
        lobby = max(0, (state.next if recorded and off_by > 0 else state.lobby) + off_by)
        self._publish(data.draw(st.permutations(range(lobby))), name, recorded)

    def _publish(self, positions: list[int], name: str, recorded: bool = False) -> None:
        self._step(
            lambda state: drawing.publish_draw(state, name, positions, recorded=recorded, now_ms=self.now_ms),
            self.line.publish_draw(KEY, name, np.array(positions, dtype=np.uint32), recorded=recorded),
        )

    @precondition(lambda self: settle_phase(self.state, self.now_ms).phase not in (Phase.PLANNED, Phase.LOBBY))
    @rule(really=FEW)
    def read_lobby(self, really: bool) -> None:
        """The lobby's list is read for the draw: sixteen thousand buckets, so seldom."""
        if not really:
            return
        lobby = self.store.run(self.line.read_lobby(KEY))
        self._was_read()
        assert isinstance(lobby, Lobby)
        known = {place.index: (identity, place.tier) for identity, place in self.state.places.items()}
        expected = [known.get(index, (bytes(8), 255)) for index in range(self.state.lobby)]
        pairs = zip(lobby.identities.tolist(), lobby.tiers.tolist(), strict=True)
        assert [(one.to_bytes(8, "big"), tier) for one, tier in pairs] == expected

    # ── organisers ──

    @rule(
        phase=st.sampled_from([None, None, None, *Phase]),
        paused=st.sampled_from([None, False, False, False, False, True]),
        passthrough=st.sampled_from([None, True, True, False]),
        really=FEW,
    )
    def set_phase(self, phase: Phase | None, paused: bool | None, passthrough: bool | None, really: bool) -> None:
        """The organiser steers; rooms are seldom closed."""
        if phase in (Phase.CLOSED, Phase.DRAINING) and not really:
            phase = None
        self._steer(phase, paused, passthrough)

    def _steer(self, phase: Phase | None, paused: bool | None, passthrough: bool | None) -> None:
        self._step(
            lambda state: phases.set_phase(state, phase, paused=paused, passthrough=passthrough, now_ms=self.now_ms),
            self.line.set_phase(KEY, phase, paused=paused, passthrough=passthrough),
        )

    @rule(data=st.data(), sooner=st.booleans())
    def change_settings(self, data: st.DataObject, sooner: bool) -> None:
        """The organiser changes settings."""
        plan = data.draw(plans(self.state.plan.opens_lobby_ms))
        draws_ms = self.state.plan.draws_ms - sooner * data.draw(st.integers(-1, 1)) * 1_000
        plan = replace(plan, draws_ms=draws_ms)
        self._step(lambda state: phases.open_room(state, plan, now_ms=self.now_ms), self.line.open_room(KEY, plan))

    # ── time and trouble ──

    @rule(
        by_ms=st.sampled_from([1, 250, 999, 1_000, 1_000, 3_000, 5_000, 5_000, -2_000, HOUR, VISIT_MS // 2, VISIT_MS])
    )
    def wait(self, by_ms: int) -> None:
        """Time passes, stumbles or jumps."""
        self.now_ms += by_ms
        self._stop_clock()

    @rule(steps=st.sampled_from([1, 1, 2, 2, 2, 2, 2, 12]))
    def a_while(self, steps: int) -> None:
        """Time passes as it does in a room with a leader: the turn clock moves with it."""
        for _ in range(steps):
            self.now_ms += 5_000
            self._stop_clock()
            self._move(self.fences[-1], 0)

    @precondition(lambda self: self._runs() and self._called())
    @rule(data=st.data(), short_ms=st.integers(0, 1))
    def last_moment(self, data: st.DataObject, short_ms: int) -> None:
        """Somebody comes exactly when their window has ended, or a millisecond before."""
        index, identity = data.draw(st.sampled_from(self._called()))
        until = getattr(reading.standing(self.state, index, self.now_ms), "claim_until_ms", None)
        if until is not None:
            self._run(until - self.now_ms - short_ms)
        self._claim(index, identity, "late", "key1")

    @precondition(lambda self: self._runs() and self.state.called)
    @rule(short_ms=st.integers(0, 1), people=st.integers(1, 4))
    def next_minute(self, short_ms: int, people: int) -> None:
        """People are called exactly when the rate's minute is over, or a millisecond before."""
        self._run(self.state.called[-1].turn_ms + 60_000 - short_ms - self.state.turn_ms)
        self.call(people)

    @precondition(lambda self: self._runs() and self.state.visits)
    @rule(people=st.integers(1, 4))
    def visits_end(self, people: int) -> None:
        """Everybody's time inside is over, and others are called."""
        self.now_ms += VISIT_MS
        self._stop_clock()
        self.call(people)

    @precondition(lambda self: self._runs())
    @rule()
    def stumble(self) -> None:
        """The store's clock is set back between two ticks."""
        self._run(0)
        self.now_ms -= 2_000
        self._stop_clock()
        self._run(0)

    @rule(really=FEW)
    def take_over(self, really: bool) -> None:
        """A replica becomes the store; it has the data, but may lack the last joins."""
        if really:
            self.store.begin_life()
            self.state = replace(self.state, settled=False)

    @rule(really=FEW, data=st.data())
    def copy(self, really: bool, data: st.DataObject) -> None:
        """A copy is taken; who has which place was read a while ago, but for a lobby that was drawn."""
        self.state = settle_phase(self.state, self.now_ms)
        copied, copy, places = self.state, self.store.run(self.line.copy(KEY)), self._places()
        assert copy is not None
        assert (copy.next, copy.drawn) == (self.state.next, self.state.drawn)
        if really:  # sixteen thousand buckets, so seldom
            read = self.store.run(self.line.read_places(KEY))
            self._was_read()
            assert read is not None
            assert [part.tolist() for part in read] == [part.tolist() for part in places]
        known = data.draw(st.integers(self.state.lobby if self.state.drawn else 0, self.state.next))
        places = Lobby(places.identities[:known], places.tiers[:known])
        self.copied = copied, copy, places, self.now_ms

    @precondition(lambda self: self.copied is not None and self.state.next - self.copied[0].next <= LOST_JOINS)
    @rule(paused=FEW, passthrough=FEW)
    def lose_everything(self, paused: bool, passthrough: bool) -> None:
        """The store comes back empty and the room is rebuilt from the copy; whoever joined since has a token."""
        assert self.copied is not None
        copied, copy, places, now_ms = self.copied
        self.copied, self.now_ms = None, now_ms  # a stopped clock is in the copy
        self.store.empty()
        plan = self.state.plan
        positions = np.array(copied.positions, dtype=np.uint32) if copied.drawn else None
        answer = self.store.run(
            self.line.rebuild(KEY, plan, copy, places, positions, paused=paused, passthrough=passthrough)
        )
        outcome = rebuilding.rebuild(
            copied, plan, len(places.identities), paused=paused, passthrough=passthrough, now_ms=now_ms
        )
        assert answer == outcome.answer
        self.state = outcome.state
        self.fences.append(self.state.fence)

    # ── what must hold after every step ──

    @rule(data=st.data(), edges=st.lists(st.integers(0, 8), min_size=1, max_size=4))
    def look(self, data: st.DataObject, edges: list[int]) -> None:
        """Every reading is what the rule reads."""
        edges = sorted(self.state.served + edge for edge in edges)
        assert self.store.run(self.line.read(KEY)) == reading.line_state(self.state, self.now_ms)
        assert self.store.run(self.line.count_waiting(KEY, edges)) == reading.count_waiting(self.state, edges)
        index, _ = self._token(data)
        assert self.store.run(self.line.standing(KEY, index)) == reading.standing(self.state, index, self.now_ms)
        self._was_read()

    @invariant()
    def store_equals_rule(self) -> None:
        """Everything stored is what the rule says, counters included."""
        if hasattr(self, "state"):
            found = self.store.contents()
            assert found == self._expected(found)

    @invariant()
    def promises_hold(self) -> None:
        """Nobody has two places or shares one, and nobody is inside who was not called."""
        if not hasattr(self, "state"):
            return
        state = self.state
        indices = [place.index for place in state.places.values()]
        assert len(set(indices)) == len(indices)
        assert len({index for index, _ in self.tokens}) == len(self.tokens), "an index was given twice"
        assert all(index < state.next for index in indices)
        assert all(position < state.served for position in state.visits)
        assert state.claims >= sum(value is PlaceState.CLAIMED for value in state.states.values())
        assert sorted(state.positions) == list(range(len(state.positions)))

    # ── the machinery ──

    def _step(self, decide: Callable[[RoomState], Outcome], call: Coroutine[Any, Any, Any]) -> Outcome:
        before = self.state
        outcome = decide(before)
        answer = self.store.run(call)
        assert answer == outcome.answer
        self.state = outcome.state
        self._never_back(before)
        return outcome

    def _was_read(self) -> None:
        """Reading the numbers moves the phase on and forgets visits that have run out, and nothing else."""
        self.state = live_visits(settle_phase(self.state, self.now_ms), self.now_ms)

    def _never_back(self, before: RoomState) -> None:
        after = self.state
        assert after.served >= before.served
        assert after.turn_ms >= before.turn_ms
        assert list(Phase).index(after.phase) >= list(Phase).index(before.phase) or after.phase is Phase.OPEN
        came = {at for at, visit in after.visits.items() if before.visits.get(at) != visit}
        assert not came or len(after.visits) <= after.plan.cap

    def _expected(self, found: Contents) -> Contents:
        state, plan = self.state, self.state.plan
        called = [state_of(state, slot) for slot in range(state.served)]
        return Contents(
            plan=wire.PlanRecord(
                opens_lobby_ms=plan.opens_lobby_ms,
                draws_ms=plan.draws_ms,
                closes_ms=plan.closes_ms,
                cap=plan.cap,
                rate_per_min=plan.rate_per_min,
                claim_window_ms=plan.claim_window_ms,
                visit_ms=plan.visit_ms,
                reentries=plan.reentries,
                fail_open=int(plan.fail_open),
                auto_passthrough=int(plan.auto_passthrough),
                capacity_max=plan.capacity_max,
                shows=list(plan.shows),
                phase=state.phase,
                paused=int(state.paused),
                passthrough=int(state.passthrough),
                lobby=state.lobby,
                drawn=state.drawn,
                epoch=state.epoch,
                clock_ms=self.now_ms,
            ),
            line=wire.LineRecord(
                served=state.served,
                calls=state.calls,
                pending=called.count(PlaceState.WAITING),
                turn_ms=state.turn_ms,
                seen_ms=state.seen_ms,
                lapsed_to=state.lapsed_to,
                claims=state.claims,
                lapses=called.count(PlaceState.LAPSED),
                leaves=state.leaves,
                reentries=state.reentries,
                ended=state.ended,
                fence=state.fence,
                leader=state.leader,
                lead_until_ms=state.lead_until_ms,
                gaps=[edge for gap in state.gaps for edge in gap],
            ),
            next=state.next,
            states=tuple(state_of(state, slot) for slot in range(state.next)),
            positions=state.positions,
            called=state.called,
            admitted=tuple((row.turn_ms, row.people) for row in state.admitted),
            visits={at: visit.ends_ms for at, visit in state.visits.items()},
            holders={at: f"{visit.visitor}\n{visit.holder}" for at, visit in state.visits.items()},
            late=set(state.late),
            places={identity: (place.index, place.tier) for identity, place in state.places.items()},
            passes={key: f"{KEY.room_id}:{holder}" for key, holder in state.passes.items()},
            visiting={visitor: str(at) for visitor, at in state.visiting.items()},
        )

    def _places(self) -> Lobby:
        """List who has which place, as the rule knows it."""
        identities, tiers = np.zeros(self.state.next, dtype=np.uint64), np.full(self.state.next, 255, dtype=np.uint8)
        for identity, place in self.state.places.items():
            identities[place.index], tiers[place.index] = int.from_bytes(identity, "big"), place.tier
        return Lobby(identities, tiers)

    def _token(self, data: st.DataObject) -> tuple[int, bytes]:
        """Take a token somebody has; now and then one of the last joins, which the store forgot."""
        if not self.tokens or data.draw(FEW):
            gap = self.state.gaps[-1] if self.state.gaps else (self.state.next, self.state.next + 1)
            index = data.draw(st.integers(gap[0], gap[1]))
            return index, bytes([9, 9, 9, 0, 0, 0, 0, index])
        return data.draw(st.sampled_from(self.tokens))

    def _called(self) -> list[tuple[int, bytes]]:
        """List the tokens of called places not yet claimed."""
        state = self.state
        slots = [slot for slot in range(state.served) if state_of(state, slot) is not PlaceState.CLAIMED]
        called = {index_at(state, slot) for slot in slots}
        return [(place.index, identity) for identity, place in state.places.items() if place.index in called]

    def _runs(self) -> bool:
        """Say whether the turn clock runs, now and for the next minutes."""
        return self.state.phase is Phase.OPEN and not self.state.paused and not self.state.plan.closes_ms

    def _run(self, by_ms: int) -> None:
        """Let the turn clock run that far, in steps it takes."""
        self._move(self.fences[-1], 0)
        end_ms = self.now_ms + max(0, by_ms)
        while self.now_ms < end_ms:
            self.now_ms = min(end_ms, self.now_ms + 5_000)
            self._stop_clock()
            self._move(self.fences[-1], 0)

    def _stop_clock(self) -> None:
        self.store.run(self.line.stop_clock(KEY, self.now_ms))
