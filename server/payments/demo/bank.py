"""The buyer's bank: the hosted 3-D Secure page where a person (or a program) approves or refuses a payment."""

import base64
import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from server.payments.currency import decimals, from_stripe
from server.payments.demo.intents import authenticate
from server.payments.demo.records import Intent
from server.payments.demo.world import World

PATH = "/bank/authenticate/"
_TEMPLATE = Template(files(__package__).joinpath("bank.html").read_text())
_STYLE = _TEMPLATE.template.split("<style>")[1].split("</style>")[0]
# The page runs nothing, loads nothing and may only be framed by its own origin (the checkout page may do so).
POLICY = f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; base-uri 'none'; frame-ancestors 'self'"


@dataclass(frozen=True, slots=True)
class BankReply:
    """A page, or a redirect when *location* is set."""

    status: int
    page: bytes = b""
    location: str | None = None


def show(world: World, intent_id: str, token: str) -> BankReply:
    """Ask the person about the payment the address names."""
    intent = _waiting(world, intent_id, token)
    return BankReply(200, _question(world, intent)) if intent is not None else _closed()


def answer(world: World, intent_id: str, token: str, form: Mapping[str, str]) -> BankReply:
    """Take the answer and send the person back to the shop. A second answer changes nothing."""
    intent = _waiting(world, intent_id, token)
    if intent is None or intent.action is None:
        return _closed()
    outcome = form.get("outcome")
    if outcome not in ("approve", "refuse"):
        return BankReply(400, _question(world, intent))
    call = world.begin()
    after = authenticate(call, intent, approved=outcome == "approve")
    world.finish(call)
    return BankReply(303, location=back_url(intent.action.return_url, after))


def back_url(return_url: str, intent: Intent) -> str:
    """Add to the shop's address what Stripe adds."""
    parts = urlsplit(return_url)
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("payment_intent", intent.id),
        ("payment_intent_client_secret", intent.client_secret),
        ("redirect_status", "succeeded" if intent.status == "succeeded" else "failed"),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _waiting(world: World, intent_id: str, token: str) -> Intent | None:
    intent = world.store.get(intent_id, Intent)
    if intent is None or intent.action is None or intent.action.token != token:
        return None
    return intent if intent.status == "requires_action" else None


def _closed() -> BankReply:
    """Say that there is nothing (left) to answer: answered already, cancelled by the shop, or a wrong address."""
    content = (
        "<h1>This question is closed</h1>"
        "<p>It was answered before, or the shop cancelled the payment. Go back to the shop: it knows what happened.</p>"
    )
    return BankReply(410, _TEMPLATE.substitute(content=content).encode())


def _question(world: World, intent: Intent) -> bytes:
    method = world.begin().method(intent.method or "")
    rows = [
        ("Shop", intent.description or "Frontrow"),
        ("Amount", f"{_money(intent.amount, intent.currency)} {intent.currency.upper()}"),
        ("Card", f"{method.brand.capitalize()} ending in {method.last4}"),
    ]
    table = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in rows)
    content = (
        "<h1>Is this payment yours?</h1><p>Your bank wants to be sure that it is you.</p>"
        f"<dl>{table}</dl>"
        '<form method="post"><button name="outcome" value="approve">Approve payment</button>'
        '<button name="outcome" value="refuse">Refuse</button></form>'
    )
    return _TEMPLATE.substitute(content=content).encode()


def _money(amount: int, currency: str) -> str:
    places = decimals(currency)
    digits = str(from_stripe(amount, currency)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits
