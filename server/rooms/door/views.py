"""What the door says and hears over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

TEXT_MAX = 1000


class ChallengeView(Struct):
    """What joining costs now. *challenge* null: join without one. It is good until *expires_at_ms*, for this session only."""

    price: Literal["none", "light", "firm", "dear"] | str
    challenge: dict[str, Any] | None
    expires_at_ms: int | None
    expected_ms: int
    """The mean time a usual computer needs; nobody needs more than twice that on it."""


class ActionView(Struct):
    """Something that was done to a place, with the class of its reason."""

    id: int
    action: str
    reason: str
    at_ms: int
    lifted: bool


class StandingView(Struct):
    """Everything done to a place, and how its contest stands."""

    review: Literal["open", "upheld", "restored"] | None
    held: bool
    """Whether a claim waits for somebody to look; the place is kept meanwhile."""
    actions: list[ActionView]


class Contest(Struct, forbid_unknown_fields=True):
    """A contest of what was done to one's place. The text may be empty: a click is enough."""

    text: Annotated[str, Meta(max_length=TEXT_MAX)] = ""
