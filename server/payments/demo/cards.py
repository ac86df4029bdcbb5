"""Test cards: what each number does. The numbers and their meaning are Stripe's (docs.stripe.com/testing)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Card:
    """One number. *shorthand* is the part after `pm_card_` and `tok_`; *decline* is (code, decline code, message)."""

    number: str
    shorthand: str
    label: str
    outcome: Literal["succeeds", "authenticates", "declines"] = "succeeds"
    brand: str = "visa"
    decline: tuple[str, str | None, str] | None = None
    refund: Literal["at once", "later", "fails later"] = "at once"

    @property
    def cvc_digits(self) -> int:
        """How long the security code of this brand is."""
        return 4 if self.brand == "amex" else 3


def _declines(number: str, shorthand: str, label: str, code: str, finer: str | None, message: str) -> Card:
    return Card(number, shorthand, label, "declines", decline=(code, finer, message))


DECLINED = "Your card was declined."
CARDS = (
    Card("4242424242424242", "visa", "Succeeds"),
    Card("5555555555554444", "mastercard", "Succeeds", brand="mastercard"),
    Card("378282246310005", "amex", "Succeeds (security code of 4 digits)", brand="amex"),
    Card("4000056655665556", "visa_debit", "Succeeds (debit)"),
    Card("4000000000003220", "threeDSecure2Required", "Asks for 3-D Secure", "authenticates"),
    Card("4000002500003155", "authenticationRequiredOnSetup", "Asks for 3-D Secure", "authenticates"),
    Card("4000002760003184", "authenticationRequired", "Asks for 3-D Secure", "authenticates"),
    Card(
        "4000008400001629",
        "threeDSecureRequiredChargeDeclined",
        "Asks for 3-D Secure, then declines",
        "authenticates",
        decline=("card_declined", "generic_decline", DECLINED),
    ),
    _declines(
        "4000000000000002", "visa_chargeDeclined", "Declined", "card_declined", "generic_decline", DECLINED
    ),
    _declines(
        "4000000000009995",
        "visa_chargeDeclinedInsufficientFunds",
        "Declined: insufficient funds",
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    _declines(
        "4000000000009987", "visa_chargeDeclinedLostCard", "Declined: lost", "card_declined", "lost_card", DECLINED
    ),
    _declines(
        "4000000000009979", "visa_chargeDeclinedStolenCard", "Declined: stolen", "card_declined", "stolen_card", DECLINED
    ),
    _declines(
        "4000000000006975",
        "visa_chargeDeclinedVelocityLimitExceeded",
        "Declined: too many tries",
        "card_declined",
        "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    ),
    _declines(
        "4000000000000069", "chargeDeclinedExpiredCard", "Declined: expired", "expired_card", None, "Your card has expired."
    ),
    _declines(
        "4000000000000127",
        "chargeDeclinedIncorrectCvc",
        "Declined: wrong security code",
        "incorrect_cvc",
        None,
        "Your card's security code is incorrect.",
    ),
    _declines(
        "4000000000000119",
        "chargeDeclinedProcessingError",
        "Declined: processing error",
        "processing_error",
        None,
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    Card("4000000000007726", "pendingRefund", "Succeeds; refunds take a while", refund="later"),
    Card("4000000000005126", "refundFail", "Succeeds; refunds fail afterwards", refund="fails later"),
)  # fmt: skip
BY_NUMBER = {card.number: card for card in CARDS}
BY_SHORTHAND = {card.shorthand: card for card in CARDS} | {
    # Older names of the same cards, which programs still use.
    "chargeDeclined": BY_NUMBER["4000000000000002"],
    "chargeDeclinedInsufficientFunds": BY_NUMBER["4000000000009995"],
    "threeDSecureRequired": BY_NUMBER["4000000000003220"],
    "us": BY_NUMBER["4242424242424242"],
}


def passes_luhn(number: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812-1, annex B)."""
    digits = [int(char) for char in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
