"""What the API says about a place in line, and what it takes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

State = Literal["waiting", "called", "claimed", "lapsed", "left"]
Coordinate = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$")]


class PublicKey(Struct, frozen=True):
    """The point of a P-256 public key, as a JWK names it; a whole JWK is welcome."""

    x: Coordinate
    y: Coordinate


class JoinLine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Join by *method*: `device` (a key, or this browser), `email` (first without, then with its six digits), `code` (an invitation).

    *challenge* is the solved one of `…/challenge`; *hints* are what the page noticed.
    """

    method: Literal["device", "email", "code"] = "device"
    key: PublicKey | None = None
    challenge: Annotated[str, Meta(max_length=4096)] | None = None
    hints: dict[str, Any] | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    email_code: Annotated[str, Meta(max_length=12)] | None = None
    access_code: Annotated[str, Meta(max_length=200)] | None = None


class Mine(Struct, frozen=True, kw_only=True):
    """A place in line as its owner sees it. *position* is null until the draw; times are Unix milliseconds of the server.

    *go* is where to choose seats once the place is claimed. *visit_until_ms* says for how long, 0 that the visit is over: its time was
    up, or a purchase ended it, and *bought* is then where the tickets are. *reentry*: it lapsed and may be claimed once more. *drawn*: the
    place comes from the draw. *email*: where the letter goes, masked. *token* is for programs: header `Frontrow-Place`.
    """

    room: int
    index: int
    tier: int
    position: int | None
    state: State
    claim_until_ms: int | None = None
    visit_until_ms: int | None = None
    go: str | None = None
    bought: str | None = None
    reentry: bool = False
    drawn: bool = False
    email: str | None = None
    notify: bool = False
    review: str | None = None
    token: str | None = None


class Needs(Struct, frozen=True):
    """The join is not complete: a letter with six digits is on its way. The same answer for every address."""

    needs: Literal["email_code"]


class NonceView(Struct, frozen=True):
    """Sign `frontrow claim v1\\n<room>\\n<nonce>` within two minutes."""

    nonce: str


class ClaimPlace(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The proof that the holder asks: *signature* (ECDSA P-256, SHA-256, 64 bytes r‖s in base64url) and the key; a browser without a
    key proves itself by its cookie. *to* is the show to go to."""

    nonce: Annotated[str, Meta(max_length=64)]
    key: PublicKey | None = None
    signature: Annotated[str, Meta(max_length=100)] | None = None
    to: int | None = None


class ClaimedView(Struct, frozen=True):
    """You may choose seats until *expires_at_ms*; *go* is where."""

    expires_at_ms: int
    go: str


class AskNotice(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to write when the turn is near."""

    email: Annotated[str, Meta(max_length=254)]
