"""The API described: the OpenAPI document, a page for people without anybody else's script, and one for each refusal."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import openapi, problems
from server.pages.kept import KeptPage, answer, keep
from server.refusals import REFUSALS, Refusal


@lru_cache(maxsize=1)
def _document() -> tuple[dict[str, Any], KeptPage]:
    document = openapi.document()
    return document, keep(orjson.dumps(document, option=orjson.OPT_INDENT_2))


async def document(request: Request) -> Response:
    """Answer the OpenAPI document."""
    return answer(request, _document()[1], media_type="application/json")


async def docs_page(request: Request) -> Response:
    """Answer the page for people: every operation by subject, with its fields and refusals."""
    described, _ = _document()
    subjects: dict[str, list[dict[str, Any]]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            subjects.setdefault(operation["tags"][0], []).append({"method": method.upper(), "path": path, **operation})
    tags = {tag["name"]: tag["description"] for tag in described["tags"]}
    templates = request.app.state.services.templates
    page: Response = templates.page(
        request, "api_docs.html", info=described["info"], subjects=subjects, tags=tags, scopes=described["x-scopes"],
        fields=lambda schema: list(_fields(schema, described["components"]["schemas"])), words_of=_words_of,
        refusals=REFUSALS,
    )  # fmt: skip
    return page


async def problem(request: Request) -> Response:
    """Answer what a refusal's `type` leads to: its status and what to do."""
    code = request.path_params["code"]
    if code not in REFUSALS:
        return problems.response(Refusal("not_found"))
    kind = REFUSALS[code]
    return Response(
        orjson.dumps({"code": code, "status": kind.status, "title": kind.title, "retry_after_ms": kind.retry_after_ms}),
        media_type="application/json",
    )


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Yield name, type in words, whether required, and description of each field of an object."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield name, _words_of(field), name in required, field.get("description", "")


def _words_of(schema: dict[str, Any]) -> str:
    """Return the type of a field in a few words: `integer ≥ 1`, `list of Price`, `text or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_words_of(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_words_of(schema['items'])}" if schema.get("items") else "list"
    bounds = [f"≥ {schema['minimum']}"] if "minimum" in schema else []
    bounds += [f"≤ {schema['maximum']}"] if "maximum" in schema else []
    bounds += [f"at most {schema['maxLength']} characters"] if "maxLength" in schema else []
    return " ".join(["text" if kind == "string" else str(kind), ", ".join(bounds)]).strip()


routes = [
    Route("/api/v1/openapi.json", document, methods=["GET"], name="api.document"),
    Route("/api/v1/docs", docs_page, methods=["GET"], name="api.docs"),
    Route("/api/v1/problems/{code}", problem, methods=["GET"], name="api.problem"),
]
