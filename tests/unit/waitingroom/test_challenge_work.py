"""Proof of work: what ALTCHA's package finds, we find; kernels differ; prices are what they say."""

import base64
import hashlib
import json
import os

import pytest

from tests.vectors import make_work
from waitingroom.challenges.price import CHALLENGE_LIFE_S, NATIVE, PLAIN, Price, Work
from waitingroom.challenges.work import RANDOM_BYTES, derived, kernel, solve


def test_the_vectors_are_what_their_program_writes() -> None:
    """The browser's solver is tested against this file, so it must be current."""
    assert json.loads(make_work.PATH.read_text()) == make_work.document()


@pytest.mark.parametrize("case", json.loads(make_work.PATH.read_text())["cases"])
def test_our_solver_finds_what_altchas_finds(case: dict[str, object]) -> None:
    """Crowds and attack scripts solve with ours."""
    sent = json.loads(base64.b64decode(solve(case["challenge"])))  # type: ignore[arg-type]
    assert sent["solution"] == {"counter": case["counter"], "derivedKey": case["derivedKey"]}


def test_the_answer_lies_in_the_range_that_was_promised() -> None:
    """Nobody tries more than *most* keys, and the answers fill the range."""
    work = Work(1, 20, 0)
    counters = set()
    for number in range(200):
        minted = kernel(work, hashlib.shake_256(number.to_bytes(2, "big")).digest(RANDOM_BYTES))
        counters.add(next(n for n in range(20) if derived(minted.nonce, minted.salt, 1, n) == minted.key))
    assert counters == set(range(20))


def test_two_kernels_share_nothing() -> None:
    """Nonce and salt come from the random bytes alone."""
    one, other = (kernel(Work(1, 9, 0), os.urandom(RANDOM_BYTES)) for _ in range(2))
    assert one.nonce != other.nonce and one.salt != other.salt


def test_a_challenge_nobody_can_solve_is_an_error() -> None:
    """A changed prefix is not searched for ever."""
    challenge = json.loads(make_work.PATH.read_text())["cases"][0]["challenge"]
    challenge["parameters"]["keyPrefix"] = "00" * 16
    with pytest.raises(ValueError, match="no counter below 50"):
        solve(challenge, counters_max=50)


@pytest.mark.parametrize("works", [NATIVE, PLAIN])
def test_a_dearer_price_is_more_work_and_fits_the_life_of_a_challenge(works: dict[Price, Work]) -> None:
    """Even ten times as slow as usual and with the worst luck there is time to solve it."""
    in_order = [works[price].cost * works[price].most for price in sorted(works)]
    assert in_order == sorted(in_order) and len(set(in_order)) == len(in_order)
    assert all(20 * work.expected_ms < CHALLENGE_LIFE_S * 1000 for work in works.values())
