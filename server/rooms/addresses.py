"""Addresses of rooms. What a visitor holds is never part of one."""

from __future__ import annotations

from urllib.parse import urlencode

from server.rooms.facts import RoomFacts


def room_address(facts: RoomFacts, to: int | None = None, **said: str) -> str:
    """Return the address of a room's page, on the way to *to* if that is one of its shows."""
    words = urlencode(({"to": str(to)} if to in facts.shows else {}) | said)
    return f"/rooms/{facts.slug}" + (f"?{words}" if words else "")


def show_wanted(text: str) -> int | None:
    """Return the show that *text* numbers; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
