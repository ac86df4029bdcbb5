"""The line frame: the one message a whole room shares, written by the usher every tick. From it everybody reads their own place.

It holds absolute values only, so that the latest frame is enough, a lost one does no harm, and a stored one serves whoever comes back.
Nothing in it is about one visitor; it may be cached and shown to anybody.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

FramePhase = Literal["planned", "lobby", "drawing", "open", "draining", "closed"]
Reason = Literal["organiser", "payments_down", "checkout_slow", "no_signal", "full", "measuring"]

# Where the usher publishes frames: one channel for all rooms, so that a process subscribes once.
FRAMES_CHANNEL: Final = "line-frames"

UnixMs = Annotated[int, Meta(ge=0, le=2**53 - 1, description="Unix time in milliseconds.")]
Places = Annotated[int, Meta(ge=0, le=2**32 - 1, description="A number of places.")]
Text = Annotated[str, Meta(max_length=280)]


class FrameMessage(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What the organiser, or the usher, has to say. A new text has a new id, so that it is read out once."""

    id: str
    text: Text


class LineFrame(Struct, frozen=True, gc=False, kw_only=True, tag_field="t", tag="line"):
    """The state of one waiting room. Readers ignore fields they do not know, so that an upgrade may add one.

    A visitor with a position below `served` is called. `now_ms` is the store's clock: clients count down from it, never from their own.
    """

    room: int
    epoch: Annotated[int, Meta(ge=0, description="Life of the line; a new one means that every place was given anew.")]
    tick: Annotated[int, Meta(ge=0, description="Rises with every frame of an epoch; drop a frame that is not newer.")]
    now_ms: UnixMs
    phase: FramePhase
    paused: bool = False
    passthrough: Annotated[bool, Meta(description="Nobody has to wait at the moment.")] = False
    opens_ms: Annotated[UnixMs | None, Meta(description="When the next phase begins, if it is known.")] = None
    lobby: Annotated[Places, Meta(description="Places given by the draw: positions below this one.")] = 0
    next: Annotated[Places, Meta(description="The index the next one to join gets: so many have joined.")] = 0
    served: Annotated[Places, Meta(description="The watermark: positions below it are called.")] = 0
    rate: Annotated[
        tuple[float, float, float] | None,
        Meta(description="People called per minute: cautious, likely, hopeful (p10, p50, p90). None: not known yet."),
    ] = None
    hazard: Annotated[float, Meta(ge=0, description="Share of the waiting who give up, per minute.")] = 0.0
    density: Annotated[
        str, Meta(description="base64url of 64 bytes: share/255 still waiting in the blocks of waitingroom/density.py.")
    ] = ""
    waiting: Annotated[Places, Meta(description="People waiting, those who gave up left out.")] = 0
    left: Annotated[Places | None, Meta(description="Places left to buy, where the organiser shows it.")] = None
    sold_out: bool = False
    reason: Annotated[Reason | None, Meta(description="Why the line is slower than it was, if it is.")] = None
    message: FrameMessage | None = None
    poll_ms: Annotated[int, Meta(ge=250, description="How often to ask, for those who have no socket.")] = 5000


encode_frame = msgspec.json.Encoder().encode
decode_frame = msgspec.json.Decoder(LineFrame).decode


def newer(frame: LineFrame, than: LineFrame | None) -> bool:
    """Tell whether *frame* supersedes the one a process or page already has."""
    return than is None or (frame.epoch, frame.tick) > (than.epoch, than.tick)
