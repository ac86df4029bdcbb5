"""`python -m loadtests.simulation [--seed N] [--visitors N]`: play the million's on-sale in virtual time and print how it went."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

from loadtests.simulation.on_sale import OnSale
from loadtests.simulation.promises import kept
from loadtests.simulation.scenario import Scenario, million


def scaled(scenario: Scenario, visitors: int) -> Scenario:
    """Return the same on-sale for fewer people: rates, cap and seats shrink with them."""
    share = visitors / scenario.visitors
    changes = tuple(
        replace(change, rate_per_min=round(change.rate_per_min * share) if change.rate_per_min else None)
        for change in scenario.changes
    )
    return replace(
        scenario,
        visitors=visitors,
        rate_per_min=round(scenario.rate_per_min * share),
        cap=round(scenario.cap * share),
        seats=None if scenario.seats is None else round(scenario.seats * share),
        changes=changes,
    )


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--visitors", type=int, default=1_000_000)
    options = parser.parse_args()
    began = time.perf_counter()
    sale = OnSale(scaled(million(options.seed), options.visitors))
    record = sale.run()
    line = sale.line
    print("minute  served  visits  admitted  waiting  target")
    for second, served, visits, claimed, waiting, target in record.seconds[::300]:
        print(f"{second / 60:6.0f} {served:7,} {visits:7,} {claimed:9,} {waiting:8,} {target:7,}")
    print(f"called {line.called:,}, admitted {line.claimed:,}, lapsed {line.lapsed:,}, left {line.left:,}")
    if record.sold_out_s is not None:
        print(f"sold out after {record.sold_out_s / 60:.1f} min; called after it: {record.called_after_sold_out}")
    promises = kept([sale])
    print(
        f"waits beyond 5 min: median error {promises.error:.1%}, 80 % band covers {promises.cover:.1%} ({promises.asked:,} asked)"
    )
    print(f"{record.ended_s / 60:.0f} min played in {time.perf_counter() - began:.0f} s; trace {record.digest[:16]}")


if __name__ == "__main__":
    main()
