"""Best available: the best free neighbouring seats for a party, exactly, in about a millisecond at 60,000 seats.

Minimise over all windows of *size* free neighbours: mean cost of the seats + what the leftovers of the run will cost
(seatmap research 4.1). Among windows within a hair of the best one is drawn by a seed, so that contention spreads and
nobody can aim at the k-th best seat (4.5); seed and mask digest are kept for replay.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

import numpy as np

from seatmap.inventory.accessible_party import pick_accessible
from seatmap.inventory.seat_index import Bools, Floats, SeatIndex
from seatmap.inventory.split_party import pick_split
from seatmap.inventory.windows import Mode, Party, Windows, find_windows, without
from seatmap.inventory.windows_memory import WindowsMemory

HAIR: Final = 0.002  # costs this close are equal to a person: 0.2 % of the way to the worst seat


@dataclass(frozen=True, slots=True)
class Pick:
    """Seats for a party, in one piece or, when *split*, in several.

    *seed* and *mask* (digest of what was free) replay the pick; *runner_up* is the next cost, None without one.
    """

    pieces: tuple[tuple[int, ...], ...]
    cost: float
    runner_up: float | None
    seed: str
    mask: str

    @property
    def seats(self) -> tuple[int, ...]:
        """List all seats as k."""
        return tuple(k for piece in self.pieces for k in piece)

    @property
    def split(self) -> bool:
        """Say whether the party sits apart; never sell such a pick without saying so."""
        return len(self.pieces) > 1


def pick_seed(secret: bytes, request_id: str) -> bytes:
    """Derive a pick's seed: nobody can foresee it, the organiser can repeat it."""
    return hmac.digest(secret, request_id.encode(), "sha256")


def best_available(
    index: SeatIndex,
    free: Bools,
    party: Party,
    *,
    seed: bytes,
    mode: Mode = "priced",
    count: int = 1,
    memory: WindowsMemory | None = None,
) -> tuple[Pick, ...]:
    """Pick seats for *party*: up to *count* picks that share no seat, best first; empty when nothing fits.

    *free* is over k: what the public may buy now. Only when no single run fits, the party is split, and never so that
    one person sits alone. Accessible seats go only to parties that ask for them. A *memory* of the same chart makes it quicker.
    """
    assert party.size >= 1
    mask = mask_digest(free)
    if memory is not None and not party.accessible and count == 1:
        costs = memory.costs(free, party, mode)
        least = costs.min(initial=np.inf)
        if least < np.inf:
            return (_drawn(index, costs, least, party.size, seed, mask),)
    lines = index.lines(free)
    if party.accessible:
        pieces = pick_accessible(index, lines, party)
        return (Pick(pieces, 0.0, None, seed.hex(), mask),) if pieces else ()
    windows = find_windows(index, lines, party, party.size, mode)
    picks = []
    for turn in range(count):
        if not len(windows.at):
            break
        at, cost = draw(windows, seed, turn)
        windows = without(windows, at, party.size, party.size)
        runner_up = float(windows.cost.min()) if len(windows.at) else None
        picks.append(Pick((index.seats(at, party.size),), cost, runner_up, seed.hex(), mask))
    if picks:
        return tuple(picks)
    split = pick_split(index, lines, party, mode)
    return (Pick(split[0], split[1], None, seed.hex(), mask),) if split else ()


def _drawn(index: SeatIndex, costs: Floats, least: float, size: int, seed: bytes, mask: str) -> Pick:
    """Draw from all windows' *costs*, as `draw` does from those there are."""
    close = np.flatnonzero(costs <= least + HAIR).astype(np.int32)
    at, cost = draw(Windows(close, costs[close]), seed)
    rest = (costs[: max(0, at - size + 1)].min(initial=np.inf), costs[at + size :].min(initial=np.inf))
    runner_up = float(min(rest))
    return Pick((index.seats(at, size),), cost, runner_up if runner_up < np.inf else None, seed.hex(), mask)


def mask_digest(free: Bools) -> str:
    """Fingerprint what was free."""
    return hashlib.blake2b(np.packbits(free).tobytes(), digest_size=8).hexdigest()


def draw(windows: Windows, seed: bytes, turn: int = 0) -> tuple[int, float]:
    """Draw one of the windows within a hair of the best."""
    close = np.flatnonzero(windows.cost <= windows.cost.min() + HAIR)
    number = int.from_bytes(hashlib.blake2b(seed + bytes([turn]), digest_size=8).digest(), "big")
    chosen = int(close[number % len(close)])
    return int(windows.at[chosen]), float(windows.cost[chosen])
