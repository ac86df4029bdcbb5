"""The table of the demo provider's API: what each path does, which parameters it takes, who may call it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from msgspec.structs import replace

from server.payments.demo import intents, methods, refunds, wire
from server.payments.demo.errors import Refused, invalid, missing
from server.payments.demo.forms import EXPAND, LIST, Spec, boolean, metadata, text, texts
from server.payments.demo.intents import BankUrl, Declined
from server.payments.demo.records import Charge, Endpoint, Event, Intent, Method, Record, Refund, Transaction
from server.payments.demo.world import Call

R = TypeVar("R", bound=Record)
EVENTS_MAX = 250
ENDPOINTS_MAX = 16


@dataclass(frozen=True, slots=True)
class Request:
    """A call with its parameters checked. *object_id* comes from the path, *browser* means a publishable key."""

    call: Call
    values: dict[str, Any]
    object_id: str
    bank_url: BankUrl
    browser: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer that is not 200 and still happened: a decline."""

    status: int
    body: wire.Json


@dataclass(frozen=True, slots=True)
class Route:
    """One operation; *browser* is the specification for publishable keys, when they may call it."""

    run: Callable[[Request], "wire.Json | Outcome"]
    spec: Spec = field(default_factory=dict)
    browser: Spec | None = None


def _intent(request: Request) -> Intent:
    """Find the intent of the path; with a publishable key only for who knows its client secret."""
    intent = request.call.need(Intent, request.object_id, "intent")
    if request.browser and request.values.get("client_secret") != intent.client_secret:
        raise missing("payment_intent", request.object_id, "intent")
    return intent


def _shown(request: Request, result: Intent | Declined) -> wire.Json | Outcome:
    view = wire.browser_intent if request.browser else wire.intent
    if isinstance(result, Intent):
        return view(result, request.call.method)
    failed = result.intent
    assert failed.failure is not None
    error = {**wire.failure(failed.failure, request.call.method), "payment_intent": view(failed, request.call.method)}
    return Outcome(402, {"error": error})


def _create_intent(request: Request) -> wire.Json | Outcome:
    return _shown(request, intents.create(request.call, request.values, request.bank_url))


def _retrieve_intent(request: Request) -> wire.Json | Outcome:
    return _shown(request, _intent(request))


def _update_intent(request: Request) -> wire.Json | Outcome:
    return _shown(request, intents.update(request.call, request.values, _intent(request)))


def _confirm_intent(request: Request) -> wire.Json | Outcome:
    return _shown(request, intents.confirm(request.call, request.values, _intent(request), request.bank_url))


def _cancel_intent(request: Request) -> wire.Json | Outcome:
    return _shown(request, intents.cancel(request.call, request.values, _intent(request)))


def _page(request: Request, kind: type[R], url: str, *, parent: str | None = None) -> wire.Json:
    """Answer a list request, newest first, with Stripe's cursors."""
    values = request.values
    for cursor in ("starting_after", "ending_before"):
        if cursor in values:
            request.call.need(kind, values[cursor], cursor, status=400)
    if "starting_after" in values and "ending_before" in values:
        raise invalid("You may only specify one of these parameters: starting_after, ending_before.", early=True)
    records, more = request.call.world.store.page(
        kind,
        parent=parent,
        created=values.get("created"),
        older_than=values.get("starting_after"),
        newer_than=values.get("ending_before"),
        limit=values.get("limit", 10),
    )
    call = request.call
    return wire.page(url, [_item(call, record) for record in records], more)


def _item(call: Call, record: Record) -> wire.Json:
    if isinstance(record, Event):
        return wire.event(record, call.world.store.count_pending(record.id))
    return wire.render(record, call.method)


def _list_intents(request: Request) -> wire.Json:
    return _page(request, Intent, "/v1/payment_intents")


def _list_charges(request: Request) -> wire.Json:
    return _page(request, Charge, "/v1/charges", parent=request.values.get("payment_intent"))


def _list_refunds(request: Request) -> wire.Json:
    parent = request.values.get("payment_intent")
    if "charge" in request.values:
        parent = request.call.need(Charge, request.values["charge"], "charge", status=400).intent
    return _page(request, Refund, "/v1/refunds", parent=parent)


def _list_transactions(request: Request) -> wire.Json:
    return _page(request, Transaction, "/v1/balance_transactions", parent=request.values.get("source"))


def _list_events(request: Request) -> wire.Json:
    return _page(request, Event, "/v1/events")


def _retrieve(kind: type[Record], param: str) -> Callable[[Request], wire.Json]:
    def run(request: Request) -> wire.Json:
        return _item(request.call, request.call.need(kind, request.object_id, param))

    return run


def _create_refund(request: Request) -> wire.Json:
    return wire.refund(refunds.create(request.call, request.values))


def _update_refund(request: Request) -> wire.Json:
    refund = request.call.need(Refund, request.object_id, "refund")
    return wire.refund(refunds.update(request.call, request.values, refund))


def _create_method(request: Request) -> wire.Json:
    return methods.create(request.call, request.values)


def _balance(request: Request) -> wire.Json:
    return wire.balance(request.call.world.store.balances())


