"""Bracket-nested form bodies (`metadata[order]=1&expand[]=a`) and the checks of Stripe's parameters.

`read(form, SPEC)` walks a form along a specification: a dict of name to reader (or a nested dict), required names
ending in "!". Whatever is not in the specification is refused by name, as Stripe does.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from server.payments.demo.errors import Refused, invalid

FIELDS_MAX = 500
DEPTH_MAX = 5
Reader = Callable[[Any, str], Any]
Spec = Mapping[str, "Reader | Spec"]


def decode(text: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Decode a form (or query) into nested dicts and lists; also give the flat pairs. Refuse what does not nest."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError as error:
        raise invalid(f"Invalid request: the form could not be read ({error}).", early=True) from error
    form: dict[str, Any] = {}
    for name, value in pairs:
        _insert(form, name, value)
    return form, pairs


def _insert(form: dict[str, Any], name: str, value: str) -> None:
    head, *rest = name.replace("]", "").split("[")
    if len(rest) > DEPTH_MAX or not head:
        raise invalid(f"Invalid parameter name: {name}", early=True)
    path, node = [head, *rest], form
    for position, part in enumerate(path[:-1]):
        # `expand[]=a` collects into a list; `items[0][x]` stays a dict keyed by "0".
        if path[position + 1] == "" and position + 2 == len(path):
            many = node.setdefault(part, [])
            if not isinstance(many, list):
                raise invalid(f"Invalid array: {name}", param=head, early=True)
            many.append(value)
            return
        child = node.setdefault(part, {})
        if not isinstance(child, dict):
            raise invalid(f"Invalid object: {name}", param=head, early=True)
        node = child
    if path[-1] in node:
        raise invalid(f"Invalid request: {name} was sent twice.", param=head, early=True)
    node[path[-1]] = value


def read(form: Mapping[str, Any], spec: Spec, prefix: str = "") -> dict[str, Any]:
    """Check *form* against *spec*; refuse unknown, missing and ill-typed parameters by name."""
    values: dict[str, Any] = {}
    for name, raw in form.items():
        reader = None if name.endswith("!") else spec.get(name) or spec.get(name + "!")
        label = f"{prefix}[{name}]" if prefix else name
        if reader is None:
            raise invalid(f"Received unknown parameter: {label}", code="parameter_unknown", param=label, early=True)
        if callable(reader):
            values[name] = reader(raw, label)
        elif isinstance(raw, dict):
            values[name] = read(raw, reader, label)
        else:
            raise invalid("Invalid object", param=label, early=True)
    for name in spec:
        if name.endswith("!") and values.get(name[:-1]) in (None, ""):
            label = f"{prefix}[{name[:-1]}]" if prefix else name[:-1]
            raise invalid(f"Missing required param: {label}.", code="parameter_missing", param=label, early=True)
    return values


def text(raw: Any, label: str) -> str:
    """Read a string of at most 5,000 characters."""
    if not isinstance(raw, str):
        raise invalid(f"Invalid string: {label}", param=label, early=True)
    if len(raw) > 5000:
        raise invalid("Invalid string: must be at most 5000 characters", param=label, early=True)
    return raw


def integer(raw: Any, label: str) -> int:
    """Read an integer; decimals and exponents are not integers."""
    digits = raw[1:] if isinstance(raw, str) and raw.startswith("-") else raw
    if not isinstance(digits, str) or not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise invalid(f"Invalid integer: {raw}", code="parameter_invalid_integer", param=label, early=True)
    return int(raw)


def boolean(raw: Any, label: str) -> bool:
    """Read `true` or `false`."""
    if raw not in ("true", "false"):
        raise invalid(f"Invalid boolean: {raw}", param=label, early=True)
    return bool(raw == "true")


def choice(*allowed: str) -> Reader:
    """Read one of a few words."""

    def reader(raw: Any, label: str) -> str:
        if raw not in allowed:
            last = f"must be one of {', '.join(allowed[:-1])}, or {allowed[-1]}" if len(allowed) > 1 else allowed[0]
            raise invalid(f"Invalid {label}: {last}", param=label, early=True)
        return str(raw)

    return reader


def texts(raw: Any, label: str) -> list[str]:
    """Read a list of strings, sent as `name[]=` or as `name[0]=`."""
    values = list(raw.values()) if isinstance(raw, dict) else raw
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise invalid("Invalid array", param=label, early=True)
    return values


def metadata(raw: Any, label: str) -> dict[str, str]:
    """Read up to 50 pairs; keys up to 40 characters, values up to 500. An empty value unsets."""
    if raw == "":
        return {}
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise invalid("Invalid object", param=label, early=True)
    if len(raw) > 50 or any(len(key) > 40 or len(value) > 500 for key, value in raw.items()):
        raise _metadata_too_large(label)
    return dict(raw)


def _metadata_too_large(label: str) -> Refused:
    return invalid(
        "Metadata holds at most 50 keys of up to 40 characters with values of up to 500 characters.",
        param=label,
        early=True,
    )


EXPAND: Spec = {"expand": texts}
CREATED: Spec = {"gt": integer, "gte": integer, "lt": integer, "lte": integer}


def created(raw: Any, label: str) -> dict[str, int]:
    """Read a time filter: one second, or bounds."""
    if isinstance(raw, str):
        at = integer(raw, label)
        return {"gte": at, "lte": at}
    if not isinstance(raw, dict):
        raise invalid("Invalid object", param=label, early=True)
    return read(raw, CREATED, label)


def page_size(raw: Any, label: str) -> int:
    """Read the `limit` of a list: 1 to 100."""
    value = integer(raw, label)
    if not 1 <= value <= 100:
        raise invalid(
            "This value must be between 1 and 100.", code="parameter_invalid_integer", param=label, early=True
        )
    return value


LIST: Spec = {
    "limit": page_size,
    "starting_after": text,
    "ending_before": text,
    "created": created,
    "expand": texts,
}
