"""What an audit says when something does not agree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that does not agree: which check, about what, and what it says."""

    check: str
    subject: str
    says: str

    def __str__(self) -> str:
        return f"{self.check}: {self.subject}: {self.says}"
