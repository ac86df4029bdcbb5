"""Choose seats with the inventory's algorithms, on the states that the hub keeps in memory."""

from __future__ import annotations

import time
import zlib
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from realtime.choices import Pick
from realtime.messages import Best, Offer
from realtime.show_session import ShowSession
from seatmap.inventory.accessible_party import stretches
from seatmap.inventory.best_available import best_available, pick_seed
from seatmap.inventory.equivalents import equivalents
from seatmap.inventory.model import SeatState
from seatmap.inventory.seat_index import PARTY_MAX, SeatIndex
from seatmap.inventory.stranded import stranded_single
from seatmap.inventory.windows import Party
from server.logs import logger

OFFERS = 3
# More are found than offered, and each visitor gets others: a crowd that missed one seat must not run to the same next one.
NEARBY = 12
NEARBY_KEPT = 1000
# Choosing takes about a millisecond at 60,000 seats. Whatever people ask, this share of the process is left to everybody else.
BUDGET_SHARE = 0.4
BUDGET_BURST_S = 0.5


class SeatChoices:
    """Best available, equivalents and single seats. Implements `realtime.choices.Choices`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._saved_s = BUDGET_BURST_S
        self._saved_at = time.monotonic()

    def best(self, session: ShowSession, visitor: str, command: Best, avoid: Collection[int]) -> Pick | str:
        """Choose seats together for the party, or say why not."""
        types = _everyone(command)
        categories = _categories(session, command)
        if not categories:
            return "type_not_sold"
        if len(types) > PARTY_MAX:
            return "too_many_seats"
        if not self._may_think():
            return "busy"
        sections = None if command.sections is None else frozenset(command.sections)
        party = Party(len(types), categories, sections, command.accessible)
        seed = pick_seed(self._secret, f"{session.show_id}:{visitor}:{command.id}")
        with _Thinking(self):
            picks = best_available(session.seat_index, _free(session, avoid), party, seed=seed, memory=session.windows)
        if not picks:
            return "accessible_full" if command.accessible else "no_seats_together"
        if picks[0].split and not command.accessible:
            return "no_seats_together"
        # Enough to repeat the pick and to show that nobody was favoured.
        logger().info(
            "seats.picked", show=session.show_id, seats=picks[0].seats, seed=picks[0].seed, mask=picks[0].mask
        )
        return list(zip(picks[0].seats, types, strict=True))

    def instead_of_best(self, session: ShowSession, visitor: str, command: Best, avoid: Collection[int]) -> list[Offer]:
        """Offer the party other sections, other categories, and seats apart."""
        types, free = _everyone(command), _free(session, avoid)
        everywhere, chosen = _categories(session, command, any_category=True), _categories(session, command)
        sections = None if command.sections is None else frozenset(command.sections)
        wider = [(chosen, sections), (chosen, None), (everywhere, None)]
        seed = pick_seed(self._secret, f"{session.show_id}:{visitor}:{command.id}:instead")
        offers: dict[tuple[int, ...], Offer] = {}
        for categories, within in dict.fromkeys(wider):
            if not categories or len(types) > PARTY_MAX or not self._may_think():
                continue
            with _Thinking(self):
                picks = best_available(
                    session.seat_index, free, Party(len(types), categories, within, command.accessible), seed=seed
                )
            for pick in picks:
                offers.setdefault(pick.seats, _offer(session, zip(pick.seats, types, strict=True), len(pick.pieces)))
        return list(offers.values())[:OFFERS]

    def equivalents(self, session: ShowSession, visitor: str, wanted: Pick, *, accessible: bool) -> list[Offer]:
        """Offer up to three choices as good as *wanted*."""
        index, seats = session.seat_index, tuple(k for k, _ in wanted)
        free = _still_good(session, session.nearby.get((seats, accessible), ()))
        if len(free) < OFFERS and self._may_think():
            with _Thinking(self):
                found = equivalents(index, _free(session, ()), seats, NEARBY, accessible=accessible)
            if len(session.nearby) >= NEARBY_KEPT:
                session.nearby.clear()
            session.nearby[seats, accessible] = found
            free = list(found)
        turn = zlib.crc32(visitor.encode()) % len(free) if free else 0
        # A space is offered for a space: whoever sits there keeps their kind of ticket.
        types = [
            type_id for k, type_id in sorted(wanted, key=lambda one: not (accessible and _is_space(index, one[0])))
        ]
        # The nearest first for whoever is first; the others begin elsewhere in the list.
        return [
            _offer(
                session, zip(window, types, strict=False), len(stretches(index, index.line_of[list(window)].tolist()))
            )
            for window in (free[turn:] + free[:turn])[:OFFERS]
        ]

    def stranded(
        self, session: ShowSession, wanted: Pick, own: Collection[int]
    ) -> tuple[Sequence[int], list[Offer]] | None:
        """Tell which single seats *wanted* would leave that nobody buys."""
        index, states = session.seat_index, session.hub.states
        picked = {k for k, _ in wanted}
        if not _leaves_single(index, states, picked) or not self._may_think():
            return None
        with _Thinking(self):
            found = stranded_single(index, _free(session, ()), [k for k, _ in wanted])
        if found is None or all(_touches(index, k, own) for k in found.singles):
            return None
        types = [type_id for _, type_id in wanted]
        offers = (
            [_offer(session, zip(found.shifted, types, strict=True), 1)] if len(found.shifted) == len(types) else []
        )
        return found.singles, offers

    # The time that choosing may take.

    def _may_think(self) -> bool:
        now = time.monotonic()
        self._saved_s = min(BUDGET_BURST_S, self._saved_s + (now - self._saved_at) * BUDGET_SHARE)
        self._saved_at = now
        return self._saved_s > 0

    def spent(self, seconds: float) -> None:
        """Count time that choosing took."""
        self._saved_s -= seconds


class _Thinking:
    """Measure a stretch of choosing."""

    def __init__(self, choices: SeatChoices) -> None:
        self._choices = choices

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._choices.spent(time.perf_counter() - self._began)


def _everyone(command: Best) -> list[int]:
    """List the ticket type of each of the party."""
    return [type_id for type_id, count in command.types for _ in range(count)]


def _categories(session: ShowSession, command: Best, *, any_category: bool = False) -> frozenset[int]:
    """Name the categories in which every type of the party is sold."""
    types = {type_id for type_id, _ in command.types}
    sold = {category for category, prices in session.facts.show.prices.items() if types <= prices.keys()}
    return frozenset(sold if any_category or command.categories is None else sold & set(command.categories))


def _free(session: ShowSession, avoid: Collection[int]) -> NDArray[np.bool_]:
    free: NDArray[np.bool_] = session.hub.states == SeatState.FREE
    if avoid:
        free[list(avoid)] = False
    return free


def _still_good(session: ShowSession, windows: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Keep the windows nobody took since they were found, and that taking would not leave a single seat beside one somebody did take."""
    index, states = session.seat_index, session.hub.states
    return [
        window
        for window in windows
        if all(states[k] == SeatState.FREE for k in window) and not _leaves_single(index, states, set(window))
    ]


