"""The decoder of docs/chart-format.md, one seat at a time and without numpy: what the fast ones are held to."""

import math
from typing import Any


def decode_slowly(document: Any) -> dict[int, dict[str, Any]]:
    """Decode as the document describes it, one seat at a time and without numpy."""
    order = document["order"] or [0, document["n"]]
    ks = iter([k for start, count in zip(order[::2], order[1::2], strict=True) for k in range(start, start + count)])
    rows, run, row, ox, oy = document["rows"], -1, 0, 0, 0
    seats: dict[int, dict[str, Any]] = {}
    quads = _sparse(document["quads"]["row"], list(zip(document["quads"]["cx"], document["quads"]["cy"], strict=True)))
    point_rows = set(_ungap(document["points"]["row"]))
    steps = iter(zip(document["points"]["dx"], document["points"]["dy"], strict=True))
    table_rows = {table["row"] for table in document["tables"]}
    for section, count in enumerate(document["sections"]["rows"]):
        ox += document["sections"]["x"][section]
        oy += document["sections"]["y"][section]
        v, d = [0] * 5, [0] * 5
        for j in range(count):
            for q, name in enumerate(("ax", "ay", "bx", "by", "s")):
                w = _column(rows[name], row)
                if j == 0:
                    v[q] = w
                else:
                    d[q] = w if j == 1 else d[q] + w
                    v[q] += d[q]
            n, ends = _column(rows["n"], row), _column(rows["ends"], row)
            pattern = document["breaks"][_column(rows["breaks"], row)]
            stops = dict(zip(pattern[::2], pattern[1::2], strict=True))
            scheme = document["numberings"][_column(rows["numbering"], row)]
            whole = n - 1 + sum(stops.values()) / 100
            at = (v[0] + ox, v[1] + oy)
            for i in range(n):
                run += i == 0 or i in stops
                t = (i + sum(g for p, g in stops.items() if p <= i) / 100) / whole if n > 1 else 0
                if row in point_rows:
                    if i:
                        step = next(steps)
                        at = (at[0] + step[0], at[1] + step[1])
                    x, y = at
                else:
                    x, y = _spot(v, ox, oy, t, quads.get(row))
                aisle = (i == 0 and ends & 1) or (i == n - 1 and ends & 2)
                aisle = aisle or stops.get(i, 0) >= 50 or stops.get(i + 1, 0) >= 50
                seats[next(ks)] = {
                    "x": x / 100,
                    "y": y / 100,
                    "address": (section, row, i, run),
                    "category": _column(rows["category"], row),
                    "attributes": 1024 if aisle and row not in table_rows else 0,
                    "place": (document["sections"]["name"][section], rows["label"][row], _label(scheme, i, n)),
                }
            row += 1
    _except(document, seats)
    return seats


def _column(values: int | list[int], i: int) -> int:
    return values if isinstance(values, int) else values[i]


def _spot(v: list[int], ox: int, oy: int, t: float, control: tuple[int, int] | None) -> tuple[float, float]:
    ax, ay, bx, by, s = v[0] + ox, v[1] + oy, v[2] + ox, v[3] + oy, v[4]
    if control is not None:
        qx, qy = (ax + bx) / 2 + control[0], (ay + by) / 2 + control[1]
        return (
            (1 - t) ** 2 * ax + 2 * t * (1 - t) * qx + t * t * bx,
            (1 - t) ** 2 * ay + 2 * t * (1 - t) * qy + t * t * by,
        )
    chord = math.hypot(bx - ax, by - ay)
    if s == 0 or chord == 0:
        return ax + t * (bx - ax), ay + t * (by - ay)
    dx, dy = (bx - ax) / chord, (by - ay) / chord
    alpha = 2 * math.atan(2 * s / chord)
    radius = chord / (2 * math.sin(alpha))
    phi = (2 * t - 1) * alpha
    u, w = radius * math.sin(phi), radius * math.cos(phi) - radius * math.cos(alpha)
    return (ax + bx) / 2 + u * dx - w * dy, (ay + by) / 2 + u * dy + w * dx


def _label(scheme: Any, i: int, n: int) -> str:
    if scheme[0] == "list":
        return str(scheme[1][i])
    number = scheme[1] + scheme[2] * (n - 1 - i if len(scheme) == 4 else i)
    if scheme[0] == "int":
        return str(number)
    text = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def _except(document: Any, seats: dict[int, dict[str, Any]]) -> None:
    for bits, coded in document["attributes"]:
        for k in _ungap(coded):
            seats[k]["attributes"] |= bits
    for category, coded in document["recategorised"]:
        for k in _ungap(coded):
            seats[k]["category"] = category
    for k, label in _sparse(document["relabelled"]["k"], document["relabelled"]["label"]).items():
        seats[k]["place"] = (*seats[k]["place"][:2], label)
    moved = document["moved"]
    for k, (dx, dy) in _sparse(moved["k"], list(zip(moved["dx"], moved["dy"], strict=True))).items():
        seats[k]["x"] += dx / 100
        seats[k]["y"] += dy / 100


def _ungap(coded: list[int]) -> list[int]:
    out, at = [], 0
    for gap in coded:
        at += gap
        out.append(at)
    return out


def _sparse(coded: list[int], values: list[Any]) -> dict[int, Any]:
    return dict(zip(_ungap(coded), values, strict=True))
