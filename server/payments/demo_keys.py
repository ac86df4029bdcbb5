"""The keys of the demo provider, made from the installation's secret: every process derives the same ones."""

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoKeys:
    """Test keys in Stripe's form; they open the demo provider of one installation only."""

    secret_key: str
    publishable_key: str
    webhook_secret: str


def demo_keys(secret: str) -> DemoKeys:
    """Derive the keys from the installation's *secret*."""
    return DemoKeys(
        secret_key=f"sk_test_{_derive(secret, 'secret key')}",
        publishable_key=f"pk_test_{_derive(secret, 'publishable key')}",
        webhook_secret=f"whsec_{_derive(secret, 'webhook secret')}",
    )


def _derive(secret: str, purpose: str) -> str:
    return hmac.new(secret.encode(), f"frontrow demo provider: {purpose}".encode(), hashlib.sha256).hexdigest()[:40]
