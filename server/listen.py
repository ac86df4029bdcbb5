"""Listening sockets that several processes share: the kernel spreads new connections over them."""

from __future__ import annotations

import socket

from server.faults import Unavailable

BACKLOG = 4096


def shared_socket(host: str, port: int) -> socket.socket:
    """Return a bound TCP socket with SO_REUSEPORT. Raises `Unavailable` when another program has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener
