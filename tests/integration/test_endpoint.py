"""Every bad request gets a problem document with a stable code, and the handler never sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Annotated, Any

import httpx
import msgspec
import pytest
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request

from server import endpoint as endpoints
from server.endpoint import endpoint
from server.faults import Unavailable
from server.principal import Principal
from server.refusals import Refusal
from server.request_log import RequestLog
from server.security import Guard
from server.templating import Templates


class Seats(msgspec.Struct, forbid_unknown_fields=True):
    """A body as the API has many."""

    seats: Annotated[list[int], msgspec.Meta(max_length=4)]
    note: Annotated[str, msgspec.Meta(max_length=10)] = ""
    extra: dict[str, Any] = {}


class Someone:
    """Knows one member of staff by a header, for these tests."""

    async def principal(self, connection: Request) -> Principal | Refusal | None:
        match connection.headers.get("authorization"):
            case "Bearer good":
                return Principal(1, frozenset({"seats:write"}))
            case "Bearer other":
                return Principal(1, frozenset())
            case None:
                return None
        return Refusal("token_invalid")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    known = dict(endpoints.REGISTRY)

    @endpoint("POST", "/t/seats", body=Seats, reply=Seats, summary="Echo", body_bytes_max=2_000)
    async def echo(_request: Request, body: Seats) -> Seats:
        return body

    @endpoint(
        "POST", "/t/staff", body=Seats, reply=Seats, summary="Echo for staff", scope="seats:write", idempotent=True
    )
    async def staff_echo(request: Request, body: Seats) -> Seats:
        assert request.state.principal.org_id == 1
        return body

    @endpoint("GET", "/t/broken", summary="Break")
    async def broken(_request: Request) -> None:
        raise Unavailable("Postgres does not answer")

    @endpoint("GET", "/t/tickets/{ticket}", summary="Break with a secret in the address")
    async def broken_ticket(_request: Request) -> None:
        raise Unavailable("Postgres does not answer")

    @endpoint("GET", "/t/defect", summary="Break badly")
    async def defect(_request: Request) -> None:
        raise ZeroDivisionError

    app = Starlette(
        routes=[echo, staff_echo, broken, broken_ticket, defect],
        middleware=[Middleware(RequestLog), Middleware(Guard, live_port=8001, live_url="", exempt=("/hooks",))],
    )
    app.state.services = SimpleNamespace(principals=Someone(), templates=Templates())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.7:8000") as client:
        yield client
    endpoints.REGISTRY.clear()
    endpoints.REGISTRY.update(known)


JSON = {"content-type": "application/json"}
BAD_BODIES = [
    (b'{"seats": [1, 2]', JSON, 400, "json_malformed"),
    (b'{"seats": [], "note": "\xff\xfe"}', JSON, 400, "json_malformed"),
    (b'{"seats": [], "extra": {"a": ' + b"[" * 1_900, JSON, 400, "json_too_deep"),
    (b"[" * 1_900, JSON, 422, "field_invalid"),
    (b'{"seats": "many"}', JSON, 422, "field_invalid"),
    (b'{"seats": [1, 2, 3, 4, 5]}', JSON, 422, "field_invalid"),
    (b'{"seats": [], "price": 0}', JSON, 422, "field_invalid"),
    (b"{}", JSON, 422, "field_invalid"),
    (b"", JSON, 400, "json_malformed"),
    (b'{"seats": []}' + b" " * 2_001, JSON, 413, "body_too_large"),
    (b"seats=1", {"content-type": "application/x-www-form-urlencoded"}, 415, "content_type_unsupported"),
    (b'{"seats": []}', {}, 415, "content_type_unsupported"),
]


@pytest.mark.parametrize(("body", "headers", "status", "code"), BAD_BODIES)
async def test_a_bad_body_is_refused_with_its_code(
    client: httpx.AsyncClient, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """Malformed, too deep, too large, wrongly typed: each has its own code."""
    answer = await client.post("/t/seats", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_field_at_fault_is_named(client: httpx.AsyncClient) -> None:
    """The pointer leads to the value that is wrong."""
    answer = await client.post("/t/seats", json={"seats": [1, "two"]})
    assert answer.json()["field"] == "/seats/1"


async def test_a_body_without_a_stated_length_is_bounded_too(client: httpx.AsyncClient) -> None:
    """A stream is cut off as soon as it is too long."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    answer = await client.post("/t/seats", content=endless(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "sign_in_required"),
        ({"authorization": "Bearer bad"}, 401, "token_invalid"),
        ({"authorization": "Bearer other"}, 403, "not_allowed"),
        ({"authorization": "Bearer good"}, 400, "idempotency_key_missing"),
        ({"authorization": "Bearer good", "idempotency-key": "k" * 81}, 400, "idempotency_key_missing"),
    ],
)
async def test_who_may_not_is_told_so(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, code: str
) -> None:
    """No sign-in, a bad token, a missing scope and a missing key are four different answers."""
    answer = await client.post("/t/staff", json={"seats": []}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_staff_with_the_scope_is_served(client: httpx.AsyncClient) -> None:
    """The control of the refusals above."""
    answer = await client.post(
        "/t/staff", json={"seats": [3]}, headers={"authorization": "Bearer good", "idempotency-key": "1"}
    )
    assert answer.json() == {"seats": [3], "note": "", "extra": {}}


async def test_faults_are_problem_documents_without_details(client: httpx.AsyncClient) -> None:
    """A lost store is worth a retry; a defect is ours. Neither shows its inside."""
    lost = await client.get("/t/broken")
    assert (lost.status_code, lost.json()["code"], lost.headers["retry-after"]) == (503, "unavailable", "2")
    defect = await client.get("/t/defect")
    assert (defect.status_code, defect.json()["code"]) == (500, "internal")
    assert "Zero" not in defect.text


async def test_logs_name_the_route_and_not_the_address(client: httpx.AsyncClient) -> None:
    """Whoever knows a ticket's number has the ticket, so a fault is logged without it."""
    with structlog.testing.capture_logs() as lines:
        await client.get("/t/tickets/4611686018427387904?key=secret")
    assert [line["path"] for line in lines if line["event"] == "request.unavailable"] == ["/t/tickets/{ticket}"]
    assert "4611686018427387904" not in str(lines)


async def test_a_person_meets_a_page_instead_of_a_document(client: httpx.AsyncClient) -> None:
    """A browser that asked for a page gets one that says what to do, also for a fault."""
    lost = await client.get("/t/broken", headers={"accept": "text/html,*/*"})
    assert (lost.status_code, lost.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert 'href="/"' in lost.text


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"cookie": "a=b", "origin": "http://10.0.0.7:8000"}, True),
        ({"cookie": "a=b", "referer": "http://10.0.0.7:8000/page"}, True),
        ({"cookie": "a=b", "origin": "http://evil.example"}, False),
        ({"cookie": "a=b", "origin": "null"}, False),
        ({"cookie": "a=b", "origin": "http://10.0.0.7:9000"}, False),
        ({"cookie": "a=b"}, False),
        ({"cookie": "a=b", "sec-fetch-site": "cross-site"}, False),
        ({}, True),
    ],
)
async def test_a_write_with_cookies_must_come_from_our_pages(
    client: httpx.AsyncClient, headers: dict[str, str], allowed: bool
) -> None:
    """Another site cannot spend a visitor's cookie; a program without cookies is not asked."""
    answer = await client.post("/t/seats", json={"seats": []}, headers=headers)
    assert (answer.status_code == 200) is allowed
    if not allowed:
        assert answer.json()["code"] == "origin_refused"


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient) -> None:
    """The socket's address is named by the host the page came from, never by a made-up one."""
    policy = (await client.get("/t/none")).headers["content-security-policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "ws://10.0.0.7:8001" in policy
    strange = await client.get("/t/none", headers={"host": "x; script-src *"})
    assert "*" not in strange.headers["content-security-policy"]
