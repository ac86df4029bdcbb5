"""Decide at the door: one pure function from what is known about a ticket to what the screen says.

The browser's twin is web/src/door/decide.ts; both are held to tests/vectors/checkin.json. What later issues add fits without
another function: an offline scanner fills the same facts from its manifest, exits and re-entry are a rule, an override is a
decision recorded over this one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, assert_never

from server.tickets.code import CodeRefusal, Kind

Direction = Literal["entry", "exit"]
TicketState = Literal["issued", "suspended", "void"]
Colour = Literal["green", "amber", "red"]


class Reason(StrEnum):
    """Why nobody goes in. The value is the stable code; `COLOUR` says whether to refuse (red) or to look again (amber)."""

    CODE_UNREADABLE = "code_unreadable"
    CODE_UNKNOWN_FORMAT = "code_unknown_format"
    CODE_DAMAGED = "code_damaged"
    CODE_WRONG_EVENT = "code_wrong_event"
    CODE_UNKNOWN_KEY = "code_unknown_key"
    CODE_KEY_RETIRED = "code_key_retired"
    CODE_FORGED = "code_forged"
    TICKET_UNKNOWN = "ticket_unknown"  # a good signature, but no such ticket is known here
    TICKET_NEWER = "ticket_newer"  # re-issued after what is known here; ask whoever knows more
    TICKET_SUPERSEDED = "ticket_superseded"  # re-issued since: somebody holds a newer code
    TICKET_VOID = "ticket_void"  # cancelled or refunded
    TICKET_SUSPENDED = "ticket_suspended"  # its payment is disputed
    KIND_NOT_ADMITTED = "kind_not_admitted"  # an add-on or a parking ticket at a door for people
    WRONG_SHOW = "wrong_show"
    WRONG_GATE = "wrong_gate"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    ALREADY_INSIDE = "already_inside"
    ALREADY_USED = "already_used"  # as often as its rule allows; not inside now
    NOT_INSIDE = "not_inside"  # leaving without having come in


_AMBER: Final = frozenset(
    {
        Reason.CODE_UNREADABLE,
        Reason.CODE_UNKNOWN_FORMAT,
        Reason.CODE_DAMAGED,
        Reason.CODE_UNKNOWN_KEY,
        Reason.TICKET_NEWER,
        Reason.TICKET_SUSPENDED,
        Reason.WRONG_GATE,
        Reason.TOO_EARLY,
        Reason.NOT_INSIDE,
    }
)


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What is known about a ticket: its row here, or its line in a scanner's manifest."""

    show: int
    state: TicketState
    generation: int
    admission_class: int
    kind: Kind = Kind.ADMISSION


@dataclass(frozen=True, slots=True)
class Presence:
    """What the door remembers about a ticket at one show. *first_ms* and *first_gate* belong to its first admission."""

    inside: bool = False
    entries: int = 0
    first_ms: int | None = None
    first_gate: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """How often, and between which moments (Unix ms), a ticket of a show enters."""

    entries_max: int = 1
    opens_ms: int | None = None
    closes_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Where the scan happens. No classes listed means every class may pass."""

    show: int
    direction: Direction = "entry"
    classes: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Presented:
    """What a code says once its signature was believed. A ticket found by hand claims no generation."""

    generation: int | None


@dataclass(frozen=True, slots=True)
class Admit:
    """Green. *again* tells a re-entry."""

    again: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """Green at an exit."""


@dataclass(frozen=True, slots=True)
class Deny:
    """Red or amber, with the first admission's time (Unix ms) and gate where that is the reason."""

    reason: Reason
    first_ms: int | None = None
    first_gate: str | None = None


Decision = Admit | Leave | Deny


def decide(
    presented: Presented | CodeRefusal,
    ticket: TicketFacts | None,
    presence: Presence,
    rule: Rule,
    gate: Gate,
    now_ms: int,
) -> Decision:
    """Let the bearer through, or name the first thing that forbids it.

    The order of the checks is the order of what helps the person at the door: a forged code is not worth a word about
    opening hours, and a void ticket must not be told to come back later.
    """
    if isinstance(presented, str):
        return Deny(Reason(presented))
    if ticket is None:
        return Deny(Reason.TICKET_UNKNOWN)
    if (stale := _generation(presented, ticket)) is not None:
        return Deny(stale)
    if ticket.state == "void":
        return Deny(Reason.TICKET_VOID)
    if ticket.show != gate.show:
        return Deny(Reason.WRONG_SHOW)
    if ticket.kind not in (Kind.ADMISSION, Kind.STAFF):
        return Deny(Reason.KIND_NOT_ADMITTED)
    if gate.direction == "exit":
        return Leave() if presence.inside else Deny(Reason.NOT_INSIDE)
    if presence.inside:
        return Deny(Reason.ALREADY_INSIDE, presence.first_ms, presence.first_gate)
    if presence.entries >= rule.entries_max:
        return Deny(Reason.ALREADY_USED, presence.first_ms, presence.first_gate)
    if ticket.state == "suspended":
        return Deny(Reason.TICKET_SUSPENDED)
    if gate.classes and ticket.admission_class not in gate.classes:
        return Deny(Reason.WRONG_GATE)
    if rule.opens_ms is not None and now_ms < rule.opens_ms:
        return Deny(Reason.TOO_EARLY)
    if rule.closes_ms is not None and now_ms >= rule.closes_ms:
        return Deny(Reason.TOO_LATE)
    return Admit(again=presence.entries > 0)


def after(presence: Presence, decision: Decision, now_ms: int, gate_name: str) -> Presence:
    """What the door remembers once *decision* was carried out."""
    match decision:
        case Admit():
            first_ms, first_gate = (presence.first_ms, presence.first_gate) if presence.entries else (now_ms, gate_name)
            return Presence(True, presence.entries + 1, first_ms, first_gate)
        case Leave():
            return Presence(False, presence.entries, presence.first_ms, presence.first_gate)
        case Deny():
            return presence
        case _:
            assert_never(decision)


def colour(decision: Decision) -> Colour:
    """The screen's colour: green lets through, red refuses, amber asks for a second look or the help desk."""
    if not isinstance(decision, Deny):
        return "green"
    return "amber" if decision.reason in _AMBER else "red"


def _generation(presented: Presented, ticket: TicketFacts) -> Reason | None:
    if presented.generation is None or presented.generation == ticket.generation:
        return None
    return Reason.TICKET_SUPERSEDED if presented.generation < ticket.generation else Reason.TICKET_NEWER
