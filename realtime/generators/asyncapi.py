"""Write the catalogue as an AsyncAPI 3 document."""

import json
import typing
from typing import Any

import msgspec

from realtime import messages
from realtime.generators.catalogue import Record, client_records, parts, server_records


def asyncapi() -> str:
    """Render the document, keys in a fixed order so that it can be compared."""
    sent, received = client_records(), server_records()
    return json.dumps(_document(sent, received), indent=1, ensure_ascii=False) + "\n"


def _document(sent: list[Record], received: list[Record]) -> dict[str, Any]:
    binary = {
        "name": "seats",
        "contentType": "application/octet-stream",
        "summary": "Binary seat frames; the layout is in docs/messages.md.",
        "payload": {"type": "string", "format": "binary"},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Frontrow live socket",
            "version": str(messages.PROTOCOL),
            "description": "Seats, holds and figures as they change. Read docs/messages.md first: positions, frames, reconnects.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/live",
                "messages": {
                    **{
                        f"client.{record.tag}": {"$ref": f"#/components/messages/client.{record.tag}"}
                        for record in sent
                    },
                    **{
                        f"server.{record.tag}": {"$ref": f"#/components/messages/server.{record.tag}"}
                        for record in received
                    },
                    "server.seats": {"$ref": "#/components/messages/server.seats"},
                },
            }
        },
        "operations": {
            "clientSends": _operation("receive", "client", [str(record.tag) for record in sent]),
            "gatewaySends": _operation("send", "server", [*(str(record.tag) for record in received), "seats"]),
        },
        "components": {
            "messages": {
                **{f"client.{record.tag}": _message(record) for record in sent},
                **{f"server.{record.tag}": _message(record) for record in received},
                "server.seats": binary,
            },
            "schemas": _schemas(),
        },
    }


def _operation(action: str, side: str, tags: list[str]) -> dict[str, Any]:
    listed = [{"$ref": f"#/channels/live/messages/{side}.{tag}"} for tag in tags]
    return {"action": action, "channel": {"$ref": "#/channels/live"}, "messages": listed}


def _message(record: Record) -> dict[str, Any]:
    summary = record.doc.split("\n", 1)[0]
    return {"name": record.tag, "summary": summary, "payload": {"$ref": f"#/components/schemas/{record.name}"}}


def _schemas() -> dict[str, Any]:
    kinds = [*typing.get_args(messages.ClientMessage), *typing.get_args(messages.ServerMessage)]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    assert {record.name for record in parts()} <= set(schemas)
    return schemas
