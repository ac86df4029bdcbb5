"""Flatten an SVG drawing: every shape and text in one coordinate system, groups, transforms and `use` resolved."""

import itertools
import math
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np

from seatmap.chart.curves import Floats
from seatmap.chart.imports.reading import refuse

SHAPES_MAX = 300_000
USE_DEPTH_MAX = 8
# A curve of a path becomes this many straight pieces.
CURVE_STEPS = 8
INVISIBLE = ("defs", "symbol", "clipPath", "mask", "pattern", "marker", "metadata", "style", "script", "title", "desc")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class Shape:
    """A shape or a text; *groups* are the ids or classes of the groups around it, outermost first."""

    tag: str
    ident: str
    classes: str
    groups: tuple[str, ...]
    data: dict[str, str]
    outline: Floats
    text: str = ""

    @property
    def middle(self) -> tuple[float, float]:
        low, high = self.outline.min(axis=0), self.outline.max(axis=0)
        return float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2

    @property
    def size(self) -> tuple[float, float]:
        low, high = self.outline.min(axis=0), self.outline.max(axis=0)
        return float(high[0] - low[0]), float(high[1] - low[1])


def flatten(root: Element) -> list[Shape]:
    """List what is drawn, in drawing order."""
    if local(root.tag) != "svg":
        raise refuse("xml_not_svg", f"The file is XML, but its root is <{local(root.tag)}>, not <svg>.")
    by_id = {
        element.get("id", ""): element for element in root.iter() if isinstance(element.tag, str) and element.get("id")
    }
    shapes: list[Shape] = []
    _walk(root, IDENTITY, (), by_id, shapes, 0)
    return shapes


