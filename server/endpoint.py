"""Typed endpoints of the HTTP API: parse, authorise, call, answer. The registry feeds the OpenAPI document.

    @endpoint("POST", "/api/v1/orders", body=StartOrder, reply=OrderView, status=201, summary="Start an order")
    async def start_order(request: Request, body: StartOrder) -> OrderView | Refusal: ...

A handler returns a value of its reply type, a `Refusal`, or a ready `Response`. It gets the parsed body when it declares one.
Path parameters are in `request.path_params`, numbers as `server.path_numbers` reads them; query parameters are read with `query(request, Struct)`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import path_numbers, problems
from server.principal import Principal
from server.refusals import REFUSALS, Refusal

path_numbers.register()
BODY_BYTES_MAX = 64 * 1024
_encoder = msgspec.json.Encoder()
S = TypeVar("S", bound=msgspec.Struct)
Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation, as the OpenAPI document describes it."""

    method: str
    path: str
    handler: Handler
    summary: str
    body: Any
    media: tuple[str, ...]
    query: Any
    reply: Any
    status: int
    scope: str | None
    refusals: tuple[str, ...]
    tag: str
    body_bytes_max: int
    idempotent: bool
    visitor: bool


REGISTRY: dict[tuple[str, str], Endpoint] = {}


def endpoint(
    method: str,
    path: str,
    *,
    summary: str,
    body: Any = None,
    media: Sequence[str] = (),
    query: Any = None,
    reply: Any = None,
    status: int = 200,
    scope: str | None = None,
    refusals: Sequence[str] = (),
    tag: str = "",
    body_bytes_max: int = BODY_BYTES_MAX,
    idempotent: bool = False,
    visitor: bool = False,
) -> Callable[[Handler], Route]:
    """Declare an operation and return its route.

    With *scope* the caller must be staff or a token that has it; the principal is `request.state.principal`. With *idempotent*
    the operation demands an `Idempotency-Key` header (at most 80 characters), found in `request.state.idempotency_key`.
    With *media* instead of *body* it takes a file of one of these types, which the handler reads itself (`bounded_body`).
    *visitor* says that it needs a buyer's session; the handler reads it (`visitor_of`).
    """
    unknown = [code for code in refusals if code not in REFUSALS]
    assert not unknown, f"{method} {path} names refusals nobody knows: {unknown}"

    def declare(handler: Handler) -> Route:
        tagged = tag or path.removeprefix("/api/v1/").split("/")[0]
        operation = Endpoint(
            method, path, handler, summary, body, tuple(media), query, reply, status, scope, tuple(refusals), tagged,
            body_bytes_max, idempotent, visitor,
        )  # fmt: skip
        assert (method, path) not in REGISTRY or REGISTRY[method, path].handler.__module__ == handler.__module__, path
        REGISTRY[method, path] = operation
        return Route(path, _Transport(operation), methods=[method], name=f"{tagged}.{handler.__name__}")

    return declare


def query(request: Request, shape: type[S]) -> S | Refusal:
    """Return the query parameters as *shape*; lax about numbers, strict about names and ranges."""
    try:
        return msgspec.convert(dict(request.query_params), shape, strict=False)
    except msgspec.ValidationError as error:
        return _invalid(error)


class _Transport:
    """The ASGI side of one operation. A class, so that Starlette takes it as an application and not as a function."""

    def __init__(self, operation: Endpoint) -> None:
        self._operation = operation
        self._decoder = None if operation.body is None else msgspec.json.Decoder(operation.body)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        answer = await self._answer(request)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self._operation
        if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
            return problems.response(Refusal("bad_request"))  # no text of ours has one, and Postgres takes none
        if operation.scope is not None and (refusal := await _authorise(request, operation.scope)) is not None:
            return problems.response(refusal)
        if operation.idempotent:
            key = request.headers.get("idempotency-key", "")
            if not key or len(key) > 80:
                return problems.response(Refusal("idempotency_key_missing"))
            request.state.idempotency_key = key
        arguments: list[Any] = [request]
        if self._decoder is not None:
            parsed = await self._body(request, self._decoder)
            if isinstance(parsed, Refusal):
                return problems.response(parsed)
            arguments.append(parsed)
        result = await operation.handler(*arguments)
        if isinstance(result, Refusal):
            return problems.response(result)
        if isinstance(result, Response):
            return result
        if operation.reply is None:
            return Response(status_code=204)
        return Response(_encoder.encode(result), operation.status, media_type="application/json")

    async def _body(self, request: Request, decoder: msgspec.json.Decoder[Any]) -> Any:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            return Refusal("content_type_unsupported", {"received": content_type[:100]})
        raw = await bounded_body(request, self._operation.body_bytes_max)
        return raw if isinstance(raw, Refusal) else _decoded(raw, decoder)


def _decoded(raw: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    if b"\\u0000" in raw:
        return Refusal("field_invalid", {"detail": "Text must not contain the character U+0000"}, field="/")
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        return _invalid(error)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Refusal("json_malformed", {"detail": str(error)})
    except RecursionError:
        return Refusal("json_too_deep")


async def bounded_body(request: Request, most: int) -> bytes | Refusal:
    """Return the body, or refuse it as soon as it is longer than *most* bytes: nothing larger is kept in memory."""
    if int(request.headers.get("content-length") or 0) > most:
        return Refusal("body_too_large", {"bytes_max": most})
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            return Refusal("body_too_large", {"bytes_max": most})
        parts.append(part)
    return b"".join(parts)


def _invalid(error: msgspec.ValidationError) -> Refusal:
    message, _, place = str(error).partition(" - at `$")
    pointer = place.removesuffix("`").replace("[", ".").replace("]", "").replace(".", "/")
    return Refusal("field_invalid", {"detail": message}, field=pointer or "/")


async def _authorise(request: Request, scope: str) -> Refusal | None:
    found = await request.app.state.services.principals.principal(request)
    if isinstance(found, Refusal):
        return found
    if found is None:
        return Refusal("sign_in_required")
    assert isinstance(found, Principal)
    if not found.may(scope):
        return Refusal("not_allowed", {"scope": scope})
    request.state.principal = found
    return None
