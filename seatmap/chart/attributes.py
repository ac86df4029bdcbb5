"""What may be special about a seat, as bits of one 16-bit number."""

from collections.abc import Iterable
from enum import IntFlag


class Attribute(IntFlag):
    """One bit per property; the values are part of the wire form and never change."""

    WHEELCHAIR_SPACE = 1
    WHEELCHAIR_TRANSFER = 2
    COMPANION = 4
    SEMI_AMBULATORY = 8
    LIFT_ARMREST = 16
    HEARING_LOOP = 32
    SIGN_LANGUAGE = 64
    OBSTRUCTED_VIEW = 128
    PLUS_SIZE = 256
    RESTRICTED_VIEW = 512
    AISLE = 1024
    STEP_FREE = 2048
    BEHIND_STAGE = 4096
    NO_ALCOHOL = 8192
    FAMILY = 16384
    STANDING_RAIL = 32768


# Seats of this pool are offered only to those who ask for them.
ACCESSIBLE = Attribute.WHEELCHAIR_SPACE | Attribute.WHEELCHAIR_TRANSFER

BITS = {attribute.name.lower(): int(attribute) for attribute in Attribute if attribute.name}


def bits_of(names: Iterable[str]) -> int:
    """Add up the bits of *names*; unknown names count nothing (validation reports them)."""
    bits = 0
    for name in names:
        bits |= BITS.get(name, 0)
    return bits


def names_of(bits: int) -> list[str]:
    """List the names of the bits that are set, lowest bit first."""
    return [name for name, bit in BITS.items() if bits & bit]
