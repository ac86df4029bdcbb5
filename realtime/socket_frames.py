"""Frame payloads for the socket: made once, written to any number of transports.

Server frames are not masked (RFC 6455 §5.1), so the bytes are the same for everybody.
"""

from typing import Any

import msgspec
from websockets.frames import Close, Frame, Opcode

_encoder = msgspec.json.Encoder()


def binary(payload: bytes) -> bytes:
    """Frame a binary message."""
    return _header(0x82, len(payload)) + payload


def text(message: Any) -> bytes:
    """Encode a catalogue record and frame it as a text message."""
    return encoded_text(_encoder.encode(message))


def encoded_text(payload: bytes) -> bytes:
    """Frame JSON that is encoded already."""
    return _header(0x81, len(payload)) + payload


def close(code: int, reason: str = "") -> bytes:
    """Frame a close with *code* and at most 120 bytes of *reason*."""
    return Frame(Opcode.CLOSE, Close(code, reason[:120]).serialize()).serialize(mask=False)


PING = Frame(Opcode.PING, b"").serialize(mask=False)


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")
