"""Fees on a ticket: a percentage of its price plus a fixed amount, paid by the buyer on top or by the organiser out of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

BASIS_POINTS = 10_000


class FeeRule(msgspec.Struct, frozen=True):
    """One fee. *percent_bp* is in hundredths of a percent of the price, *fixed* in minor units per ticket."""

    name: str
    percent_bp: int
    fixed: int
    payer: Literal["buyer", "organiser"]

    def on(self, amount: int) -> int:
        """Return the fee on one ticket that costs *amount*, rounded half up. Free tickets are free of fees."""
        if amount == 0:
            return 0
        return (amount * self.percent_bp + BASIS_POINTS // 2) // BASIS_POINTS + self.fixed


def buyer_fee(rules: Sequence[FeeRule], amount: int) -> int:
    """Return what the buyer pays on top of *amount*."""
    return sum(rule.on(amount) for rule in rules if rule.payer == "buyer")


def organiser_fee(rules: Sequence[FeeRule], amount: int) -> int:
    """Return what is taken from the organiser's *amount*; never more than all of it."""
    return min(amount, sum(rule.on(amount) for rule in rules if rule.payer == "organiser"))
