"""Settings are checked as a whole before anything starts."""

from pathlib import Path

import pytest

from server.settings import InvalidSettings, document, read


def test_an_empty_environment_is_a_working_installation() -> None:
    """Nothing needs to be set to start."""
    assert read({}).port == 8000


def test_every_finding_is_named_at_once() -> None:
    """A person mends all mistakes in one go."""
    with pytest.raises(InvalidSettings) as raised:
        read({"FRONTROW_PORT": "http", "FRONTROW_HOLD_S": "5", "FRONTROW_PROT": "1", "DATABASE_URL": "mysql://x"})
    for name in ("FRONTROW_PORT", "FRONTROW_HOLD_S", "FRONTROW_PROT", "DATABASE_URL"):
        assert name in str(raised.value)


def test_half_a_stripe_account_is_refused() -> None:
    """A secret key without a webhook secret would take money and never hear of it."""
    with pytest.raises(InvalidSettings, match="webhook"):
        read({"FRONTROW_STRIPE_SECRET_KEY": "sk_test_1"})


def test_the_documentation_lists_every_setting() -> None:
    """The page is made from the settings themselves."""
    assert "| `FRONTROW_HOLD_S` | `600` s |" in document()


def test_the_operations_page_has_the_current_settings() -> None:
    """The table in docs/operations.md is the program's own."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert document() in page
