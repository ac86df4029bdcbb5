"""What the demo provider keeps of a charge: percent and fixed part per currency, like Stripe's European list prices."""

# currency: (hundredths of a percent, fixed part in Stripe's unit)
FEES = {
    "eur": (150, 25), "gbp": (150, 20), "usd": (290, 30), "cad": (290, 30), "aud": (175, 30), "chf": (290, 30),
    "sek": (150, 180), "nok": (240, 200), "dkk": (150, 180), "pln": (150, 100), "czk": (150, 650), "huf": (150, 8500),
    "jpy": (360, 0), "twd": (340, 1000),
}  # fmt: skip
OTHERS = (290, 0)


def fee(amount: int, currency: str) -> int:
    """Compute the fee of a charge, rounded half up; never more than the charge itself."""
    basis_points, fixed = FEES.get(currency, OTHERS)
    return min(amount, (amount * basis_points + 5000) // 10_000 + fixed)
