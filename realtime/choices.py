"""Choose seats for people: the port to best available, equivalents and the rule about single seats."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from realtime.messages import Best, Offer
from realtime.show_session import ShowSession

# A seat and the ticket type of who sits there.
Pick = list[tuple[int, int]]


class Choices(Protocol):
    """Choose on the picture in memory; whoever asks claims the seats in the store afterwards."""

    def best(self, session: ShowSession, visitor: str, command: Best, avoid: Collection[int]) -> Pick | str:
        """Choose seats together for the party, none of *avoid*, or say why not.

        Codes: `no_seats_together`, `accessible_full`, `type_not_sold`, `busy`.
        """
        ...

    def instead_of_best(self, session: ShowSession, visitor: str, command: Best, avoid: Collection[int]) -> list[Offer]:
        """Offer up to three choices for a party that cannot sit together as it asked."""
        ...

    def equivalents(self, session: ShowSession, visitor: str, wanted: Pick, *, accessible: bool) -> list[Offer]:
        """Offer up to three choices as good as *wanted*, which are gone or kept for others.

        Wheelchair spaces for wheelchair spaces when *accessible*, else nothing that is kept for people who need it.
        """
        ...

    def stranded(
        self, session: ShowSession, wanted: Pick, own: Collection[int]
    ) -> tuple[Sequence[int], list[Offer]] | None:
        """Tell which single seats *wanted* would leave that nobody buys, and what to take instead; None when it is fine.

        *own* are seats the visitor holds already.
        """
        ...
