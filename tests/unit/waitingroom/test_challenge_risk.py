"""The ladder: evidence raises the price, a score alone goes further, nobody is dropped."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from waitingroom.challenges.coherence import Finding
from waitingroom.challenges.price import Price
from waitingroom.challenges.risk import NEUTRAL, Score, assess

WEAK = Finding("language_missing", 1.0, "")
STRONG = Finding("hints_version", 2.5, "")


def test_nobody_suspicious_pays_a_fifth_of_a_second() -> None:
    """The default price, without a reason anybody would have to be told."""
    usual = assess([])
    assert (usual.price, usual.reason, usual.reasons) == (Price.LIGHT, "", ())


def test_one_weak_finding_changes_nothing() -> None:
    """A missing header alone is no reason to make somebody wait."""
    assert assess([WEAK]).price is Price.LIGHT


def test_findings_add_up() -> None:
    """A contradiction costs two seconds, two cost five."""
    assert assess([STRONG]).price is Price.FIRM
    two = assess([STRONG, WEAK])
    assert (two.price, two.reason) == (Price.DEAR, "price_by_browser")
    assert two.reasons[0].startswith("hints_version")


def test_a_busy_network_costs_two_seconds_and_never_five() -> None:
    """A stadium's Wi-Fi is not a farm."""
    assert assess([], load=0.9).price is Price.FIRM
    assert assess([], load=0.9).reason == "price_by_network"
    assert assess([WEAK, WEAK], load=1.0).price is Price.FIRM


def test_a_filled_trap_is_dear_and_told() -> None:
    """A field nobody sees was filled: work, not a door shut, because a password manager may have done it."""
    trapped = assess([], trapped=True)
    assert (trapped.price, trapped.reason, trapped.tiers_down) == (Price.DEAR, "trap_filled", 0)


def test_an_address_or_an_invitation_needs_no_work() -> None:
    """The way without a script stays open, whatever was found."""
    assert assess([STRONG, WEAK], trapped=True, proved="email").price is Price.NONE
    assert assess([STRONG], proved="code").price is Price.NONE


def test_nobody_works_for_an_empty_line() -> None:
    """While nobody waits the default price is none; a contradiction still costs."""
    assert assess([], quiet=True).price is Price.NONE
    assert assess([STRONG], quiet=True).price is Price.FIRM


def test_a_score_may_ask_for_more_and_is_the_reason_told() -> None:
    """Second step, lower tier and review come from a score that asks for them."""
    asked = assess([], score=Score(1.0, "m7", ("burst of joins",), second_step=True, tiers_down=5, hold=True))
    assert (asked.second_step, asked.tiers_down, asked.hold, asked.reason) == (True, 2, True, "score")
    assert asked.reasons == ("burst of joins (+1.0)",)
    assert not assess([], score=Score(1.0, "m7", second_step=True), proved="email").second_step


@given(
    st.lists(st.sampled_from([WEAK, STRONG]), max_size=9),
    st.booleans(),
    st.floats(0, 1),
    st.sampled_from(["nothing", "email", "code"]),
    st.booleans(),
)
def test_rules_alone_never_do_more_than_raise_the_price(
    found: list[Finding], trapped: bool, load: float, proved: str, quiet: bool
) -> None:
    """Without a score nobody loses a tier, is held or needs an address; every raised price has a reason."""
    outcome = assess(found, trapped=trapped, load=load, proved=proved, quiet=quiet)  # type: ignore[arg-type]
    assert not (outcome.second_step or outcome.tiers_down or outcome.hold)
    assert (outcome.price >= Price.FIRM) == bool(outcome.reason) and len(outcome.reasons) <= 5


@given(st.lists(st.sampled_from([WEAK, STRONG]), max_size=4), st.floats(-9, 9), st.floats(0, 9))
def test_more_evidence_never_makes_it_cheaper(found: list[Finding], score: float, more: float) -> None:
    """The price is monotone in the score and in the findings."""
    less = assess(found, score=replace(NEUTRAL, log_odds=score))
    assert assess(found, score=replace(NEUTRAL, log_odds=score + more)).price >= less.price
    assert assess([*found, WEAK], score=replace(NEUTRAL, log_odds=score)).price >= less.price
