"""The OpenAPI 3.1 document, made from the registry of endpoints: what is declared is what is served, and nothing else is written down."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from server.accounts.roles import SCOPES
from server.endpoint import REGISTRY, Endpoint
from server.path_numbers import MOST
from server.refusals import REFUSALS

VERSION = "1.0.0"
_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"{(\w+)(?::(\w+))?}")
# What every operation may answer, by what it declares.
_ALWAYS = ("bad_request", "unavailable", "internal")
_WITH_BODY = (
    "json_malformed",
    "json_too_deep",
    "body_too_large",
    "content_type_unsupported",
    "field_invalid",
    "origin_refused",
)
_WITH_FILE = ("body_too_large", "content_type_unsupported", "origin_refused")
_WITH_SCOPE = ("sign_in_required", "token_invalid", "not_allowed")
_TAGS = {
    "events": "What is on, and making it",
    "shows": "Dates: prices, quotas, the sale, seats, figures",
    "ticket-types": "Adult, child, …",
    "venues": "Where shows take place",
    "rooms": "Waiting rooms: the line before the seats, its draw, and steering it",
    "charts": "Drawings of venues: import, check, export",
    "sessions": "Anonymous buyers",
    "orders": "Buying, paying, refunding",
    "tickets": "Tickets and their keys",
    "door": "Scanning and counting",
    "organisation": "The organiser's own events",
    "members": "Who works here",
    "tokens": "Tokens for programs",
    "session": "Signing in and out",
    "me": "Who is asking",
    "audit": "Who changed what",
}


def document() -> dict[str, Any]:
    """Return the document. Call it after the routes are declared (`server.routes`)."""
    operations = sorted(REGISTRY.values(), key=lambda operation: (operation.path, operation.method))
    shapes = [shape for op in operations for shape in (op.body, op.query, op.reply) if shape is not None]
    schemas, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    schema_of = {id(shape): schema for shape, schema in zip(shapes, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        plain = _PARAMETER.sub(r"{\1}", operation.path)
        paths.setdefault(plain, {})[operation.method.lower()] = _operation(operation, schema_of, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Frontrow",
            "version": VERSION,
            "summary": "Events, live seats, orders, tickets and the door.",
            "description": (
                "Money is in integer minor units, times are Unix milliseconds unless a field says otherwise. A refusal is a problem document "
                "(RFC 9457) with a stable `code`; switch on the code, never on the text. Live seats are on the socket: docs/messages.md."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": tag, "description": _TAGS.get(tag, "")} for tag in dict.fromkeys(op.tag for op in operations)
        ],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": _problem_schema()},
            "securitySchemes": {
                "visitor": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`Visitor <token>`, the token as `POST /api/v1/sessions` gives it.",
                },
                "visitor_cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "fr_visitor",
                    "description": "The same token, as pages that lead to seats set it.",
                },
                "token": {"type": "http", "scheme": "bearer", "description": "API token `frt_…` of an organisation."},
                "staff": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "fr_staff",
                    "description": "Session of a member of staff.",
                },
            },
        },
        "x-scopes": SCOPES,
    }


def _operation(operation: Endpoint, schema_of: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.handler.__name__,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": _responses(operation, schema_of),
    }
    if text := inspect.getdoc(operation.handler):
        described["description"] = text
    if parameters := list(_parameters(operation, components)):
        described["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": schema_of[id(operation.body)]}}
        described["requestBody"] = {"required": True, "content": content}
    elif operation.media:
        # OpenAPI 3.1 describes bytes that are not JSON by their media type alone: no schema.
        described["requestBody"] = {"required": True, "content": {media: {} for media in operation.media}}
    if operation.scope is not None:
        described["security"] = [{"token": [operation.scope]}, {"staff": []}]
        described["x-scope"] = operation.scope
    elif operation.visitor:
        described["security"] = [{"visitor": []}, {"visitor_cookie": []}]
    return described


def _parameters(operation: Endpoint, components: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for name, kind in _PARAMETER.findall(operation.path):
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        if kind in MOST:
            schema = {"type": "integer", "minimum": 0, "maximum": MOST[kind]}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if operation.query is not None:
        fields = components[operation.query.__name__]
        for name, schema in fields["properties"].items():
            required = name in fields.get("required", ())
            yield {"name": name, "in": "query", "required": required, "schema": _without_null(schema)}
    if operation.idempotent:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "The same key with the same body gets the same answer, whatever happened in between.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 80},
        }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop the null of an optional query parameter: a query string has no way to say it."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf" and value is not None}
    return {**choices[0], **rest}


def _responses(operation: Endpoint, schema_of: dict[int, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if operation.reply is not None:
        content = {"application/json": {"schema": schema_of[id(operation.reply)]}}
        responses[str(operation.status)] = {"description": _first_line(operation.reply), "content": content}
    elif operation.status == 204:
        responses["204"] = {"description": "Done."}
    else:
        responses[str(operation.status)] = {"description": "See the description.", "content": {"*/*": {}}}
    by_status: dict[int, list[str]] = {}
    for code in refusals_of(operation):
        by_status.setdefault(REFUSALS[code].status, []).append(code)
    for status, codes in sorted(by_status.items()):
        schema = {"allOf": [{"$ref": _REF.format(name="Problem")}, {"properties": {"code": {"enum": codes}}}]}
        responses[str(status)] = {
            "description": " ".join(f"`{code}`: {REFUSALS[code].title}" for code in codes),
            "content": {"application/problem+json": {"schema": schema}},
        }
    return responses


def refusals_of(operation: Endpoint) -> list[str]:
    """Return every refusal *operation* may answer with: its own and those of what it declares."""
    codes = list(operation.refusals)
    if operation.body is not None:
        codes += _WITH_BODY
    elif operation.method != "GET":
        codes += _WITH_FILE if operation.media else ("origin_refused",)
    if operation.query is not None:
        codes.append("field_invalid")
    if operation.scope is not None:
        codes += _WITH_SCOPE
    if any(kind in MOST for _, kind in _PARAMETER.findall(operation.path)):
        codes.append("not_found")  # what is no number is no address of ours
    if operation.idempotent:
        codes += ("idempotency_key_missing", "idempotency_key_reused")
    return list(dict.fromkeys([*codes, *_ALWAYS]))


def _first_line(shape: Any) -> str:
    text = inspect.getdoc(shape) if isinstance(shape, type) and shape.__module__ != "builtins" else None
    return text.partition("\n")[0] if text else "Done."


def _problem_schema() -> dict[str, Any]:
    return {
        "title": "Problem",
        "description": "Why a request was refused (RFC 9457). More members may say which seats, limits or sums were in the way.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "Stable; never renamed, never reused."},
            "field": {"type": "string", "description": "JSON pointer to the input at fault."},
            "retry_after_ms": {"type": "integer", "description": "Trying again earlier will not help."},
        },
        "required": ["type", "title", "status", "code"],
    }
