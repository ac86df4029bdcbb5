"""Currencies: how many decimals the minor unit has, and how Stripe wants the amount.

Amounts inside Frontrow are integers in the ISO 4217 minor unit (1000 is 10.00 eur, 1000 jpy, 1.000 kwd).
Source of the exceptions: docs.stripe.com/currencies, as read for API version 2026-10-28.
"""

from dataclasses import dataclass

from server.faults import Corrupt


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# ISO 4217 exponent 0. Stripe sends these in whole units too, but for ISK and UGX (see STRIPE_HUNDREDFOLD).
ZERO_DECIMAL = _codes("bif clp djf gnf isk jpy kmf krw pyg rwf ugx vnd vuv xaf xof xpf")
# ISO 4217 exponent 3. Stripe takes them in thousandths, but the last digit has to be 0.
THREE_DECIMAL = _codes("bhd jod kwd omr tnd")
# Whole units for ISO, but Stripe kept the two-decimal form for compatibility: 5 isk travels as 500.
STRIPE_HUNDREDFOLD = frozenset({"isk", "ugx"})
# ISO gives them two decimals and Stripe charges two. MGA has 1/5 subunits; Stripe treats it as whole units.
STRIPE_WHOLE = frozenset({"mga"})
TWO_DECIMAL = _codes("""aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc
    cup cve czk dkk dop dzd egp etb eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl htg huf idr ils inr jmd kes kgs khr
    kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen
    pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu
    uzs wst xcd yer zar zmw""")
# The smallest charge Stripe takes, in its own unit; other currencies: the equivalent of 0.50 usd, judged by the provider.
STRIPE_MINIMUM = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
# Eight digits, the largest amount Stripe takes for one charge.
STRIPE_MAXIMUM = 99_999_999


@dataclass(frozen=True, slots=True)
class CurrencyRefused:
    """The amount can't be charged: `currency_unknown`, `amount_not_chargeable` (a third decimal that is not 0)."""

    code: str
    message: str


def is_known(currency: str) -> bool:
    """Say whether *currency* (lower case ISO code) can be sold in."""
    return currency in TWO_DECIMAL or currency in ZERO_DECIMAL or currency in THREE_DECIMAL


def decimals(currency: str) -> int:
    """Count the decimals of the minor unit; *currency* must be known."""
    if currency in ZERO_DECIMAL:
        return 0
    if currency in THREE_DECIMAL:
        return 3
    assert currency in TWO_DECIMAL, f"unknown currency {currency!r}"
    return 2


def to_stripe(amount: int, currency: str) -> int | CurrencyRefused:
    """Convert minor units into what Stripe's `amount` wants."""
    if not is_known(currency):
        return CurrencyRefused("currency_unknown", f"'{currency}' is no currency we can charge.")
    if currency in STRIPE_HUNDREDFOLD:
        return amount * 100
    if currency in STRIPE_WHOLE:
        if amount % 100:
            return CurrencyRefused("amount_not_chargeable", f"{currency} is charged in whole units only.")
        return amount // 100
    if currency in THREE_DECIMAL and amount % 10:
        return CurrencyRefused("amount_not_chargeable", f"The third decimal of an amount in {currency} must be 0.")
    return amount


def charge(amount: int, currency: str) -> int:
    """Return what a form of Stripe's is told the buyer pays. An amount that can't be charged is refused when the payment opens."""
    converted = to_stripe(amount, currency)
    return amount if isinstance(converted, CurrencyRefused) else converted


def from_stripe(amount: int, currency: str) -> int:
    """Convert an amount Stripe reports into minor units."""
    if currency in STRIPE_HUNDREDFOLD:
        if amount % 100:
            raise Corrupt(f"{amount} {currency} has decimals that do not exist")
        return amount // 100
    return amount * 100 if currency in STRIPE_WHOLE else amount


def apportion(total: int, weights: list[int]) -> list[int]:
    """Split *total* in proportion to *weights* so that the parts sum to it (largest remainder, ties to the first).

    *total* may be negative (a refund); a zero sum of weights gives everything to the first part.
    """
    assert weights, "nothing to split among"
    assert all(weight >= 0 for weight in weights)
    if total < 0:
        return [-part for part in apportion(-total, weights)]
    whole = sum(weights)
    if whole == 0:
        return [total] + [0] * (len(weights) - 1)
    parts = [total * weight // whole for weight in weights]
    rest = total - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in by_remainder[:rest]:
        parts[index] += 1
    assert sum(parts) == total
    return parts
