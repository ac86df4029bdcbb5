"""List the catalogue's records in order, with their types taken apart once for every generator."""

import inspect
import types
import typing
from dataclasses import dataclass

import msgspec
from msgspec import inspect as shape

from realtime import messages


@dataclass(frozen=True, slots=True)
class Record:
    """One message, or one part of a message."""

    name: str
    tag: str | None
    doc: str
    fields: tuple[shape.Field, ...]


def client_records() -> list[Record]:
    """List what clients send."""
    return [_record(kind) for kind in typing.get_args(messages.ClientMessage)]


def server_records() -> list[Record]:
    """List what the gateway sends."""
    return [_record(kind) for kind in typing.get_args(messages.ServerMessage)]


def parts() -> list[Record]:
    """List the records inside messages, those that other packages declare at the end."""
    own = [kind for kind in _declared() if issubclass(kind, messages.Part) and kind is not messages.Part]
    everything = [*client_records(), *server_records(), *map(_record, own)]
    inside = [found for record in everything for field in record.fields for found in _structs(field.type)]
    return [_record(kind) for kind in dict.fromkeys([*own, *inside])]


def undocumented() -> list[str]:
    """Name declared messages that no direction lists; empty when the catalogue is whole."""
    listed = {*typing.get_args(messages.ClientMessage), *typing.get_args(messages.ServerMessage)}
    bases = {messages.Part, messages.ClientRecord, messages.ServerRecord}
    return [kind.__name__ for kind in _declared() if kind not in bases | listed and not issubclass(kind, messages.Part)]


def inner(node: shape.Type) -> shape.Type:
    """Strip a description from a type."""
    return node.type if isinstance(node, shape.Metadata) else node


def description(node: shape.Type) -> str:
    """Read the description of a type, empty when it has none."""
    extra = node.extra_json_schema if isinstance(node, shape.Metadata) else None
    return str((extra or {}).get("description", ""))


def _declared() -> list[type[msgspec.Struct]]:
    found = (
        value
        for value in vars(messages).values()
        if isinstance(value, type) and not isinstance(value, types.GenericAlias)
    )
    return [kind for kind in found if issubclass(kind, msgspec.Struct) and kind.__module__ == messages.__name__]


def _structs(node: shape.Type) -> list[type[msgspec.Struct]]:
    """Find the records in a type."""
    match inner(node):
        case shape.StructType(cls=cls):
            return [cls]
        case shape.ListType(item_type=item):
            return _structs(item)
        case shape.UnionType(types=kinds):
            return [found for kind in kinds for found in _structs(kind)]
        case _:
            return []


def _record(kind: type[msgspec.Struct]) -> Record:
    info = shape.type_info(kind)
    assert isinstance(info, shape.StructType)
    tag = info.tag if isinstance(info.tag, str) else None
    return Record(kind.__name__, tag, inspect.getdoc(kind) or "", info.fields)
