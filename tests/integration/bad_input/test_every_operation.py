"""Bad bodies, at every operation of the API that takes one: a problem document with the right code, and never a fault."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route

from server import routes
from server.endpoint import REGISTRY, Endpoint
from tests.integration.installation import Installation

DEEP = b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
BAD = {
    "wrong_type": (b"a=1", "text/plain", {"content_type_unsupported"}),
    "no_type": (b"{}", None, {"content_type_unsupported"}),
    "form": (b"a=1", "application/x-www-form-urlencoded", {"content_type_unsupported"}),
    "not_utf8": (b'{"\xff\xfe": "\xc3\x28"}', "application/json", {"json_malformed", "field_invalid"}),
    "no_json": (b"{", "application/json", {"json_malformed"}),
    "nothing": (b"", "application/json", {"json_malformed"}),
    "null": (b"null", "application/json", {"field_invalid"}),
    "list": (b"[]", "application/json", {"field_invalid"}),
    "zero_byte": (b'{"a": "\\u0000"}', "application/json", {"field_invalid"}),
    "deep": (DEEP, "application/json", {"json_too_deep", "field_invalid"}),
}


def _address(path: str) -> str:
    return re.sub(r"{\w+(:\w+)?}", "1", path)


def _operations() -> list[Endpoint]:
    return [operation for operation in REGISTRY.values() if operation.body is not None]


@pytest.mark.parametrize("bad", BAD)
async def test_a_bad_body_is_refused_everywhere(server: Installation, bad: str) -> None:
    """Wrong content type, no UTF-8, no JSON, JSON that is no object or too deep: refused before anything is done."""
    content, content_type, codes = BAD[bad]
    owner = await server.signed_in(await server.organisation("northfield"), "owner")
    headers = {"idempotency-key": "one"} | ({} if content_type is None else {"content-type": content_type})
    assert len(_operations()) > 20
    for operation in _operations():
        answer = await owner.request(operation.method, _address(operation.path), content=content, headers=headers)
        told = (operation.method, operation.path, answer.status_code, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", told
        assert answer.json()["code"] in codes, told


async def test_an_endless_body_is_refused_everywhere(server: Installation) -> None:
    """A body beyond what the operation takes is not read to its end."""
    owner = await server.signed_in(await server.organisation("northfield"), "owner")
    headers = {"idempotency-key": "one", "content-type": "application/json"}
    for operation in _operations():
        content = b" " * (operation.body_bytes_max + 1)
        answer = await owner.request(operation.method, _address(operation.path), content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large"), operation.path


async def test_nothing_of_staff_is_done_for_strangers(server: Installation) -> None:
    """Every operation that needs a scope asks who it is, before it looks at anything else."""
    guarded = [operation for operation in REGISTRY.values() if operation.scope is not None]
    assert len(guarded) > 30
    stranger, forger = server.client(), server.client(token="frt_" + "x" * 40)
    for operation in guarded:
        for client, code in ((stranger, "sign_in_required"), (forger, "token_invalid")):
            answer = await client.request(operation.method, _address(operation.path))
            assert (answer.status_code, answer.json()["code"]) == (401, code), operation.path


@pytest.mark.parametrize(
    "number", [str(2**31), str(2**63), "9" * 30, "9" * 5000], ids=["integer", "bigint", "long", "endless"]
)
async def test_a_number_that_nothing_has_is_refused_everywhere(server: Installation, number: str) -> None:
    """Greater than any key, or with more digits than Python reads: nothing found, on every page and at every operation."""
    owner = await server.signed_in(await server.organisation("northfield"), "owner")
    numbered = [
        one for one in routes.all_routes(server.services.settings) if isinstance(one, Route) and "{" in one.path
    ]
    assert len(numbered) > 60
    broken = []
    for route in numbered:
        path = re.sub(r"{\w+(:\w+)?}", number, route.path)
        for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
            answer = await owner.request(method, path, headers={"idempotency-key": "one"}, json={})
            if answer.status_code >= 500:
                broken.append((method, route.path))
    assert broken == []


@pytest.mark.parametrize(
    "query", ["show=2147483648", "show=0", "after=9223372036854775808", "after=99999999999999999999"]
)
async def test_orders_are_listed_whatever_number_is_asked_for(server: Installation, query: str) -> None:
    """A show that can not be is refused, a page that can not be is the first."""
    owner = await server.signed_in(await server.organisation("northfield"), "owner")
    answer = await owner.get(f"/api/v1/orders?{query}")
    assert answer.status_code == (422 if query.startswith("show") else 200), answer.text
