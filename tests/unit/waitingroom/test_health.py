"""Checkout's health is judged by the worst process, against what is usual, and silence is told from wellness."""

import msgspec

from waitingroom.health import Health, Usual, Vitals, decode_vitals, encode_vitals, judge, learned, together

WELL = Vitals(process="server", at_ms=10_000, checkouts=50, checkout_p95_ms=200)
GATEWAY = Vitals(process="realtime", at_ms=10_000, holds=50, hold_p95_ms=10)


def usual(**values: float) -> Usual:
    return Usual(values, 1)


def test_the_worst_process_counts() -> None:
    """One slow server of three is the one people are stuck at."""
    slow = msgspec.structs.replace(WELL, checkout_p95_ms=900)
    health = together([WELL, slow, GATEWAY], 10_000)
    assert health.checkout_p95_ms == 900 and health.hold_p95_ms == 10 and health.missing == ()


def test_few_samples_say_nothing() -> None:
    """Four checkouts are chance."""
    assert together([msgspec.structs.replace(WELL, checkouts=4), GATEWAY], 10_000).checkout_p95_ms is None


def test_silence_is_missing_until_it_is_forgotten() -> None:
    """A worker that spoke five seconds ago is missed; one that stopped a minute ago is not; a needed kind always is."""
    worker = Vitals(process="workers", at_ms=5_000)
    assert together([WELL, GATEWAY, worker], 10_000).missing == ("workers",)
    assert together([msgspec.structs.replace(WELL, at_ms=70_000), worker], 70_000).missing == ("realtime",)


def test_t21_five_times_the_usual_is_a_breach_and_twice_is_not() -> None:
    """200 ms become a second: trouble, though a second is far below the ceiling."""
    assert judge(Health(checkout_p95_ms=1_000), usual(checkout_p95_ms=200)).kind == "breach"
    assert judge(Health(checkout_p95_ms=500), usual(checkout_p95_ms=250)).kind == "healthy"
    assert judge(Health(checkout_p95_ms=1_000), Usual()).kind == "healthy"
    assert judge(Health(checkout_p95_ms=3_001), Usual()).kind == "breach"


def test_small_latencies_are_never_trouble() -> None:
    """Holds that took 1 ms and take 10 are ten times slower, and fine."""
    assert judge(Health(hold_p95_ms=10), usual(hold_p95_ms=1)).kind == "healthy"


def test_payments_fail_by_shares() -> None:
    """A fifth failing slows the line; nearly all failing stops it; two calls are too few to say."""
    assert judge(Health(payments=10, payment_errors=2), Usual()).kind == "breach"
    assert judge(Health(payments=10, payment_errors=8), Usual()).kind == "payments_down"
    assert judge(Health(payments=2, payment_errors=2), Usual()).kind == "healthy"
    assert judge(Health(provider_down=True), Usual()).kind == "payments_down"


def test_trouble_that_is_seen_counts_more_than_what_is_not() -> None:
    """A missing process does not excuse a slow one."""
    assert judge(Health(checkout_p95_ms=9_000, missing=("realtime",)), Usual()).kind == "breach"
    assert judge(Health(missing=("realtime",)), Usual()).kind == "missing"


def test_the_usual_is_learned_in_good_times_only() -> None:
    """An hour of trouble does not become the measure of itself."""
    known = learned(Usual(), Health(checkout_p95_ms=200), judge(Health(checkout_p95_ms=200), Usual()), 1_000)
    for second in range(2, 3_600):
        bad = Health(checkout_p95_ms=2_000)
        known = learned(known, bad, judge(bad, known), second * 1_000)
    assert known.values["checkout_p95_ms"] == 200


def test_signs_travel_as_they_are() -> None:
    """Rooms are numbers on both sides."""
    signs = msgspec.structs.replace(WELL, turned_away={7: 3})
    assert decode_vitals(encode_vitals(signs)) == signs
