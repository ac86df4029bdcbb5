"""`POST /webhooks/stripe`: believe nothing, keep what is signed, answer, and let the workers ask for the truth (R1)."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import problems
from server.endpoint import bounded_body
from server.orders import metrics
from server.orders.routes import desk_for
from server.payments.provider import WebhookRefused
from server.refusals import Refusal
from server.webhooks.inbox import store_event

# Stripe's largest events are some 100 KB.
WEBHOOK_BYTES_MAX = 256 * 1024


async def receive(request: Request) -> Response:
    """Verify, store once, answer 200. A repeated event is answered like the first one (race 2)."""
    body = await bounded_body(request, WEBHOOK_BYTES_MAX)
    if isinstance(body, Refusal):
        return problems.response(body)
    desk = desk_for(request)
    event = desk.provider.verify_webhook(body, request.headers.get("stripe-signature"), now_ms=int(time.time() * 1000))
    if isinstance(event, WebhookRefused):
        metrics.WEBHOOKS.labels(event.code).inc()
        return problems.response(Refusal(event.code))
    outcome = await store_event(desk, event, body)
    metrics.WEBHOOKS.labels(outcome).inc()
    return Response(b'{"received":true}', media_type="application/json")


routes: list[Route] = [Route("/webhooks/stripe", receive, methods=["POST"], name="webhooks.stripe")]