def _create_endpoint(request: Request) -> wire.Json:
    call, values = request.call, request.values
    if len(call.world.endpoints()) >= ENDPOINTS_MAX:
        raise invalid(f"You have reached the maximum of {ENDPOINTS_MAX} test webhook endpoints.")
    endpoint = Endpoint(
        id=call.new_id("we"),
        created=call.now,
        url=_endpoint_url(values["url"]),
        enabled_events=values["enabled_events"][:EVENTS_MAX],
        secret=f"whsec_{call.world.ids.random(32)}",
        description=values.get("description"),
        metadata=values.get("metadata", {}),
    )
    call.put(endpoint)
    return wire.endpoint(endpoint, with_secret=True)


def _update_endpoint(request: Request) -> wire.Json:
    endpoint = request.call.need(Endpoint, request.object_id, "webhook_endpoint")
    values = request.values
    changed = replace(
        endpoint,
        url=_endpoint_url(values["url"]) if "url" in values else endpoint.url,
        enabled_events=values.get("enabled_events", endpoint.enabled_events)[:EVENTS_MAX],
        description=values.get("description", endpoint.description),
        status=("disabled" if values["disabled"] else "enabled") if "disabled" in values else endpoint.status,
    )
    request.call.put(changed)
    return wire.endpoint(changed)


def _delete_endpoint(request: Request) -> wire.Json:
    endpoint = request.call.need(Endpoint, request.object_id, "webhook_endpoint")
    request.call.world.forget_endpoint(endpoint)
    return {"id": endpoint.id, "object": "webhook_endpoint", "deleted": True}


def _endpoint_url(url: str) -> str:
    if not url.startswith(("http://", "https://")) or not url.isprintable():
        raise invalid("Invalid URL: an http or https address is needed.", code="url_invalid", param="url")
    return url


def _list_endpoints(request: Request) -> wire.Json:
    return _page(request, Endpoint, "/v1/webhook_endpoints")


ENDPOINT: Spec = {
    "url": text,
    "enabled_events": texts,
    "description": text,
    "metadata": metadata,
    "api_version": text,
    **EXPAND,
}
NEW_ENDPOINT: Spec = {
    **{name: reader for name, reader in ENDPOINT.items() if name not in ("url", "enabled_events")},
    "url!": text,
    "enabled_events!": texts,
}
BY_PARENT: Spec = {**LIST, "payment_intent": text}

# (method, resource, is there an id, verb after the id)
ROUTES: dict[tuple[str, str, bool, str], Route] = {
    ("POST", "payment_intents", False, ""): Route(_create_intent, intents.CREATE),
    ("GET", "payment_intents", False, ""): Route(_list_intents, intents.INTENT_LIST),
    ("GET", "payment_intents", True, ""): Route(
        _retrieve_intent, {**EXPAND, "client_secret": text}, intents.BROWSER_RETRIEVE
    ),
    ("POST", "payment_intents", True, ""): Route(_update_intent, intents.UPDATE),
    ("POST", "payment_intents", True, "confirm"): Route(_confirm_intent, intents.CONFIRM, intents.BROWSER_CONFIRM),
    ("POST", "payment_intents", True, "cancel"): Route(_cancel_intent, intents.CANCEL),
    ("POST", "payment_methods", False, ""): Route(_create_method, methods.CREATE),
    ("GET", "payment_methods", True, ""): Route(_retrieve(Method, "payment_method"), EXPAND),
    ("GET", "charges", False, ""): Route(_list_charges, BY_PARENT),
    ("GET", "charges", True, ""): Route(_retrieve(Charge, "charge"), EXPAND),
    ("POST", "refunds", False, ""): Route(_create_refund, refunds.CREATE),
    ("GET", "refunds", False, ""): Route(_list_refunds, refunds.REFUND_LIST),
    ("GET", "refunds", True, ""): Route(_retrieve(Refund, "refund"), EXPAND),
    ("POST", "refunds", True, ""): Route(_update_refund, refunds.UPDATE),
    ("GET", "balance", False, ""): Route(_balance, EXPAND),
    ("GET", "balance_transactions", False, ""): Route(_list_transactions, {**LIST, "source": text}),
    ("GET", "balance_transactions", True, ""): Route(_retrieve(Transaction, "balance_transaction"), EXPAND),
    ("GET", "events", False, ""): Route(_list_events, LIST),
    ("GET", "events", True, ""): Route(_retrieve(Event, "event"), EXPAND),
    ("POST", "webhook_endpoints", False, ""): Route(_create_endpoint, NEW_ENDPOINT),
    ("GET", "webhook_endpoints", False, ""): Route(_list_endpoints, LIST),
    ("GET", "webhook_endpoints", True, ""): Route(_retrieve(Endpoint, "webhook_endpoint"), EXPAND),
    ("POST", "webhook_endpoints", True, ""): Route(_update_endpoint, {**ENDPOINT, "disabled": boolean}),
    ("DELETE", "webhook_endpoints", True, ""): Route(_delete_endpoint),
}


def find(method: str, path: str) -> tuple[Route, str]:
    """Find the operation of a path below /v1, and the id in it."""
    parts = path.split("/")
    if len(parts) in (3, 4, 5) and parts[1] == "v1":
        resource, object_id, verb = (*parts[2:], "", "")[:3]
        route = ROUTES.get((method, resource, len(parts) > 3, verb))
        if route is not None and (len(parts) == 3) == (object_id == ""):
            return route, object_id
    raise unrecognized(method, path)


def unrecognized(method: str, path: str) -> Refused:
    """Refuse an operation we do not have."""
    return invalid(f"Unrecognized request URL ({method}: {path}).", status=404, early=True)