def local(tag: object) -> str:
    """Cut the namespace off a tag."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _walk(
    element: Element, matrix: Matrix, groups: tuple[str, ...], by_id: dict[str, Element], shapes: list[Shape], uses: int
) -> None:
    tag = local(element.tag)
    style = element.get("style", "").replace(" ", "")
    if not tag or tag in INVISIBLE or element.get("display") == "none" or "display:none" in style:
        return
    matrix = multiply(matrix, parse_transform(element.get("transform", "")))
    if tag == "use":
        _use(element, matrix, groups, by_id, shapes, uses)
        return
    outline = _outline(element, tag)
    if outline is not None and len(outline):
        if len(shapes) >= SHAPES_MAX:
            raise refuse("too_many_shapes", f"The drawing has more than {SHAPES_MAX:,} shapes.")
        placed = apply(matrix, outline)
        if np.isfinite(placed).all() and float(np.abs(placed).max()) < 1e9:
            shapes.append(_shape(element, tag, groups, placed))
    if tag in ("svg", "g", "a", "switch"):
        name = element.get("id") or element.get("class") or ""
        for child in element:
            _walk(child, matrix, (*groups, name) if name else groups, by_id, shapes, uses)


def _use(
    element: Element, matrix: Matrix, groups: tuple[str, ...], by_id: dict[str, Element], shapes: list[Shape], uses: int
) -> None:
    href = element.get("href") or element.get("{http://www.w3.org/1999/xlink}href") or ""
    target = by_id.get(href.removeprefix("#"))
    if target is None or uses >= USE_DEPTH_MAX:
        return
    moved = multiply(matrix, (1.0, 0.0, 0.0, 1.0, number(element, "x"), number(element, "y")))
    before = len(shapes)
    if local(target.tag) == "symbol":
        for child in target:
            _walk(child, moved, groups, by_id, shapes, uses + 1)
    else:
        _walk(target, moved, groups, by_id, shapes, uses + 1)
    for shape in shapes[before:]:
        # The id of what is used belongs to the pattern, not to its copies.
        shape.ident = element.get("id", "")
        shape.classes = f"{shape.classes} {element.get('class', '')}".strip()
        shape.data = shape.data | _data(element)


def _shape(element: Element, tag: str, groups: tuple[str, ...], outline: Floats) -> Shape:
    text = " ".join("".join(element.itertext()).split()) if tag == "text" else ""
    return Shape(tag, element.get("id", ""), element.get("class", ""), groups, _data(element), outline, text)


def _data(element: Element) -> dict[str, str]:
    return {key[5:].lower(): value for key, value in element.attrib.items() if key.startswith("data-")}


def _outline(element: Element, tag: str) -> Floats | None:
    if tag in ("circle", "ellipse"):
        rx, ry = (number(element, "r"),) * 2 if tag == "circle" else (number(element, "rx"), number(element, "ry"))
        if rx <= 0 and ry <= 0:
            return None
        turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        centre = (number(element, "cx"), number(element, "cy"))
        return np.column_stack((centre[0] + rx * np.cos(turns), centre[1] + ry * np.sin(turns)))
    if tag == "rect":
        x, y, w, h = (number(element, name) for name in ("x", "y", "width", "height"))
        return np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)]) if w > 0 and h > 0 else None
    if tag in ("polygon", "polyline"):
        values = [float(value) for value in NUMBER.findall(element.get("points", ""))]
        return np.asarray(values[: len(values) // 2 * 2]).reshape(-1, 2) if len(values) >= 6 else None
    if tag == "path":
        return path_points(element.get("d", ""))
    if tag == "text":
        return np.array([(number(element, "x"), number(element, "y"))])
    return None


def number(element: Element, name: str) -> float:
    """Read a length; units are taken as user units, what is missing or broken as 0."""
    match = NUMBER.match(element.get(name, "").strip())
    value = float(match[0]) if match else 0.0
    return value if math.isfinite(value) else 0.0


def parse_transform(text: str) -> Matrix:
    """Multiply the functions of a transform attribute."""
    matrix = IDENTITY
    for name, inside in re.findall(r"(\w+)\s*\(([^)]*)\)", text):
        values = [float(value) for value in NUMBER.findall(inside)]
        matrix = multiply(matrix, _transform(name, values))
    return matrix


def _transform(name: str, v: list[float]) -> Matrix:
    if name == "matrix" and len(v) == 6:
        return v[0], v[1], v[2], v[3], v[4], v[5]
    if name == "translate" and v:
        return 1.0, 0.0, 0.0, 1.0, v[0], v[1] if len(v) > 1 else 0.0
    if name == "scale" and v:
        return v[0], 0.0, 0.0, v[1] if len(v) > 1 else v[0], 0.0, 0.0
    if name == "rotate" and v:
        cos, sin = math.cos(math.radians(v[0])), math.sin(math.radians(v[0]))
        turn: Matrix = (cos, sin, -sin, cos, 0.0, 0.0)
        if len(v) < 3:
            return turn
        return multiply(multiply((1.0, 0.0, 0.0, 1.0, v[1], v[2]), turn), (1.0, 0.0, 0.0, 1.0, -v[1], -v[2]))
    if name == "skewX" and v:
        return 1.0, 0.0, math.tan(math.radians(v[0])), 1.0, 0.0, 0.0
    if name == "skewY" and v:
        return 1.0, math.tan(math.radians(v[0])), 0.0, 1.0, 0.0, 0.0
    return IDENTITY


def multiply(a: Matrix, b: Matrix) -> Matrix:
    """Apply *b* first, then *a*."""
    return (
        a[0] * b[0] + a[2] * b[1],
        a[1] * b[0] + a[3] * b[1],
        a[0] * b[2] + a[2] * b[3],
        a[1] * b[2] + a[3] * b[3],
        a[0] * b[4] + a[2] * b[5] + a[4],
        a[1] * b[4] + a[3] * b[5] + a[5],
    )


def apply(matrix: Matrix, points: Floats) -> Floats:
    """Move points by a matrix."""
    a, b, c, d, e, f = matrix
    x, y = points[:, 0], points[:, 1]
    return np.column_stack((a * x + c * y + e, b * x + d * y + f))


def path_points(text: str) -> Floats | None:
    """Flatten the first closed stretch of a path; arcs become their chords, curves straight pieces."""
    points: list[tuple[float, float]] = []
    at = (0.0, 0.0)
    for command, inside in re.findall(r"([MmLlHhVvCcSsQqTtAaZz])([^MmLlHhVvCcSsQqTtAaZz]*)", text):
        values = [float(value) for value in NUMBER.findall(inside)]
        if command in "Zz" or (command in "Mm" and points):
            break
        for new in _steps(command, values, at):
            points.append(new)
            at = new
    return np.asarray(points) if len(points) >= 3 else None


# How many numbers a command takes, and how many of its last numbers are the end point.
ARITY = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7}


def _steps(command: str, values: list[float], at: tuple[float, float]) -> list[tuple[float, float]]:
    size, relative = ARITY[command.upper()], command.islower()
    out: list[tuple[float, float]] = []
    for start in range(0, len(values) - size + 1, size):
        v = values[start : start + size]
        ox, oy = at if relative else (0.0, 0.0)
        kind = command.upper()
        if kind == "H":
            new = [(ox + v[0], at[1])]
        elif kind == "V":
            new = [(at[0], oy + v[0])]
        elif kind in "CSQ":
            controls = [(ox + v[i], oy + v[i + 1]) for i in range(0, size, 2)]
            new = _bezier([at, *controls])
        else:
            new = [(ox + v[-2], oy + v[-1])]
        out += new
        at = new[-1]
    return out


def _bezier(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    out = []
    for step in range(1, CURVE_STEPS + 1):
        t, level = step / CURVE_STEPS, points
        while len(level) > 1:
            level = [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in itertools.pairwise(level)]
        out.append(level[0])
    return out
