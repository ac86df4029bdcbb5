"""Compare what people were promised with what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from loadtests.simulation.on_sale import OnSale

BEYOND_S = 300.0


@dataclass(frozen=True, slots=True)
class Kept:
    """*error*: the median of |promised ÷ real - 1|; *cover*: the share whose turn came inside their 80 % band, *late* of them after p90.

    Only waits of more than five minutes count. *gave_up* is the share of the called who were gone before.
    """

    asked: int
    error: float
    cover: float
    late: float
    gave_up: float


def kept(sales: Iterable[OnSale]) -> Kept:
    """Judge the promises of these on-sales, which have been played."""
    errors, inside, late, gone = [], [], [], []
    for sale in sales:
        promised = np.array(
            [(at, place, band.p10_ms, band.p50_ms, band.p90_ms) for at, place, band in sale.record.promises]
        )
        real = (sale.turn_s[promised[:, 1].astype(int)] - promised[:, 0]) * 1000
        judged = real > BEYOND_S * 1000  # NaN, never called, is not
        promised, real = promised[judged], real[judged]
        errors.append(np.abs(promised[:, 3] / real - 1))
        inside.append((promised[:, 2] <= real) & (real <= promised[:, 4]))
        late.append(real > promised[:, 4])
        called = ~np.isnan(sale.turn_s)
        gone.append(sale.quits[called] < sale.turn_s[called])
    error, cover = np.concatenate(errors), np.concatenate(inside)
    return Kept(
        asked=len(error),
        error=float(np.median(error)),
        cover=float(cover.mean()),
        late=float(np.concatenate(late).mean()),
        gave_up=float(np.concatenate(gone).mean()),
    )
