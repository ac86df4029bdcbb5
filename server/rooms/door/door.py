"""The bot door of a process: price an attempt, check what it paid, remember what was held against whom.

It stands before new places only. Nobody loses a place to it: who has one is answered before the door is asked, a refusal here
takes nothing away, and a place held for review keeps its position.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from starlette.requests import Request

from server.faults import Fault, Unavailable
from server.logs import logger
from server.refusals import Refusal
from server.rooms.door.altcha_work import AltchaWork, Solved
from server.rooms.door.contests import Contests, Standing
from server.rooms.door.journal import Action, Deed, Journal, place_subject
from server.rooms.door.marks import Mark, Marks, Review
from server.rooms.door.metrics import CHALLENGES, REFUSED, VERDICTS
from server.rooms.door.pool import Pool
from server.rooms.door.scores import Scores, Sighting
from server.rooms.door.seen import Eyes, Seen
from server.rooms.door.views import ChallengeView
from server.rooms.facts import DEMOTED_TIERS, GENERAL_TIER, RoomFacts
from server.rooms.plan import room_key
from server.visitor import VisitorId
from waitingroom.challenges import attempts
from waitingroom.challenges.attempts import Allowance, Replayed, TooOften
from waitingroom.challenges.coherence import findings
from waitingroom.challenges.price import CHALLENGE_LIFE_S, Price, work_of
from waitingroom.challenges.risk import Assessment, Proved, assess
from waitingroom.challenges.valkey_attempts import ValkeyAttempts
from waitingroom.place_token import Place

__all__ = ["Attempt", "Door", "Proved", "Verdict"]

# Fields people do not see (docs/waiting-room.md). Whatever is in one of them, nobody typed.
TRAPS: Final = ("subject", "again")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody brings to the door. *identity* is the digest they would have a place under."""

    challenge: str | None
    identity: bytes
    proved: Proved = "nothing"
    tier: int = GENERAL_TIER
    traps: Mapping[str, object] = field(default_factory=dict)
    filled_ms: int | None = None
    new_key: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Let in, on these terms."""

    facts: RoomFacts
    assessment: Assessment
    wanted_tier: int = GENERAL_TIER

    def tier(self, tier: int) -> int:
        """Return the tier to be drawn in: *tier*, or behind everybody when a score lowered it."""
        down = self.assessment.tiers_down
        return tier if down == 0 else DEMOTED_TIERS[min(down, len(DEMOTED_TIERS)) - 1]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a door is made of."""

    eyes: Eyes
    work: AltchaWork
    pool: Pool
    attempts: ValkeyAttempts
    marks: Marks
    scores: Scores
    journal: Journal
    contests: Contests
    quiet: Callable[[RoomFacts], bool]
    """Whether nobody waits in a room, so that nobody has to work to join."""


