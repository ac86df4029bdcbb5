"""Place tokens and nonces: what they prove, where, and for how long."""

from __future__ import annotations

import base64
import dataclasses
import time

import pytest

from server.visitor import VisitorTokens
from waitingroom.holder import secret_holder
from waitingroom.identity import Digest
from waitingroom.place_token import CLOCK_SKEW_S, LIFETIME_S, Nonces, Place, PlaceTokens, place_cookie

SECRET, OLDER, OTHER = "s" * 48, "o" * 48, "z" * 48
ISSUED_S = 1_780_000_000
PLACE = Place(7, 2, 41_234, 4, Digest(b"12345678"), secret_holder("a secret"), ISSUED_S)


def read(token: str, *secrets: str, room: int = 7, epoch: int = 2, now_s: int = ISSUED_S + 5) -> Place | None:
    return PlaceTokens(*(secrets or (SECRET,))).read(token, room=room, epoch=epoch, now_s=now_s)


def test_a_token_says_exactly_what_was_signed() -> None:
    """Index, tier, identity and holder come back; the token is short enough for any cookie."""
    token = PlaceTokens(SECRET).issue(PLACE)
    assert read(token) == PLACE
    assert len(token) < 120
    assert place_cookie(7) == "fr_place_7"


def test_t26_no_artefact_verifies_as_another() -> None:
    """A place token is no visitor's session and no nonce, and none of these is a place token, under one secret."""
    token = PlaceTokens(SECRET).issue(PLACE)
    session = VisitorTokens(SECRET).issue(ISSUED_S)
    nonce = Nonces(SECRET).issue(PLACE, ISSUED_S)
    assert VisitorTokens(SECRET).read(token, ISSUED_S) is None
    assert not Nonces(SECRET).good(token, PLACE, ISSUED_S)
    assert read(session) is None
    assert read(nonce) is None
    # Not even when somebody dresses one artefact's bytes in another's form.
    body = base64.urlsafe_b64decode(token[3:] + "=")[:16]
    forged = base64.urlsafe_b64encode(body + base64.urlsafe_b64decode(token[3:] + "=")[-16:]).decode().rstrip("=")
    assert not Nonces(SECRET).good(forged, PLACE, ISSUED_S)


def test_t27_another_room_or_epoch_refuses_it() -> None:
    """A place of one room is nothing in the next, and nothing after the line was thrown away."""
    token = PlaceTokens(SECRET).issue(PLACE)
    assert read(token, room=8) is None
    assert read(token, epoch=1) is None
    assert read(token, epoch=3) is None


@pytest.mark.parametrize(
    ("seconds", "good"),
    [
        (-CLOCK_SKEW_S, True),
        (-CLOCK_SKEW_S - 1, False),
        (-300, False),
        (300, True),
        (LIFETIME_S - 1, True),
        (LIFETIME_S, False),
    ],
)
def test_t28_clocks_may_differ_by_half_a_minute(seconds: int, good: bool) -> None:
    """A machine five minutes behind refuses what it thinks is from the future; half a minute is nothing."""
    assert (read(PlaceTokens(SECRET).issue(PLACE), now_s=ISSUED_S + seconds) is not None) is good


def test_t29_every_flipped_bit_is_a_forgery() -> None:
    """Whatever is changed in a token, it is no token; nothing in it chooses an algorithm."""
    token = PlaceTokens(SECRET).issue(PLACE)
    raw = base64.urlsafe_b64decode(token[3:] + "=")
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert read("p1." + base64.urlsafe_b64encode(changed).decode().rstrip("=")) is None
    for text in (
        "",
        "p1.",
        "p0" + token[2:],
        "p2" + token[2:],
        token + "A",
        token[:-1],
        token.upper(),
        token + "\n",
        "é" * 102,
    ):
        assert read(text) is None
    assert read(token, OTHER) is None


def test_t29_a_forgery_takes_as_long_as_a_stranger() -> None:
    """The signature is checked in full whatever else is wrong: the time says nothing about why (medians within 25 %)."""
    tokens = PlaceTokens(SECRET, OLDER)
    good = tokens.issue(PLACE)
    kinds = {
        "good": (good, 7),
        "forged": (PlaceTokens(OTHER).issue(PLACE), 7),
        "foreign": (good, 8),
        "older": (PlaceTokens(OLDER).issue(PLACE), 7),
    }
    medians = {}
    for name, (token, room) in kinds.items():
        took = []
        for _ in range(3000):
            began = time.perf_counter_ns()
            tokens.read(token, room=room, epoch=2, now_s=ISSUED_S)
            took.append(time.perf_counter_ns() - began)
        medians[name] = sorted(took)[len(took) // 2]
    # A good one is also made into a Place.
    assert medians["forged"] == pytest.approx(medians["foreign"], rel=0.25)
    assert medians["good"] == pytest.approx(medians["older"], rel=0.25)


def test_t30_a_replaced_secret_keeps_every_place() -> None:
    """With two live secrets both are believed and the newer signs; without the older one its tokens end."""
    old = PlaceTokens(OLDER).issue(PLACE)
    assert read(old, SECRET, OLDER) == PLACE
    assert read(PlaceTokens(SECRET, OLDER).issue(PLACE), SECRET) == PLACE
    assert read(old, SECRET) is None


def test_a_nonce_is_for_one_place_and_two_minutes() -> None:
    """It is no good for a neighbour, nor later, nor in another spelling."""
    nonces = Nonces(SECRET)
    nonce = nonces.issue(PLACE, ISSUED_S)
    assert nonces.good(nonce, PLACE, ISSUED_S + Nonces.LIFETIME_S - 1)
    assert not nonces.good(nonce, PLACE, ISSUED_S + Nonces.LIFETIME_S)
    assert not nonces.good(nonce, PLACE, ISSUED_S - CLOCK_SKEW_S - 1)
    assert not nonces.good(nonce, dataclasses.replace(PLACE, index=41_235), ISSUED_S)
    assert not nonces.good(nonce, dataclasses.replace(PLACE, room=8), ISSUED_S)
    assert not Nonces(OTHER).good(nonce, PLACE, ISSUED_S)
    assert nonces.issue(PLACE, ISSUED_S) != nonce
    raw = base64.urlsafe_b64decode(nonce + "=")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings = [n for n in (nonce[:-1] + c for c in letters) if base64.urlsafe_b64decode(n + "=") == raw]
    assert len(spellings) == 4
    assert [spelling for spelling in spellings if nonces.good(spelling, PLACE, ISSUED_S)] == [nonce]


def test_t30_a_nonce_of_the_former_secret_is_still_good() -> None:
    """Replacing the secret interrupts no claim."""
    assert Nonces(SECRET, OLDER).good(Nonces(OLDER).issue(PLACE, ISSUED_S), PLACE, ISSUED_S)
