"""Whose turn it is and was: ledgers of calls and admissions over the turn clock."""

from dataclasses import replace

from waitingroom.model import RATE_WINDOW_MS, SLOT_MS, PlaceState
from waitingroom.rules.state import RoomState, Row, state_of


def note(ledger: tuple[Row, ...], row: Row) -> tuple[Row, ...]:
    """Add a row; one of the same slot is moved to its latest moment, so that a window never counts too few."""
    if ledger and ledger[-1].turn_ms // SLOT_MS == row.turn_ms // SLOT_MS:
        ledger = ledger[:-1]
    return (*ledger, row)


def row_at(ledger: tuple[Row, ...], turn_ms: int) -> Row:
    """Find the row in force at a turn time."""
    return max((row for row in ledger if row.turn_ms <= turn_ms), default=Row(0, 0, 0))


def forget_before(ledger: tuple[Row, ...], turn_ms: int) -> tuple[Row, ...]:
    """Drop the rows that were no longer in force at a turn time."""
    in_force = row_at(ledger, turn_ms)
    return tuple(row for row in ledger if row >= in_force)


def called_this_minute(state: RoomState) -> int:
    """Count the people called within the rate's window."""
    return state.calls - row_at(state.called, state.turn_ms - RATE_WINDOW_MS).people


def claimed_this_minute(state: RoomState) -> int:
    """Count the people admitted within the rate's window."""
    return state.claims - row_at(state.admitted, state.turn_ms - RATE_WINDOW_MS).people


def lapsed_below(state: RoomState, windows: int) -> int:
    """Find the position below which everybody has had *windows* claim windows since they were called."""
    return row_at(state.called, state.turn_ms - windows * state.plan.claim_window_ms).served


def is_late(state: RoomState, position: int) -> bool:
    """Say whether a called place's window has passed."""
    return position < state.lapsed_to or position < lapsed_below(state, 1)


def may_reenter(state: RoomState, position: int) -> bool:
    """Say whether the one re-entry is still open to a late place."""
    return state.plan.reentries > 0 and position >= lapsed_below(state, 1 + state.plan.reentries)


def is_over(state: RoomState, position: int | None, now_ms: int) -> bool:
    """Say whether a place gives its owner nothing any more, so that joining again means a new one."""
    if position is None:
        return False
    match state_of(state, position):
        case PlaceState.LEFT:
            return True
        case PlaceState.CLAIMED:
            visit = state.visits.get(position)
            return visit is None or visit.ends_ms <= now_ms
        case _:
            called = position < state.served
            return called and is_late(state, position) and not may_reenter(state, position)


def advance(state: RoomState, served: int, people: int) -> RoomState:
    """Call everybody up to *served*, *people* of whom are there."""
    row = Row(state.turn_ms, served, state.calls + people)
    return replace(state, served=served, calls=row.people, called=note(state.called, row))
