"""Seat a party with wheelchair users: spaces first, companions beside them (seatmap research 4.4)."""

from collections.abc import Iterable

import numpy as np

from seatmap.inventory.seat_index import Bools, SeatIndex
from seatmap.inventory.windows import Party

Pieces = tuple[tuple[int, ...], ...]
NEAREST = 64  # spaces looked at when the best have no company left


def pick_accessible(index: SeatIndex, lines: Bools, party: Party) -> Pieces | None:
    """Choose *party.accessible* free spaces near each other and the companions' seats: one piece when all touch.

    Companions sit on the space's own companion seats first, then on the nearest free seats of the same section that are
    not kept for others. None when there are not enough spaces or company.
    """
    allowed = lines & _in(index.section, party.sections) & _in(index.category, party.categories)
    anchors = np.flatnonzero(allowed & index.anchor)
    best: tuple[int, float, tuple[int, ...]] | None = None
    for at in anchors[np.argsort(index.cost[anchors], kind="stable")][:NEAREST]:
        seated = _seat(index, allowed, anchors, at, party)
        if seated is None:
            continue
        apart, lines_of_party = seated
        pick = (apart, float(index.cost[at]), lines_of_party)
        if best is None or pick[:2] < best[:2]:
            best = pick
        if apart == 0:
            break
    return stretches(index, best[2]) if best else None


def accessible_near(
    index: SeatIndex, lines: Bools, party: Party, place: tuple[float, float], count: int
) -> list[tuple[int, ...]]:
    """Offer up to *count* parties of seats (line indices, spaces first) around *place*: nearest first, sharing no seat.

    Companions who would not sit beside are offered only when nobody's would.
    """
    allowed = lines & _in(index.category, party.categories)
    anchors = np.flatnonzero(allowed & index.anchor)
    away = np.hypot(index.x[anchors] - place[0], index.y[anchors] - place[1])
    beside: list[tuple[int, ...]] = []
    apart: list[tuple[int, ...]] = []
    for at in anchors[np.argsort(away, kind="stable")][:NEAREST]:
        if not allowed[at] or len(beside) == count:
            continue
        seated = _seat(index, allowed, anchors[allowed[anchors]], at, party)
        if seated is None:
            continue
        if seated[0] == 0:
            beside.append(seated[1])
            allowed[list(seated[1])] = False
        elif not apart:
            apart.append(seated[1])
    return beside or apart


def _seat(
    index: SeatIndex, allowed: Bools, anchors: np.ndarray, at: int, party: Party
) -> tuple[int, tuple[int, ...]] | None:
    """Seat the party around the space *at*: how many companions sit elsewhere, and its lines, spaces first."""
    same = anchors[index.section[anchors] == index.section[at]]
    near = same[np.argsort(_distance(index, same, at), kind="stable")][: party.accessible]
    if len(near) < party.accessible:
        return None
    seated = _company(index, allowed, near, party.size - party.accessible)
    return None if seated is None else (seated[0], (*near.tolist(), *seated[1]))


def _company(index: SeatIndex, allowed: Bools, near: np.ndarray, wanted: int) -> tuple[int, tuple[int, ...]] | None:
    """Find seats for *wanted* companions: (how many sit elsewhere than beside a space, line indices)."""
    own = [int(index.line_of[k]) for at in near for k in index.companions.get(int(index.k_of[at]), ())]
    beside = [at for at in dict.fromkeys(own) if at >= 0 and allowed[at] and not index.anchor[at]][:wanted]
    rest = wanted - len(beside)
    if rest:
        others = np.flatnonzero(allowed & ~index.protected & (index.section == index.section[near[0]]))
        others = others[~np.isin(others, beside)]
        if len(others) < rest:
            return None
        beside += others[np.argsort(_distance(index, others, near[0]), kind="stable")][:rest].tolist()
    return rest, tuple(beside)


def stretches(index: SeatIndex, lines: Iterable[int]) -> Pieces:
    """Cut the seats into stretches of neighbours."""
    pieces: list[list[int]] = []
    for at in sorted(lines):
        touches = pieces and pieces[-1][-1] == at - 1 and not index.starts[at]
        pieces[-1].append(at) if touches else pieces.append([at])
    return tuple(tuple(index.k_of[piece].tolist()) for piece in pieces)


def _distance(index: SeatIndex, lines: np.ndarray, at: int) -> np.ndarray:
    away: np.ndarray = np.hypot(index.x[lines] - index.x[at], index.y[lines] - index.y[at])
    return away


def _in(values: np.ndarray, chosen: frozenset[int] | None) -> np.ndarray | bool:
    return True if chosen is None else np.isin(values, list(chosen))
