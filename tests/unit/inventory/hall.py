"""Small halls as bare arrays, for tests of picking."""

from collections.abc import Mapping, Sequence

import numpy as np

from seatmap.inventory.seat_index import SeatIndex, lay_out


def hall(
    rows: Sequence[Sequence[int]],
    *,
    anchors: Sequence[int] = (),
    companions: Mapping[int, tuple[int, ...]] | None = None,
    categories: Sequence[int] | None = None,
    per_section: int = 10,
) -> SeatIndex:
    """Lay out rows of blocks: [[8, 8], [6]] is a row of two blocks of eight and a row of six. The stage is in front."""
    x: list[float] = []
    y: list[int] = []
    row: list[int] = []
    pos: list[int] = []
    run: list[int] = []
    for number, blocks in enumerate(rows):
        across, width = 0, sum(blocks) + len(blocks) - 1
        for block in blocks:
            run_number = (run[-1] + 1) if run else 0
            for _ in range(block):
                x.append(0.5 * (across - (width - 1) / 2))
                y.append(number)
                row.append(number)
                pos.append(across)
                run.append(run_number)
                across += 1
            across += 1
    n = len(x)
    marked = np.zeros(n, dtype=bool)
    marked[list(anchors)] = True
    protected = marked.copy()
    beside = dict(companions or {})
    protected[[k for seats in beside.values() for k in seats]] = True
    return lay_out(
        x=np.array(x),
        y=np.array(y),
        section=np.array(row) // per_section,
        row=np.array(row),
        pos=np.array(pos),
        run=np.array(run),
        live=np.ones(n, dtype=bool),
        category=np.array(categories if categories is not None else [0] * n, dtype=np.uint8),
        protected=protected,
        anchor=marked,
        distance=np.hypot(np.array(x), np.array(y) + 3),
        companions=beside,
    )


def free_but(index: SeatIndex, taken: Sequence[int] = ()) -> np.ndarray:
    """Mark every seat free but *taken*."""
    free = np.ones(index.seat_count, dtype=bool)
    free[list(taken)] = False
    return free
