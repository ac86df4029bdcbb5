"""The demo provider's keys follow from the installation's secret."""

from server.payments.demo_keys import demo_keys

SECRET = "a secret of at least thirty-two characters"


def test_every_process_derives_the_same_keys_and_no_other_installation_does() -> None:
    """Same secret, same keys; another secret, others; the three of one installation share nothing."""
    keys = demo_keys(SECRET)
    assert keys == demo_keys(SECRET)
    assert keys.secret_key != demo_keys(SECRET + "!").secret_key
    assert len({keys.secret_key[8:], keys.publishable_key[8:], keys.webhook_secret[6:]}) == 3
    assert keys.secret_key.startswith("sk_test_"), "never mistaken for a live key"
