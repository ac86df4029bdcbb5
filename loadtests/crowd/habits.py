"""How buyers behave. Pure: every decision comes from a seeded random and what the buyer sees."""

import math
import random
from dataclasses import dataclass
from typing import Literal

# Parties of one to eight, as ticket shops see them: pairs rule.
PARTIES = {1: 16, 2: 47, 3: 13, 4: 16, 5: 3, 6: 4, 7: 0.5, 8: 0.5}
GOOD_CARDS = ("4242424242424242", "4242424242424242", "5555555555554444", "378282246310005")
ASKING_CARD = "4000000000003220"
BAD_CARDS = ("4000000000000002", "4000000000009995", "4000000000000069", "4000000000000119", "4242424242424241")
FIRST_NAMES = ("Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "Katherine", "Ken", "Margaret", "Radia", "Tim")
LAST_NAMES = ("Allen", "Borg", "Dijkstra", "Hamilton", "Hopper", "Johnson", "Liskov", "Lovelace", "Perlman", "Turing")


@dataclass(frozen=True, slots=True)
class Habits:
    """One buyer's character. Shares are probabilities; *pace* scales every pause (0: none)."""

    party: int
    picks: bool  # clicks seats on the map, instead of asking for the best
    near_stage: float  # 0 takes any seat, 1 only the best price level
    tries: int  # refusals before giving up
    only_looks: bool
    lets_go: Literal["no", "releases", "vanishes"]
    changes_mind: bool  # gives one seat back and takes another before paying
    clicks_twice: bool
    cards: tuple[str, ...]  # in the order tried
    approves: bool  # at the bank's page
    gives_up_after_decline: bool
    name: str
    email: str
    pace: float


def draw(random_: random.Random, *, run: str, pace: float, all_sell: bool) -> Habits:
    """Draw a buyer. With *all_sell* nobody only looks, lets seats lapse or gives up: the house has to sell out.

    *run* keeps the addresses of two crowds with one seed apart: limits per person count by address.
    """
    roll = random_.random
    first, last = random_.choice(FIRST_NAMES), random_.choice(LAST_NAMES)
    good = random_.choice(GOOD_CARDS)
    kind = roll()
    # One in ten is asked by the bank, one in twelve is declined first.
    first_card = (ASKING_CARD,) if kind < 0.1 else (random_.choice(BAD_CARDS),) if kind < 0.18 else ()
    leaving = roll()
    return Habits(
        party=random_.choices(tuple(PARTIES), tuple(PARTIES.values()))[0],
        picks=roll() < 0.55,
        near_stage=roll(),
        tries=12 if all_sell else random_.randint(2, 6),
        only_looks=not all_sell and roll() < 0.12,
        lets_go="no" if all_sell or leaving > 0.22 else "releases" if leaving > 0.06 else "vanishes",
        changes_mind=roll() < 0.15,
        clicks_twice=roll() < 0.05,
        cards=(*first_card, good, "4242424242424242"),
        approves=roll() < 0.9,
        gives_up_after_decline=not all_sell and roll() < 0.2,
        name=f"{first} {last}",
        email=f"{first}.{last}.{random_.randrange(10**9)}@{run}.crowd.example".lower(),
        pace=pace,
    )


def pause_s(random_: random.Random, median_s: float, pace: float) -> float:
    """Draw how long a person takes: log-normal around *median_s*, a few take much longer."""
    return pace * median_s * math.exp(random_.gauss(0.0, 0.5)) if pace > 0 else 0.0


def next_arrival_s(random_: random.Random, since_open_s: float, per_s: float) -> float:
    """Draw the pause until the next buyer: a rush of four times the rate at the opening, calming down within a minute."""
    return random_.expovariate(per_s * (1 + 3 * math.exp(-since_open_s / 20)))
