"""What a scan says and what comes back, for HTTP and for whoever calls the door from inside. Times are Unix milliseconds."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.checkin.decide import Colour, Direction

Method = Literal["camera", "wedge", "typed", "photo", "lookup", "program"]
BATCH_MAX = 100


class Scan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reading of a ticket. (*device*, *seq*) names it for ever: sent again, it gets the answer of the first time.

    *code* is a ticket code, or a ticket number where a person looked at the ticket.
    """

    device: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    show: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    gate: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    direction: Direction = "entry"
    method: Method = "program"
    at_ms: Annotated[int, msgspec.Meta(ge=0, le=2**42)] | None = None


class ScannedTicket(msgspec.Struct, frozen=True):
    """The words on the scanned ticket."""

    number: str
    show: int
    category: str
    type: str
    section: str
    row: str
    seat: str
    holder: str


class ScanAnswer(msgspec.Struct, frozen=True):
    """What the screen says. *reason* is empty unless refused; *first_ms* and *first_gate* tell of the ticket's first admission.

    *again* marks a re-entry, *repeated* an answer given before to the same (device, seq).
    """

    device: int
    seq: int
    scan: int
    decision: Literal["admit", "leave", "deny", "undo"]
    colour: Colour
    reason: str
    at_ms: int
    first_ms: int | None = None
    first_gate: str | None = None
    again: bool = False
    repeated: bool = False
    ticket: ScannedTicket | None = None


class ScanRefused(msgspec.Struct, frozen=True):
    """A record that could not be judged at all; the others of its batch are not held up by it."""

    device: int
    seq: int
    refused: Literal["show_unknown", "gate_unknown", "device_unknown", "device_revoked", "scan_key_reused"]
