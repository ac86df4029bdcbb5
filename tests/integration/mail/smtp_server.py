"""A small SMTP server for tests, with faults on demand. It speaks enough of RFC 5321 for one client library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class SmtpServer:
    """Letters received, connections made, and what to answer instead of yes."""

    port: int = 0
    letters: list[tuple[str, str, bytes]] = field(default_factory=list)
    connections: int = 0
    # Verb ("RCPT", "DATA", "MAIL") -> answer line instead of the usual one; "hang up" closes the connection.
    faults: dict[str, str] = field(default_factory=dict)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation."""
        self.connections += 1
        self.writers.append(writer)
        writer.write(b"220 test\r\n")
        sender = recipient = ""
        while line := (await reader.readline()).decode():
            verb = line[:4].upper().strip()
            fault = self.faults.get(verb)
            if fault == "hang up":
                break
            if fault is not None:
                writer.write(f"{fault}\r\n".encode())
                continue
            match verb:
                case "EHLO":
                    writer.write(b"250-test\r\n250 8BITMIME\r\n")
                case "MAIL":
                    sender = line
                    writer.write(b"250 ok\r\n")
                case "RCPT":
                    recipient = line[line.index("<") + 1 : line.index(">")]
                    writer.write(b"250 ok\r\n")
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    data = await reader.readuntil(b"\r\n.\r\n")
                    self.letters.append((sender, recipient, data[:-3]))
                    writer.write(b"250 queued\r\n")
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    writer.write(b"250 ok\r\n")
        writer.close()

    def hang_up(self) -> None:
        """Close every connection, as servers do to idle clients."""
        for writer in self.writers:
            writer.close()


@asynccontextmanager
async def smtp_server() -> AsyncIterator[SmtpServer]:
    """Run one on a free port."""
    state = SmtpServer()
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        state.hang_up()
        server.close()
