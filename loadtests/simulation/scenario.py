"""What happens in a simulated on-sale: how many come, how long they are patient, what goes wrong. Times in seconds after the opening."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """At *at_s* the organiser sets a rate or a cap, or checkout gets *slower* times as slow, or payments go down."""

    at_s: float
    rate_per_min: int | None = None
    cap: int | None = None
    slower: float | None = None
    payments_down: bool | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """An on-sale. Everything random comes from *seed*.

    *visitors* come, *lobby_share* of them in the *lobby_s* before the draw, the others during *arrivals_s* after it, ever fewer. Somebody gives
    up with the same chance in every minute, *hazard*; *leaving_share* of them say so, the others close the tab. *socket_share* of
    the waiting are connected, so that a gateway sees them; the others poll. Of those still there, *asleep_share* miss their call.
    Besides, *gone_share* of everybody behind the first *gone_from* (a share) of the line never comes back after the draw.
    A visit lasts *visit_s* on average and buys *seats_each* seats with the chance *buying_share*.
    """

    seed: int = 1
    visitors: int = 1_000_000
    lobby_share: float = 0.7
    lobby_s: float = 1_800
    arrivals_s: float = 1_800
    rate_per_min: int = 12_000
    cap: int = 45_000
    seats: int | None = 800_000
    hazard: float = 0.009
    leaving_share: float = 0.3
    socket_share: float = 0.85
    asleep_share: float = 0.05
    gone_share: float = 0.0
    gone_from: float = 0.0
    response_s: float = 6.0
    visit_s: float = 180.0
    buying_share: float = 0.7
    seats_each: float = 2.0
    claim_window_s: float = 180.0
    visit_max_s: float = 900.0
    checkout_ms: float = 250.0
    changes: tuple[Change, ...] = ()
    hours_max: float = 8.0


def million(seed: int = 1) -> Scenario:
    """A million people for 800,000 places, a slow checkout in between, and an organiser who turns the rate down and up again."""
    return Scenario(
        seed=seed,
        changes=(
            Change(at_s=900, slower=5.0),
            Change(at_s=960, slower=1.0),
            Change(at_s=1_500, rate_per_min=9_000),
            Change(at_s=2_100, rate_per_min=12_000),
            Change(at_s=2_700, payments_down=True),
            Change(at_s=2_760, payments_down=False),
        ),
    )


def impatient(seed: int, *, troubled: bool) -> Scenario:
    """Fifty thousand people of whom 35 % give up before their turn; *troubled* by a slow checkout and a lower rate for a while."""
    changes = (
        Change(at_s=600 + 60 * seed, slower=5.0),
        Change(at_s=640 + 60 * seed, slower=1.0),
        Change(at_s=1_200, rate_per_min=500),
        Change(at_s=1_700, rate_per_min=600),
    )
    return Scenario(
        seed=seed, visitors=50_000, rate_per_min=600, cap=2_250, seats=None, hazard=0.0205,
        changes=changes if troubled else (),
    )  # fmt: skip


def absent(seed: int, share: float, *, visitors: int = 12_000, rate_per_min: int = 500) -> Scenario:
    """People of whom *share* close the tab before their turn and say nothing; the others answer within seconds."""
    return Scenario(
        seed=seed, visitors=visitors, lobby_share=1.0, rate_per_min=rate_per_min, cap=20 * rate_per_min, seats=None, hazard=0.0,
        asleep_share=0.0, gone_share=share,
    )  # fmt: skip
