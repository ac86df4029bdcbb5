"""Which account takes the money: the Stripe account of the settings, or the demo provider beside us."""

from server.payments.demo_keys import demo_keys
from server.payments.stripe_payments import StripeSetup
from server.settings import Settings

DEMO_BROWSER_BASE = "/demo-provider"


def payment_account(settings: Settings, secret: str) -> StripeSetup:
    """Choose by *settings*; *secret* is the installation's (the demo provider's keys are derived from it)."""
    if settings.demo_payments:
        keys = demo_keys(secret)
        return StripeSetup(
            keys.secret_key,
            keys.publishable_key,
            (keys.webhook_secret,),
            kind="demo",
            api_base=f"http://127.0.0.1:{settings.provider_port}",
            browser_api_base=DEMO_BROWSER_BASE,
        )
    secrets = tuple(part.strip() for part in settings.stripe_webhook_secrets.split(",") if part.strip())
    return StripeSetup(settings.stripe_secret_key, settings.stripe_publishable_key, secrets)
