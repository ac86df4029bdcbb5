"""What an attack tried and what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. *told* is the refusal's code, "" when it was not refused; *due* are the refusals it should meet.

    *gained*: it got something that was not its own.
    """

    what: str
    told: str
    due: tuple[str, ...]
    gained: bool = False

    @property
    def repelled(self) -> bool:
        """Whether it met a refusal it should have met, and gained nothing. Without *due* gaining nothing is enough."""
        return not self.gained and (not self.due or self.told in self.due)


@dataclass(slots=True)
class Report:
    """One attack, try by try."""

    attack: str
    attempts: list[Attempt] = field(default_factory=list)

    def add(self, what: str, told: str, *due: str, gained: bool = False) -> None:
        """Write one try down."""
        self.attempts.append(Attempt(what, told, due, gained))

    @property
    def broken(self) -> list[Attempt]:
        """The tries that were not repelled."""
        return [attempt for attempt in self.attempts if not attempt.repelled]

    def lines(self) -> list[str]:
        """Return the report as text."""
        failed = len(self.broken)
        head = f"{self.attack}: {len(self.attempts)} tries, " + (f"{failed} NOT REPELLED" if failed else "all repelled")
        return [
            head,
            *(
                f"  {'ok ' if one.repelled else 'NOT'} {one.what}: {one.told or 'as it should be'}"
                for one in self.attempts
            ),
        ]
