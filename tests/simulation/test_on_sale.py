"""Whole on-sales in virtual time: nobody overtakes, nothing overflows, the same seed tells the same story."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from loadtests.simulation.on_sale import OnSale
from loadtests.simulation.promises import kept
from loadtests.simulation.scenario import Change, Scenario, absent, impatient, million
from waitingroom.eta import Band, eta
from waitingroom.model import PlaceState

SMALL = replace(
    million(), visitors=8_000, rate_per_min=400, cap=1_500, seats=5_000, changes=(), arrivals_s=600, lobby_s=600
)


def per_minute(sale: OnSale) -> list[int]:
    """Return the admissions of every whole minute at whose end somebody still waited."""
    rows = [row for row in sale.record.seconds[::60] if row[4] > 0]
    return [later[3] - row[3] for row, later in pairwise(rows)]


@pytest.fixture(scope="module")
def small() -> OnSale:
    """A small on-sale that sells out, played."""
    sale = OnSale(SMALL)
    sale.run()
    return sale


def test_the_same_seed_tells_the_same_story(small: OnSale) -> None:
    """Every turn and every end of two runs are equal; another seed's are not."""
    assert OnSale(SMALL).run().digest == small.record.digest
    assert OnSale(replace(SMALL, seed=2)).run().digest != small.record.digest


def test_nobody_overtakes(small: OnSale) -> None:
    """Positions are called in their order, the lobby before whoever came later."""
    called = small.turn_s[~np.isnan(small.turn_s)]
    assert (np.diff(called) >= 0).all()


def test_everybody_ends_somewhere(small: OnSale) -> None:
    """Claimed, lapsed, left and still waiting add up to all who came, and the line's counters to its places."""
    line = small.line
    assert np.count_nonzero(line.state == PlaceState.CLAIMED) == line.claimed
    assert np.count_nonzero(line.state == PlaceState.LAPSED) == line.lapsed
    assert np.count_nonzero(line.state == PlaceState.LEFT) == line.left
    assert line.next == SMALL.visitors


def test_t23_nobody_is_called_once_everything_is_sold(small: OnSale) -> None:
    """The last seat goes, and with it the last call."""
    assert small.seats == 0 and small.record.sold_out_s is not None
    assert small.record.called_after_sold_out == 0


@pytest.mark.parametrize("seed", range(1, 6))
def test_t19_a_third_not_coming_costs_nobody_time(seed: int) -> None:
    """30 % of the called are gone, 500 a minute are wanted: from the third minute on 490 to 510 come in."""
    sale = OnSale(absent(seed, 0.3))
    sale.run()
    minutes = per_minute(sale)[3:]
    assert len(minutes) > 5
    assert min(minutes) >= 490 and max(minutes) <= 510


@pytest.mark.parametrize("seed", range(1, 4))
def test_t20_a_step_of_no_shows_never_exceeds_cap_or_rate(seed: int) -> None:
    """From one moment 60 % do not come any more: the floor never holds more than the cap, and few find the door shut for long."""
    sale = OnSale(replace(absent(seed, 0.6), gone_from=0.5, cap=800, visit_s=60))
    record = sale.run()
    assert record.visits_most <= 0 and record.minute_most <= 0
    there = np.isinf(sale.quits) & ~np.isnan(sale.turn_s)
    assert np.mean(sale.line.state[there] == PlaceState.CLAIMED) > 0.995, "who is there when called gets in"


def test_t21_t22_trouble_slows_the_line_and_it_comes_back() -> None:
    """A slow checkout halves the calls within two seconds, payments down stop them; afterwards the whole rate is served again."""
    changes = (
        Change(at_s=300, slower=5), Change(at_s=310, slower=1),
        Change(at_s=480, payments_down=True), Change(at_s=540, payments_down=False),
    )  # fmt: skip
    sale = OnSale(replace(SMALL, seats=None, changes=changes))
    sale.run()
    served = {round(row[0]): row[1] for row in sale.record.seconds}
    target = {round(row[0]): row[5] for row in sale.record.seconds}
    assert target[299] == 400 and target[302] <= 200 and target[345] == 400
    assert served[481] == served[539] < served[560]
    assert per_minute(sale)[11] >= 0.95 * 400


def test_t58_t59_waits_are_honest_when_a_third_gives_up() -> None:
    """Beyond five minutes the median error is below a tenth, and the 80 % band holds about four in five."""
    sales = [
        OnSale(replace(impatient(seed, troubled=False), visitors=25_000, rate_per_min=300, cap=1_125))
        for seed in (1, 2)
    ]
    for sale in sales:
        sale.run()
    promises = kept(sales)
    assert 0.28 <= promises.gave_up <= 0.42 and promises.asked > 5_000
    assert promises.error <= 0.10
    assert 0.65 <= promises.cover <= 0.95


def test_t60_a_new_rate_shows_within_two_frames() -> None:
    """The organiser halves the rate: two seconds later those far back are told about twice as long."""
    sale = OnSale(replace(SMALL, seats=None, changes=(Change(at_s=240, rate_per_min=200),)))
    while sale.now_s < 239:
        sale.step()
    position = sale.line.served + 3_000
    before = eta(sale.frame(), position)
    while sale.now_s < 242:
        sale.step()
    after = eta(sale.frame(), position)
    assert isinstance(before, Band) and isinstance(after, Band)
    assert 1.7 <= after.p50_ms / before.p50_ms <= 2.3


@pytest.mark.long
def test_t57_a_million_people_come_through() -> None:
    """The whole million, its cap kept at every instant, told and served in order."""
    sale = OnSale(million())
    record = sale.run()
    assert record.visits_most <= 0
    assert sale.line.next == 1_000_000
    assert (np.diff(sale.turn_s[~np.isnan(sale.turn_s)]) >= 0).all()


def test_a_scenario_without_anybody_ends_at_once() -> None:
    """Nobody comes: nothing happens, and nothing breaks."""
    sale = OnSale(Scenario(visitors=0, hours_max=0.01))
    assert sale.run().promises == []
