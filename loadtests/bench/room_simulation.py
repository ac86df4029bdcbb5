"""The waiting room in virtual time: how honest its waits are, and how long a million people take."""

from __future__ import annotations

import time

from loadtests.bench.figures import Figure
from loadtests.simulation.on_sale import OnSale
from loadtests.simulation.promises import kept
from loadtests.simulation.scenario import impatient, million

SEEDS = (1, 2, 3)


def measure() -> list[Figure]:
    """Play six on-sales with and without trouble for the promises, and the million's."""
    sales = [OnSale(impatient(seed, troubled=troubled)) for seed in SEEDS for troubled in (False, True)]
    for sale in sales:
        sale.run()
    promises = kept(sales)
    note = f"{promises.gave_up:.0%} give up; {promises.asked:,} asked, waits beyond 5 min; half of the on-sales are troubled"
    began = time.perf_counter()
    whole = OnSale(million())
    record = whole.run()
    minutes = (time.perf_counter() - began) / 60
    overshoot = max(0, record.visits_most)
    played = f"{record.ended_s / 60:.0f} min of on-sale; {overshoot} beyond the cap; trace {record.digest[:12]}"
    return [
        Figure("eta_error", 100 * promises.error, "%", 10, note=note),
        Figure("eta_cover", 100 * promises.cover, "%", 75, "at least", note="80 % band"),
        Figure(
            "eta_cover_most", 100 * promises.cover, "%", 85, note="the same: a band that covers more says too little"
        ),
        Figure("million_minutes", minutes, "min", 10, note=played),
    ]
