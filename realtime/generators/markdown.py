"""Write the catalogue as the tables of docs/messages.md."""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import NODEFAULT
from msgspec import inspect as shape

from realtime import messages
from realtime.generators.catalogue import Record, client_records, description, inner, parts, server_records


def markdown() -> dict[str, str]:
    """Render each generated block of the page by its name."""
    return {
        "client messages": "\n\n".join(_section(record, sent=True) for record in client_records()),
        "server messages": "\n\n".join(_section(record, sent=False) for record in server_records()),
        "parts": "\n\n".join(_section(record, sent=False) for record in parts()),
        "refusals": _table(("code", "meaning"), [(f"`{code}`", text) for code, text in messages.REFUSALS.items()]),
        "close codes": _table(("code", "meaning"), [(str(code), text) for code, text in messages.CLOSE_CODES.items()]),
    }


def _section(record: Record, *, sent: bool) -> str:
    title = f"#### `{record.tag}`" if record.tag else f"#### {record.name}"
    rows = [(f"`{field.encode_name}`", _type(field.type), _note(field, sent=sent)) for field in record.fields]
    table = _table(("field", "type", ""), rows) if rows else "No fields."
    return f"{title}\n\n{record.doc}\n\n{table}"


def _note(field: shape.Field, *, sent: bool) -> str:
    note = description(field.type)
    if not sent or (field.default is NODEFAULT and field.default_factory is NODEFAULT):
        return note
    default: Any = field.default_factory() if field.default is NODEFAULT else field.default
    return f"{note} Default `{json.dumps(default)}`.".strip()


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _type(node: shape.Type) -> str:
    match inner(node):
        case shape.IntType():
            return "integer"
        case shape.FloatType():
            return "number"
        case shape.StrType():
            return "text"
        case shape.BoolType():
            return "boolean"
        case shape.NoneType():
            return "null"
        case shape.LiteralType(values=values):
            return " or ".join(f"`{json.dumps(value)}`" for value in values)
        case shape.TupleType(item_types=items):
            return "[" + ", ".join(_type(item) for item in items) + "]"
        case shape.ListType(item_type=item):
            return f"list of {_type(item)}"
        case shape.UnionType(types=types):
            return " or ".join(_type(item) for item in types)
        case shape.StructType(cls=cls):
            return f"[{cls.__name__}](#{cls.__name__.lower()})"
        case other:
            raise TypeError(f"no words for {other}")
