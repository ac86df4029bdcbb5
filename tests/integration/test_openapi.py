"""The OpenAPI document is valid, complete, and what the server really does."""

from __future__ import annotations

import asyncio
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonschema
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from redis.asyncio import Redis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from server import openapi, routes
from server.accounts.roles import SCOPES
from server.endpoint import REGISTRY
from server.refusals import REFUSALS
from server.seed.planting import seed
from server.settings import Settings
from tests.integration.installation import Installation, installation

# The seed's numbers, by the name they have in addresses.
NUMBERED = {
    "event": "events", "show": "shows", "venue": "venues", "chart": "charts", "type": "ticket_types", "room": "rooms",
}  # fmt: skip
ENDLESS = {"follow_line", "follow_checkin"}
LAST = {"cancel_event", "remove_member", "stop_rehearsing", "sign_out"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    routes.all_routes(Settings(secret="x" * 48))
    return openapi.document()


@pytest.fixture
async def server(database_url: str, valkey_url: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(database_url, valkey_url, tmp_path) as running:
        yield running


@pytest.fixture
async def address(server: Installation) -> AsyncIterator[str]:
    """The same server on a real port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(server.app, lifespan="off", log_level="warning", ws="none")
        running = uvicorn.Server(config)
        task = asyncio.create_task(running.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.should_exit = True
        await task


def test_every_operation_is_described_once(document: dict[str, Any]) -> None:
    """Each registered endpoint is in the document under a unique operation id, with its subject and its refusals."""
    operations = [op for methods in document["paths"].values() for op in methods.values()]
    assert len(operations) == len(REGISTRY) > 40
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)), sorted(name for name in ids if ids.count(name) > 1)
    subjects = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert all(subjects[operation["tags"][0]] for operation in operations)


def test_every_reference_leads_somewhere_and_every_schema_is_one(document: dict[str, Any]) -> None:
    """References resolve, and each schema is valid JSON Schema 2020-12, which OpenAPI 3.1 uses."""
    schemas = document["components"]["schemas"]

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [ref for value in node.values() for ref in references(value)]
        return [ref for item in node for ref in references(item)] if isinstance(node, list) else []

    assert {ref.removeprefix("#/components/schemas/") for ref in references(document)} <= set(schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_path_parameters_are_declared(document: dict[str, Any]) -> None:
    """Each name in a path is a required parameter of its operations."""
    for path, methods in document["paths"].items():
        names = {part.strip("{}") for part in path.split("/") if part.startswith("{")}
        for operation in methods.values():
            declared = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            assert declared == names, path


def test_every_refusal_has_its_status(document: dict[str, Any]) -> None:
    """Where an operation names a refusal's code, it stands under the status the server answers with."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                problem = response.get("content", {}).get("application/problem+json")
                for code in problem["schema"]["allOf"][1]["properties"]["code"]["enum"] if problem else ():
                    assert str(REFUSALS[code].status) == status


def test_files_and_sessions_are_described(document: dict[str, Any]) -> None:
    """An upload says which kinds of file it takes; buying says that it takes a visitor's session, which the document explains."""
    upload = document["paths"]["/api/v1/charts"]["post"]
    assert upload["requestBody"]["required"]
    assert {"text/csv", "image/svg+xml", "application/octet-stream"} <= set(upload["requestBody"]["content"])
    for methods in document["paths"].values():
        for operation in methods.values():
            for scheme in operation.get("security", ()):
                assert set(scheme) <= set(document["components"]["securitySchemes"])
    assert {"visitor": []} in document["paths"]["/api/v1/orders"]["post"]["security"]


def test_every_address_of_the_api_is_in_the_document(document: dict[str, Any]) -> None:
    """Nothing is served below /api/v1 that the document does not tell of, but the document itself."""
    served = {
        re.sub(r":\w+}", "}", route.path)
        for route in routes.all_routes(Settings(secret="x" * 48))
        if isinstance(route, Route) and route.path.startswith("/api/v1/")
    }
    about_itself = {"/api/v1/openapi.json", "/api/v1/docs", "/api/v1/problems/{code}"}
    assert served - about_itself == set(document["paths"])


async def test_the_page_for_people_names_every_operation(server: Installation, document: dict[str, Any]) -> None:
    """The documentation page is whole, in our own words and without anybody else's script."""
    page = await server.client().get("/api/v1/docs")
    assert page.status_code == 200
    for path in document["paths"]:
        assert path in page.text
    assert "<script" not in page.text
    unknown = await server.client().get("/api/v1/problems/seat_taken")
    assert unknown.json()["status"] == 409


class Attack:
    """Requests made from the document, by everybody who may ask: mostly for things that exist, checked against what is declared."""

    def __init__(self, server: Installation, address: str) -> None:
        self._server, self._address = server, address
        self._callers: list[dict[str, str]] = []
        self._numbers: dict[str, list[int]] = {}
        self.answers: Counter[int] = Counter()

    async def prepare(self) -> None:
        """Plant the seed; know its numbers, and be a program of its organisation, a visitor, and nobody."""
        await seed(self._server.services)
        org_id = await self._server.organisation("northfield")
        owner = await self._server.signed_in(org_id, "owner")
        scopes = [scope for scope in SCOPES if scope != "tokens:write"]
        program = (await owner.post("/api/v1/tokens", json={"name": "fuzz", "scopes": scopes})).json()["token"]
        visitor = (await self._server.client(token=program).post("/api/v1/sessions")).json()["token"]
        token = {"Authorization": f"Bearer {program}"}
        # Half of the requests are the program's.
        self._callers = [token, token, {"Authorization": f"Visitor {visitor}"}, {"Origin": self._address}]
        async with self._server.services.database.tenant(org_id) as connection:
            for name, table in NUMBERED.items():
                rows = await connection.fetch(f"select id from {table} order by id")
                self._numbers[name] = [row["id"] for row in rows]
                assert self._numbers[name], table

    async def run(self, operations: Sequence[str], examples: int, *modes: GenerationMode) -> None:
        """Try each of *operations* with *examples* inputs of each mode: that fit the schema, or that do not."""
        await asyncio.to_thread(self._run, operations, examples, modes or (GenerationMode.POSITIVE,))

    def _run(self, operations: Sequence[str], examples: int, modes: Sequence[GenerationMode]) -> None:
        schema = schemathesis.openapi.from_url(f"{self._address}/api/v1/openapi.json")
        for operation_id in operations:
            for mode in modes:
                with suppress(Unsatisfiable):  # some operations take nothing that could be wrong
                    self._try(schema.find_operation_by_id(operation_id).as_strategy(generation_mode=mode), examples)

    def _try(self, cases: st.SearchStrategy[Any], examples: int) -> None:
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases, which=st.integers(0, 999), caller=st.sampled_from(self._callers))
        def check(case: Any, which: int, caller: dict[str, str]) -> None:
            for name in case.path_parameters or ():
                if which % 8 and name in self._numbers:
                    case.path_parameters[name] = self._numbers[name][which % len(self._numbers[name])]
            # No browser, proxy or server of the world takes a longer address.
            assume(len(case.formatted_path) + len(urlencode(case.query or {}, doseq=True)) < 8000)
            answer = case.call_and_validate(checks=CHECKS, headers=dict(caller))
            self.answers[answer.status_code] += 1

        check()


async def test_the_server_does_what_the_document_says(server: Installation, address: str) -> None:
    """Whatever input fits the schema comes: statuses, content types and bodies are the declared ones, and nothing breaks."""
    attack = Attack(server, address)
    await attack.prepare()
    await attack.run(("list_events", "create_venue", "set_prices"), 8)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_the_server_does_what_the_document_says_everywhere(
    server: Installation, address: str, document: dict[str, Any]
) -> None:
    """The same for every operation that ends, with input that fits and input that does not."""
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    # What takes things away comes last, or the others would find nothing.
    names = sorted(set(names) - ENDLESS, key=lambda name: (name in LAST, name))
    attack = Attack(server, address)
    await attack.prepare()
    await attack.run(names, 60, GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    assert attack.answers.total() > 4000, attack.answers
    assert attack.answers[200] > 500, attack.answers
    print(f"{attack.answers.total()} requests to {len(names)} operations: {dict(attack.answers)}")
