"""The crowd: when everybody joins, gives up, answers a call and leaves the seats. Arrays by index, made from the scenario's seed at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loadtests.simulation.scenario import Scenario

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Crowd:
    """By index, in order of joining: seconds after the opening (negative in the lobby), or durations in seconds."""

    lobby: int
    joins: Floats
    quits: Floats
    leaves: Flags
    connected: Flags
    responds_after: Floats
    stays: Floats
    buys: npt.NDArray[np.int64]


def make_crowd(scenario: Scenario) -> Crowd:
    """Draw everybody's fate. The same scenario makes the same crowd."""
    chance = np.random.default_rng(scenario.seed)
    count, lobby = scenario.visitors, int(scenario.visitors * scenario.lobby_share)
    early = -scenario.lobby_s * chance.beta(1.0, 2.5, lobby)[::1]
    late = scenario.arrivals_s * chance.beta(1.0, 3.0, count - lobby)
    joins = np.concatenate([np.sort(early), np.sort(late)])
    patience = chance.exponential(60 / scenario.hazard, count) if scenario.hazard else np.full(count, np.inf)
    asleep = chance.random(count) < scenario.asleep_share
    awake_after = chance.lognormal(np.log(scenario.response_s), 0.6, count)
    buys = np.where(chance.random(count) < scenario.buying_share, 1 + chance.poisson(scenario.seats_each - 1, count), 0)
    return Crowd(
        lobby=lobby,
        joins=joins,
        quits=joins + patience,
        leaves=chance.random(count) < scenario.leaving_share,
        connected=chance.random(count) < scenario.socket_share,
        responds_after=np.where(asleep, chance.uniform(60, 900, count), awake_after),
        stays=np.minimum(chance.lognormal(np.log(scenario.visit_s) - 0.32, 0.8, count), scenario.visit_max_s),
        buys=buys,
    )
