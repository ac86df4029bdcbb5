"""The door of a running installation: what a scan costs that admits somebody."""

from __future__ import annotations

import re
import time

import httpx

from loadtests.bench import processes
from loadtests.bench.figures import Figure
from loadtests.bench.installation import Installation

# The middle one counts: a neighbour of the machine is in one of them at most.
ROUNDS = 3


async def scans(running: Installation, show: int, codes: list[str]) -> list[Figure]:
    """Admit every ticket of *codes*, one request each, one after the other. Raises `RuntimeError` when one is not let in."""
    async with httpx.AsyncClient(base_url=running.url, headers={"origin": running.url}) as client:
        await _sign_in(client, running)
        doors = (await client.get("/api/v1/door/shows")).json()["shows"]
        gate = next(door["gates"][0]["id"] for door in doors if door["id"] == show)
        device = (await client.post("/api/v1/door/devices", json={"name": "bench"})).json()["device"]
        records = [
            {"device": device, "seq": number, "show": show, "gate": gate, "code": code}
            for number, code in enumerate(codes, 1)
        ]
        await _admit(client, records[:5])  # keys are read, statements planned
        rounds = [await _round(running, client, records[5 + number :: ROUNDS]) for number in range(ROUNDS)]
    cpu_ms, elapsed_ms = sorted(rounds)[ROUNDS // 2]
    return [
        Figure("scan_cpu_ms", cpu_ms, "ms CPU", 2, note=f"lowest round {min(rounds)[0]:.2f}"),
        Figure("scan_ms", elapsed_ms, "ms", note="one device, client included"),
    ]


async def _round(
    running: Installation, client: httpx.AsyncClient, records: list[dict[str, object]]
) -> tuple[float, float]:
    """Admit *records*; the processor's milliseconds and the clock's for one."""
    pids = running.pids()
    before, began = processes.cpu_s(pids), time.perf_counter()
    await _admit(client, records)
    spent, elapsed = processes.cpu_s(pids) - before, time.perf_counter() - began
    return spent / len(records) * 1000, elapsed / len(records) * 1000


async def _admit(client: httpx.AsyncClient, records: list[dict[str, object]]) -> None:
    for record in records:
        answer = (await client.post("/api/v1/scans", json={"scans": [record]})).json()
        if not answer["answers"] or answer["answers"][0]["decision"] != "admit":
            raise RuntimeError(f"not admitted: {answer}")


async def _sign_in(client: httpx.AsyncClient, running: Installation) -> None:
    """Sign in as the organiser who owns the stadium, with what the start printed."""
    printed = (running.var / "run.log").read_text()
    found = re.search(r"^ {4}owner +(\S+@northfield\S+) +(\S+)$", printed, re.MULTILINE)
    if found is None:
        raise RuntimeError("the start printed no owner of the stadium")
    answer = await client.post("/api/v1/session", json={"email": found[1], "password": found[2]})
    answer.raise_for_status()
