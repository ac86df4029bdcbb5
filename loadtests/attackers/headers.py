"""Headers made up: addresses that are not ours, paths and methods behind the path and method."""

from __future__ import annotations

from loadtests.attackers.report import Report
from loadtests.attackers.target import Json, Target, told

HASTE = 14
ELSEWHERE = {"origin": "https://evil.example", "cookie": "fr_visitor=v1.x"}


async def spoof_headers(target: Target) -> Report:
    """Be somebody else each time, be the proxy, be an administrator, be another page."""
    report = Report("header spoofing")
    many = await target.person()
    codes = []
    for number in range(HASTE):
        address = f"203.0.{number}.{number + 1}"
        spoofed = {
            "x-forwarded-for": address, "x-real-ip": address, "forwarded": f"for={address}", "cf-connecting-ip": address,
            "true-client-ip": address, "x-client-ip": address,
        }  # fmt: skip
        codes.append(told(await many.post("places", {"method": "device", "key": many.key.point}, **spoofed)))
    report.add("another address for every try", codes[-1], "rate_limited")

    outsider = await target.person()
    body: Json = {"show": target.show, "name": "E", "email": "e@example.org", "terms": True}
    order = {"authorization": f"Visitor {outsider.session}", "idempotency-key": "spoofed-1"}
    for what, more in {
        "as the proxy": {"x-forwarded-for": "127.0.0.1", "x-forwarded-host": "127.0.0.1"},
        "by another path": {"x-original-url": "/healthz", "x-rewrite-url": "/healthz"},
        "by another method": {"x-http-method-override": "GET"},
        "with a made-up pass": {"frontrow-pass": "1:k", "x-pass": "1", "frontrow-place": "p1.x"},
    }.items():
        answer = await target.http.post("/api/v1/orders", json=body, headers=order | more)
        report.add(f"an order without seats {what}", told(answer), "hold_gone", "empty_hold", gained=answer.is_success)

    for path in (
        "/API/v1/orders",
        "/api/v1//orders",
        "/api/v1/orders/",
        "/api/v1/%6frders/../orders",
        "//api/v1/orders",
    ):
        answer = await target.http.post(path, json=body, headers=order)
        report.add(f"an order at {path}", told(answer), "not_found", "method_not_allowed", "hold_gone", "HTTP 307")
    for deed in ("places", "claim", "leave"):
        answer = await target.http.post(f"{target.path}/{deed}", json={}, headers=ELSEWHERE)
        report.add(f"{deed} from another site's page", told(answer), "origin_refused")
    return report
