"""The health page: says in words what is wrong, and answers 503 while anything is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from server.faults import Fault

PING_TIMEOUT_S = 2.0
Ping = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one thing this process needs."""

    name: str
    ok: bool
    words: str


async def examine(pings: Mapping[str, Ping]) -> list[Finding]:
    """Ask everything in *pings* at once, each for at most 2 s."""
    return list(await asyncio.gather(*(_examine(name, ping) for name, ping in pings.items())))


async def _examine(name: str, ping: Ping) -> Finding:
    try:
        await asyncio.wait_for(ping(), PING_TIMEOUT_S)
    except TimeoutError:
        return Finding(name, False, f"{name} did not answer within {PING_TIMEOUT_S:g} s")
    except (Fault, OSError) as error:
        return Finding(name, False, f"{name}: {error}")
    except Exception as error:  # noqa: BLE001 (a health page that fails on an unknown error would hide it)
        return Finding(name, False, f"{name}: {type(error).__name__}: {error}")
    return Finding(name, True, f"{name} answers")


def report(process: str, findings: list[Finding]) -> tuple[int, bytes]:
    """Return the HTTP status and the JSON body."""
    healthy = all(finding.ok for finding in findings)
    body = {
        "process": process,
        "status": "ok" if healthy else "failing",
        "checks": {finding.name: {"ok": finding.ok, "says": finding.words} for finding in findings},
    }
    return (200 if healthy else 503), orjson.dumps(body, option=orjson.OPT_INDENT_2)


def health_page(process: str) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of `/healthz`, reading the pings from the services."""

    async def page(request: Request) -> Response:
        status, body = report(process, await examine(request.app.state.services.pings))
        return Response(body, status, media_type="application/json", headers={"Cache-Control": "no-store"})

    return page
