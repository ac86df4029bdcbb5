"""Which account a configuration means."""

from server.payments.account import payment_account
from server.payments.demo_keys import demo_keys
from server.settings import Settings

SECRET = "a secret of at least thirty-two characters"


def test_without_an_account_the_demo_provider_takes_the_money() -> None:
    """Same secret, same keys in every process; another installation has others; browsers go through our origin."""
    account = payment_account(Settings(provider_port=8123), SECRET)
    assert (account.kind, account.api_base, account.browser_api_base) == (
        "demo",
        "http://127.0.0.1:8123",
        "/demo-provider",
    )
    assert account.secret_key == demo_keys(SECRET).secret_key
    assert not account.livemode
    assert account.secret_key != demo_keys(SECRET + "!").secret_key
    assert len({account.secret_key[8:], account.publishable_key[8:], account.webhook_secrets[0][6:]}) == 3


def test_a_configured_account_is_used_with_all_its_webhook_secrets() -> None:
    """Two secrets during a rotation; a live key is recognised."""
    settings = Settings(
        stripe_secret_key="sk_live_1", stripe_publishable_key="pk_live_1", stripe_webhook_secrets="whsec_a, whsec_b"
    )
    account = payment_account(settings, SECRET)
    assert (account.kind, account.livemode, account.webhook_secrets) == ("stripe", True, ("whsec_a", "whsec_b"))
    assert account.api_base == "https://api.stripe.com"
