"""Reach the stores of a `frontrow run` that is under way, for commands given in another terminal. Starts and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from server.embedded import postgres, valkey
from server.faults import Unavailable
from server.migrate import RUNTIME
from server.settings import Settings, kept_secret
from server.supervisor.stores import DATABASE

# Lines of postmaster.pid that name the port and the folder of the socket (PostgreSQL: src/include/utils/pidfile.h).
_PORT_LINE, _SOCKET_LINE = 3, 4


def attached(settings: Settings) -> Settings:
    """Return *settings* with the addresses of the running embedded stores filled in where none are configured.

    Raises `Unavailable` when nothing runs on this var folder.
    """
    return replace(
        settings,
        secret=settings.secret or kept_secret(settings.var),
        database_url=settings.database_url or _postgres_url(settings.var),
        redis_url=settings.redis_url or _valkey_url(settings.var),
    )


def _postgres_url(var: Path) -> str:
    for data in postgres.data_folders(var / "postgres"):
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError):
            continue
        if len(lines) > _SOCKET_LINE and lines[_SOCKET_LINE]:
            socket_dir = quote(lines[_SOCKET_LINE].strip(), safe="")
            return f"postgresql://{RUNTIME}@/{DATABASE}?host={socket_dir}&port={lines[_PORT_LINE].strip()}"
    raise Unavailable(f"no Frontrow runs on {var}: start `frontrow run`, or set DATABASE_URL")


def _valkey_url(var: Path) -> str:
    path = valkey.socket_of(var / "valkey")
    if not path.exists():
        raise Unavailable(f"no Frontrow runs on {var}: start `frontrow run`, or set REDIS_URL")
    return f"unix://{path}?db=0"