def _offer(session: ShowSession, seats: Iterable[tuple[int, int]], pieces: int) -> Offer:
    chosen, category = list(seats), session.facts.chart.category
    total = sum(session.amount(int(category[k]), type_id) for k, type_id in chosen)
    return Offer(seats=chosen, pieces=pieces, total=total, currency=session.facts.currency)


def _is_space(index: SeatIndex, k: int) -> bool:
    return 0 <= k < index.seat_count and index.line_of[k] >= 0 and bool(index.anchor[index.line_of[k]])


def _leaves_single(index: SeatIndex, states: NDArray[np.uint8], picked: set[int]) -> bool:
    """Look at the neighbours alone: a few microseconds, where the whole rule looks at the house."""

    def free(at: int) -> bool:
        k = int(index.k_of[at])
        return k not in picked and bool(states[k] == SeatState.FREE) and not index.protected[at]

    for k in picked:
        at = int(index.line_of[k]) if k < index.seat_count else -1
        if at < 0:
            continue
        if not index.starts[at] and free(at - 1) and (index.starts[at - 1] or not free(at - 2)):
            return True
        if at < index.last[at] and free(at + 1) and (at + 1 == index.last[at] or not free(at + 2)):
            return True
    return False


def _touches(index: SeatIndex, single: int, own: Collection[int]) -> bool:
    """Tell whether a seat is beside one the visitor holds: then it is theirs to take next."""
    at = int(index.line_of[single])
    left = None if index.starts[at] else int(index.k_of[at - 1])
    right = None if at >= index.last[at] else int(index.k_of[at + 1])
    return left in own or right in own