class Door:
    """The door of one process (`Services.door`). Raises `Unavailable` when the store is away."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._marking: set[asyncio.Task[None]] = set()
        self.marks, self.journal, self.contests = parts.marks, parts.journal, parts.contests

    def start(self) -> None:
        """Begin to mint and to write."""
        self._parts.pool.start()
        self._parts.journal.start()

    async def close(self) -> None:
        """Stop; write what is left."""
        await self._parts.pool.close()
        await asyncio.gather(*self._marking, return_exceptions=True)
        await self._parts.journal.close()

    # ── joining ──

    async def challenge(self, request: Request, facts: RoomFacts, visitor: VisitorId) -> ChallengeView | Refusal:
        """Say what joining costs this session now, with the challenge to solve. Refusals: `rate_limited`."""
        seen = self._parts.eyes.see(request, facts.room_id, visitor)
        wanted = _with_network(seen, attempts.ASK_BY_NETWORK, (attempts.ASK_BY_SESSION, seen.session))
        key, counted = room_key(facts), self._parts.attempts
        outcome, told = await asyncio.gather(counted.spend(key, wanted), counted.told_price(key, seen.session))
        if isinstance(outcome, TooOften):
            return self._too_often(facts, seen, outcome)
        assert not isinstance(outcome, Replayed)
        quiet = self._parts.quiet(facts)
        load = 0.0 if seen.network is None else outcome.load
        assessment = assess(findings(seen.sent), load=load, quiet=quiet)
        price = max(told, assessment.price)
        if assessment.reason == "price_by_network":  # agreed here, and not asked again at the join
            self._note(facts, assessment, "price_raised", f"try:{seen.network}")
        CHALLENGES.labels(price.word).inc()
        if price is Price.NONE:
            return ChallengeView(price.word, None, None, 0)
        work, now_ms = work_of(price, native=seen.native), _now_ms()
        made = self._parts.work.challenge(
            self._parts.pool.take(work), work, price, room_id=facts.room_id, session=seen.session, now_ms=now_ms
        )
        return ChallengeView(price.word, made, (now_ms // 1000 + CHALLENGE_LIFE_S) * 1000, work.expected_ms)

    async def check(
        self, request: Request, facts: RoomFacts, visitor: VisitorId, attempt: Attempt
    ) -> Verdict | Refusal:
        """Decide on one attempt to join.

        Refusals: `challenge_required challenge_invalid challenge_expired challenge_spent challenge_dearer second_step_required
        rate_limited`. The same identity may show the same solution again: its first answer was lost on the way.
        """
        outcome = await self._decide(request, facts, visitor, attempt)
        if isinstance(outcome, Refusal):
            REFUSED.labels(outcome.code).inc()
        else:
            VERDICTS.labels(outcome.assessment.price.word).inc()
        return outcome

    async def _decide(
        self, request: Request, facts: RoomFacts, visitor: VisitorId, attempt: Attempt
    ) -> Verdict | Refusal:
        seen = self._parts.eyes.see(request, facts.room_id, visitor)
        solved = self._solved(facts, seen, attempt)
        spent = await self._spend(facts, seen, attempt, solved if isinstance(solved, Solved) else None)
        if spent is not None:
            return spent
        if isinstance(solved, Refusal):
            return solved
        assessment = await self._assess(facts, seen, attempt, solved)
        if assessment.tiers_down and _now_ms() >= facts.draws_ms:
            assessment = replace(assessment, tiers_down=0)  # a tier counts in the draw, and that is over
        if assessment.second_step:
            self._note(facts, assessment, "second_step", f"identity:{attempt.identity.hex()}")
            return Refusal("second_step_required", {"reason": assessment.reason})
        paid = Price.NONE if solved is None else solved.price
        if paid < assessment.price:
            # What a join knows more (a trap, a score) the next challenge must know too, or nobody could ever pay it.
            await self._parts.attempts.tell_price(room_key(facts), seen.session, assessment.price, CHALLENGE_LIFE_S)
            code = "challenge_required" if solved is None else "challenge_dearer"
            return Refusal(code, {"price": assessment.price.word, "reason": assessment.reason})
        return Verdict(facts, assessment, attempt.tier)

    def _solved(self, facts: RoomFacts, seen: Seen, attempt: Attempt) -> Solved | Refusal | None:
        if not attempt.challenge or attempt.proved != "nothing":
            return None
        return self._parts.work.check(attempt.challenge, room_id=facts.room_id, session=seen.session)

    async def _spend(self, facts: RoomFacts, seen: Seen, attempt: Attempt, solved: Solved | None) -> Refusal | None:
        """Count the attempt and spend its solution. Load does not raise the price here: the price was agreed with the challenge."""
        identity = attempt.identity.hex()
        who = ((attempts.JOIN_BY_SESSION, seen.session), (attempts.JOIN_BY_IDENTITY, identity))
        outcome = await self._parts.attempts.spend(
            room_key(facts),
            _with_network(seen, attempts.JOIN_BY_NETWORK, *who),
            solution="" if solved is None else solved.number,
            spender="" if solved is None else identity,
            # As long as it could be shown again, and a minute for clocks that differ.
            remember_s=1 if solved is None else CHALLENGE_LIFE_S + 60,
        )
        match outcome:
            case TooOften():
                return self._too_often(facts, seen, outcome)
            case Replayed():
                return Refusal("challenge_spent")
            case _:
                return None

    async def _assess(self, facts: RoomFacts, seen: Seen, attempt: Attempt, solved: Solved | None) -> Assessment:
        sighting = Sighting(
            facts.room_id,
            seen.session,
            seen.network,
            attempt.identity,
            seen.sent,
            attempt.filled_ms,
            None if solved is None else _now_ms() - solved.asked_at_ms,
        )
        return assess(
            findings(seen.sent),
            score=await self._parts.scores.score(sighting),
            trapped=any(attempt.traps.get(name) for name in TRAPS),
            proved=attempt.proved,
            quiet=self._parts.quiet(facts),
        )

    def joined(self, verdict: Verdict, index: int) -> None:
        """Write down what was done to the place that was given on *verdict*, if anything was."""
        assessment, facts = verdict.assessment, verdict.facts
        if not assessment.reason:
            return
        subject = place_subject(facts.epoch, index)
        if assessment.price >= Price.FIRM:
            self._note(facts, assessment, "price_raised", subject, index)
        tiers = (verdict.wanted_tier, verdict.tier(verdict.wanted_tier)) if assessment.tiers_down else None
        if tiers is not None:
            self._note(facts, assessment, "tier_lowered", subject, index, tiers)
        if assessment.hold:
            self._note(facts, assessment, "held", subject, index)
        mark = Mark(True, _now_ms() if assessment.hold else None, tiers)
        task = asyncio.get_running_loop().create_task(self._mark(facts, index, mark), name="door.mark")
        self._marking.add(task)
        task.add_done_callback(self._marking.discard)

    async def _mark(self, facts: RoomFacts, index: int, mark: Mark) -> None:
        try:
            await self.marks.write(facts, index, mark)
        except Fault as fault:
            logger().warning("door.unmarked", room=facts.room_id, reason=str(fault))

    # ── mail, claims, contests ──

    async def may_mail(
        self, request: Request, facts: RoomFacts, visitor: VisitorId | None, address: bytes
    ) -> Refusal | None:
        """Say whether another letter with a code may go to *address* (its digest). Refusals: `rate_limited`."""
        seen = self._parts.eyes.see(request, facts.room_id, visitor or VisitorId(""))
        who = [(attempts.MAIL_BY_ADDRESS, address.hex())]
        if visitor is not None:
            who.append((attempts.MAIL_BY_SESSION, seen.session))
        wanted = _with_network(seen, attempts.MAIL_BY_NETWORK, *who)
        outcome = await self._parts.attempts.spend(room_key(facts), wanted)
        return self._too_often(facts, seen, outcome) if isinstance(outcome, TooOften) else None

    async def may_claim(self, facts: RoomFacts, index: int) -> Refusal | None:
        """Say whether a called place may be claimed. Refusals: `held_for_review`; the place is kept meanwhile."""
        mark = await self.marks.read(facts, index)
        return None if mark.held_ms is None else Refusal("held_for_review", {"since_ms": mark.held_ms})

    async def review_of(self, facts: RoomFacts, index: int) -> Review | None:
        """Return how a place's contest stands; None when there is none, or when the store can't be asked."""
        try:
            return (await self.marks.glance(facts, index)).review
        except Unavailable:
            return None

    async def contest(self, facts: RoomFacts, place: Place, text: str) -> Standing | Refusal:
        """Contest what was done to a place; it goes on waiting meanwhile. Refusals: `nothing_to_contest rate_limited`."""
        wanted = [(attempts.CONTEST_BY_PLACE, str(place.index))]
        outcome = await self._parts.attempts.spend(room_key(facts), wanted)
        if isinstance(outcome, TooOften):
            return Refusal("rate_limited", {"retry_after_ms": outcome.retry_after_ms})
        return await self._parts.contests.open(facts, place, text)

    async def standing(self, facts: RoomFacts, index: int) -> Standing:
        """Return everything that was done to a place, with its reason class."""
        return await self._parts.contests.standing(facts, index)

    # ── the record ──

    def _too_often(self, facts: RoomFacts, seen: Seen, outcome: TooOften) -> Refusal:
        subject = seen.network if outcome.allowance.endswith("net") and seen.network else seen.session
        deed = Deed(facts.org_id, facts.room_id, f"try:{subject}", "rate_limited", outcome.allowance)
        self.journal.note(deed, _now_ms())
        return Refusal("rate_limited", {"retry_after_ms": outcome.retry_after_ms})

    def _note(
        self,
        facts: RoomFacts,
        assessment: Assessment,
        action: Action,
        subject: str,
        index: int | None = None,
        tiers: tuple[int, int] | None = None,
    ) -> None:
        was, became = tiers or (None, None)
        deed = Deed(
            facts.org_id, facts.room_id, subject, action, assessment.reason, assessment.reasons, assessment.model,
            assessment.log_odds, index, was, became,
        )  # fmt: skip
        self.journal.note(deed, _now_ms())


def _with_network(seen: Seen, by_network: Allowance, *who: tuple[Allowance, str]) -> list[tuple[Allowance, str]]:
    """Name the network's allowance last: its load is the one that is told."""
    return [*who, *([] if seen.network is None else [(by_network, seen.network)])]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
