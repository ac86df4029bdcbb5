"""A visitor's token is proof, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from server.visitor import LIFETIME_S, VisitorTokens

NOW = 1_790_000_000
TOKENS = VisitorTokens("a secret that is long enough for a test")


def test_a_token_names_its_visitor_for_a_day() -> None:
    """What was issued is read back until it is 24 hours old, and not a second longer."""
    token = TOKENS.issue(NOW)
    visitor = TOKENS.read(token, NOW)
    assert visitor is not None and len(visitor) == 16
    assert TOKENS.read(token, NOW + LIFETIME_S - 1) == visitor
    assert TOKENS.read(token, NOW + LIFETIME_S) is None


def test_a_renewed_token_keeps_its_visitor() -> None:
    """Renewal moves the end of the session, not whose it is."""
    first = TOKENS.issue(NOW)
    visitor = TOKENS.read(first, NOW)
    again = TOKENS.issue(NOW + LIFETIME_S // 2 + 1, visitor)
    assert TOKENS.stale(first, NOW + LIFETIME_S // 2 + 1)
    assert TOKENS.read(again, NOW + LIFETIME_S + 5) == visitor


def test_another_installations_token_is_refused() -> None:
    """A token signed with another secret proves nothing."""
    assert TOKENS.read(VisitorTokens("another secret, just as long as it").issue(NOW), NOW) is None


def test_a_token_from_the_future_is_refused() -> None:
    """A stamp beyond the clocks' skew was not made by us."""
    assert TOKENS.read(TOKENS.issue(NOW + 61), NOW) is None
    assert TOKENS.read(TOKENS.issue(NOW + 59), NOW) is not None


@given(place=st.integers(0, 70), letter=st.sampled_from("aZ0_-.9 é\x00"))
def test_no_changed_token_is_accepted(place: int, letter: str) -> None:
    """Changing any character of a token makes it worthless."""
    token = TOKENS.issue(NOW)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        assert TOKENS.read(changed, NOW) is None


@given(st.text(max_size=80))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    """Whatever a client sends is refused, never an exception."""
    assert TOKENS.read(text, NOW) is None
