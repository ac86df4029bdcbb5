"""Bad bodies, at every operation of the API that takes one: a problem document with the right code, and never a fault."""

from __future__ import annotations

import re

import pytest

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
