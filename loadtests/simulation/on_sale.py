"""Play a scenario tick by tick: the crowd acts, the line answers, the pacing calls, the forecaster promises, and everything is written down."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from loadtests.simulation.crowd import Crowd, make_crowd
from loadtests.simulation.line import MemoryLine
from loadtests.simulation.scenario import Change, Scenario
from waitingroom import density
from waitingroom.draw import draw, seed_of
from waitingroom.eta import Band, eta
from waitingroom.forecast import Forecaster, Tick
from waitingroom.frame import LineFrame, decode_frame, encode_frame
from waitingroom.health import Health, Usual, Verdict, judge, learned
from waitingroom.model import PRESENCE_BLOCK, SLOT_MS, PlaceState
from waitingroom.pacing import Load, Paced, PaceState, pace, started

Positions = npt.NDArray[np.int64]
TICKS_PER_S = 1000 // SLOT_MS
# Gateways report presence so often; who is refused a claim for the moment asks again after so long.
PRESENCE_TICKS = 3 * TICKS_PER_S
RETRY_TICKS = 2 * TICKS_PER_S
# How often, and of how many places, the promised wait is written down.
ASK_TICKS = 60 * TICKS_PER_S
ASKED = 300
LEFT_TIER = 255


@dataclass(slots=True)
class Record:
    """What happened: a row per second, a row per promise, and the ends that checks are made of."""

    seconds: list[tuple[float, int, int, int, int, int]] = field(default_factory=list)
    promises: list[tuple[float, int, Band]] = field(default_factory=list)
    visits_most: int = 0
    minute_most: float = 0.0
    reasons: set[str] = field(default_factory=set)
    sold_out_s: float | None = None
    called_after_sold_out: int = 0
    ended_s: float = 0.0
    digest: str = ""


class OnSale:
    """One simulated on-sale. `run` plays it to its end; `turn_of` then says when each place really was called."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.record = Record()
        crowd = make_crowd(scenario)
        self.order = opening(scenario, crowd)
        self.crowd = crowd
        by = self.order
        self.joins, self.quits, self.connected = crowd.joins[by], crowd.quits[by], crowd.connected[by]
        if scenario.gone_share:
            gone = np.random.default_rng(scenario.seed + 2).random(scenario.visitors) < scenario.gone_share
            gone[: int(scenario.visitors * scenario.gone_from)] = False
            self.quits = np.where(gone, np.minimum(self.quits, 0.0), self.quits)
        self.responds, self.stays, self.buys = crowd.responds_after[by], crowd.stays[by], crowd.buys[by]
        leavers = np.flatnonzero(crowd.leaves[by] & np.isfinite(self.quits) & (self.quits != 0.0))
        self._leaving = leavers[np.argsort(self.quits[leavers], kind="stable")]
        self._leave_s = self.quits[self._leaving]
        self.line = MemoryLine(
            scenario.visitors,
            cap=scenario.cap,
            rate_per_min=scenario.rate_per_min,
            window_ms=int(scenario.claim_window_s * 1000),
        )
        self.seats = scenario.seats
        self.paused = False
        self.verdict = Verdict("healthy")
        self.slower, self.payments_down = 1.0, False
        self.usual = Usual()
        self.turn_s = np.full(scenario.visitors, np.nan)
        self._claiming: dict[int, list[Positions]] = defaultdict(list)
        self._ending: dict[int, list[Positions]] = defaultdict(list)
        self._changes = sorted(scenario.changes, key=lambda change: change.at_s)
        self._chance = np.random.default_rng(scenario.seed + 1)
        self.forecaster = Forecaster()
        self.coverage = density.Coverage()
        self._shares: tuple[float, ...] = (1.0,) * density.BLOCKS
        self._shares_at, self._covered = 0, 0.0
        self._turned: deque[tuple[int, int]] = deque()
        self.state: PaceState | None = None
        self.tick = 0

    @property
    def now_s(self) -> float:
        return self.tick / TICKS_PER_S

    def run(self) -> Record:
        """Play until nobody is left to call, or everything is sold."""
        while not self.over():
            self.step()
        self.record.ended_s = self.now_s
        trace = np.nan_to_num(self.turn_s, nan=-1.0).tobytes() + self.line.state.tobytes()
        self.record.digest = hashlib.sha256(trace).hexdigest()
        return self.record

    def over(self) -> bool:
        """Whether nothing can happen any more."""
        if self.now_s > self.scenario.hours_max * 3600:
            return True
        everybody = self.line.next == self.scenario.visitors and self.line.waiting == 0 and not self._claiming
        return (everybody or self.seats == 0) and not self._ending

    def step(self) -> None:
        """Play one tick of 250 ms."""
        while self._changes and self._changes[0].at_s <= self.now_s:
            self._change(self._changes.pop(0))
        line = self.line
        line.join_until(int(np.searchsorted(self.joins[self.crowd.lobby :], self.now_s)) + self.crowd.lobby)
        gone = int(np.searchsorted(self._leave_s, self.now_s, side="right"))
        if gone:
            line.leave(self._leaving[:gone])
            self._leaving, self._leave_s = self._leaving[gone:], self._leave_s[gone:]
        self._end_visits()
        self._judge()
        if not self.paused:
            line.turn_ms += SLOT_MS
            line.refresh()
            self._claim()
            if self.tick % TICKS_PER_S == 0:
                line.lapse()
        paced = self._pace()
        self._look()
        self._forecast(paced)
        self._write_down(paced)
        self.tick += 1

    def frame(self) -> LineFrame:
        """Return what everybody is told now."""
        shares = density.shifted(self._shares, self.line.served - self._shares_at)
        frame = LineFrame(
            room=1, epoch=1, tick=self.tick, now_ms=self.tick * SLOT_MS, phase="open", paused=self.paused,
            lobby=self.crowd.lobby, next=self.line.next, served=self.line.served, rate=self.forecaster.rate(),
            hazard=round(self.forecaster.hazard, 6), density=density.encode(shares), waiting=self.line.waiting,
            left=self.seats, sold_out=self.seats == 0,
        )  # fmt: skip
        return decode_frame(encode_frame(frame))

    def _change(self, change: Change) -> None:
        self.line.rate_per_min = change.rate_per_min or self.line.rate_per_min
        self.line.cap = change.cap or self.line.cap
        self.slower = change.slower or self.slower
        self.payments_down = self.payments_down if change.payments_down is None else change.payments_down

    def _judge(self) -> None:
        """Measure checkout as the vitals would, and pause while payments are down."""
        noise = float(self._chance.normal(1.0, 0.05))
        health = Health(
            checkout_p95_ms=self.scenario.checkout_ms * self.slower * max(0.5, noise), provider_down=self.payments_down
        )
        self.verdict = judge(health, self.usual)
        self.usual = learned(self.usual, health, self.verdict, self.tick * SLOT_MS)
        self.paused = self.verdict.kind == "payments_down"
        if self.verdict.kind != "healthy":
            self.record.reasons.add(self.verdict.kind)

    def _pace(self) -> Paced:
        line = self.line
        load = Load(
            turn_ms=line.turn_ms, cap=line.cap, rate_per_min=line.rate_per_min, visits=line.visits, waiting=line.waiting,
            called=line.called, claimed=line.claimed, claimed_min=line.claimed_min, door=self._door(), seats_left=self.seats,
        )  # fmt: skip
        self.state, paced = pace(self.state or started(load), load, self.verdict)
        if paced.calls and not self.paused:
            called = line.move(paced.calls)
            self.turn_s[called] = self.now_s
            self._answer(called)
            if self.seats == 0:
                self.record.called_after_sold_out += len(called)
        return paced

    def _door(self) -> int:
        """Return how many were asked to wait a moment within the last two seconds, which is how often they ask."""
        while self._turned and self._turned[0][0] < self.tick - RETRY_TICKS:
            self._turned.popleft()
        return sum(people for _, people in self._turned)

    def _answer(self, called: Positions) -> None:
        """Let those who are still there answer, each after their own time."""
        at_s = self.now_s + self.responds[called]
        there = called[self.quits[called] > at_s]
        due = self.tick + np.maximum(1, np.ceil(self.responds[there] * TICKS_PER_S)).astype(np.int64)
        _spread(self._claiming, due, there)

    def _claim(self) -> None:
        asking = self._claiming.pop(self.tick, None)
        if asking is None:
            return
        inside, again = self.line.claim(np.concatenate(asking))
        if len(again):
            self._claiming[self.tick + RETRY_TICKS].append(again)
            self._turned.append((self.tick, len(again)))
        due = self.tick + np.ceil(self.stays[inside] * TICKS_PER_S).astype(np.int64)
        _spread(self._ending, due, inside)

    def _end_visits(self) -> None:
        ending = self._ending.pop(self.tick, None)
        if ending is None:
            return
        leaving = np.concatenate(ending)
        self.line.end_visits(len(leaving))
        if self.seats is not None and not self.payments_down:
            self.seats = max(0, self.seats - int(self.buys[leaving].sum()))
            if self.seats == 0 and self.record.sold_out_s is None:
                self.record.sold_out_s = self.now_s

    def _look(self) -> None:
        """Every three seconds: count who stands where, and who is connected."""
        line = self.line
        if self.tick % PRESENCE_TICKS:
            return
        bounds = density.edges_from(line.served, line.next)
        there = slice(line.served, line.next)
        alive = self.connected[there] & (self.quits[there] > self.now_s) & (line.state[there] == PlaceState.WAITING)
        blocks = np.bincount((line.served + np.flatnonzero(alive)) // PRESENCE_BLOCK)
        presence = {int(block): int(blocks[block]) for block in np.flatnonzero(blocks)}
        now = density.crowd(line.served, line.next, line.standing(bounds), presence, PRESENCE_BLOCK)
        self.coverage = self.coverage.observed(now, 0.05)
        share = min(1.0, self.state.raw_share) if self.state else 1.0
        self._covered = self.coverage.of(share)
        self._shares = density.shares_of(now, line.served, line.next, coverage=self._covered, without=share)
        self._shares_at = line.served

    def _forecast(self, paced: Paced) -> None:
        line = self.line
        assert self.state is not None
        shares = density.shifted(self._shares, line.served - self._shares_at) if self.tick % TICKS_PER_S == 0 else None
        if shares is not None and not self.paused:
            self.forecaster.observe(
                Tick(
                    line.turn_ms,
                    line.served,
                    line.next,
                    shares,
                    line.rate_per_min,
                    self.state.level,
                    line.waiting,
                    self._covered,
                )
            )
        if self.tick % ASK_TICKS == 0 and line.next > line.served:
            self._ask()

    def _ask(self) -> None:
        """Write down what some of those who wait are told."""
        line, frame = self.line, self.frame()
        waiting = line.served + np.flatnonzero(
            (line.state[line.served : line.next] == PlaceState.WAITING)
            & (self.quits[line.served : line.next] > self.now_s)
        )
        if not len(waiting):
            return
        for position in self._chance.choice(waiting, min(ASKED, len(waiting)), replace=False):
            told = eta(frame, int(position))
            if isinstance(told, Band):
                self.record.promises.append((self.now_s, int(position), told))

    def _write_down(self, paced: Paced) -> None:
        line, record = self.line, self.record
        record.visits_most = max(record.visits_most, line.visits - line.cap)
        record.minute_most = max(record.minute_most, line.claimed_min - line.rate_per_min)
        if self.tick % TICKS_PER_S == 0:
            row = (self.now_s, line.served, line.visits, line.claimed, line.waiting, round(paced.target))
            record.seconds.append(row)


def opening(scenario: Scenario, crowd: Crowd) -> Positions:
    """Make the draw and return the index of every position; who left the lobby is drawn last."""
    tiers = np.where(crowd.leaves[: crowd.lobby] & (crowd.quits[: crowd.lobby] < 0), LEFT_TIER, 0).astype(np.uint8)
    seed = seed_of(scenario.seed.to_bytes(32, "big"), bytes(32), b"")
    order = np.arange(scenario.visitors, dtype=np.int64)
    order[draw(seed, "simulation", tiers)] = np.arange(crowd.lobby)
    return order


def _spread(calendar: dict[int, list[Positions]], due: Positions, positions: Positions) -> None:
    """Write each position into its tick of the calendar."""
    if not len(due):
        return
    sorting = np.argsort(due, kind="stable")
    due, positions = due[sorting], positions[sorting]
    for tick, some in zip(np.unique(due), np.split(positions, np.flatnonzero(np.diff(due)) + 1), strict=True):
        calendar[int(tick)].append(some)
