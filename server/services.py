"""What handlers may use: one object per process, made by the composition root and closed with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redis.asyncio import BlockingConnectionPool, Redis

from server.database import Database
from server.principal import Principals
from server.settings import Settings
from server.visitor import VisitorTokens

if TYPE_CHECKING:  # imported for their types only: a process loads the adapters it uses
    from arq.connections import ArqRedis

    from seatmap.inventory.port import Inventory
    from server.accounts.sign_in import SignIn
    from server.catalog.facts import ShowFactsSource
    from server.mail.mailer import Mailer
    from server.payments.provider import PaymentProvider
    from server.rooms.door.door import Door
    from server.rooms.email_codes import EmailCodes
    from server.rooms.frames import Frames
    from server.rooms.line_mail import CodePost
    from server.rooms.memory import Rooms
    from server.rooms.places import Places
    from server.templating import Templates
    from waitingroom.port import Line

# Handlers share few connections; waiting for one is bounded, because redis-py's default pool raises when it is exhausted.
REDIS_CONNECTIONS = 16
REDIS_WAIT_S = 5


@dataclass(slots=True)
class Services:
    """The adapters of one process. `server/app.py`, `realtime/app.py` and `workers/app.py` fill it."""

    settings: Settings
    database: Database
    redis: Redis
    visitors: VisitorTokens
    principals: Principals
    sign_in: SignIn
    inventory: Inventory
    line: Line
    shows: ShowFactsSource
    provider: PaymentProvider
    mailer: Mailer
    templates: Templates
    jobs: ArqRedis
    frames: Frames
    rooms: Rooms
    places: Places
    email_codes: EmailCodes
    code_post: CodePost
    door: Door
    pings: dict[str, object] = field(default_factory=dict)


def redis_client(url: str) -> Redis:
    """Return a client whose callers wait for a connection instead of failing when all are in use."""
    pool = BlockingConnectionPool.from_url(
        url, max_connections=REDIS_CONNECTIONS, timeout=REDIS_WAIT_S, socket_connect_timeout=5, health_check_interval=30
    )
    return Redis.from_pool(pool)
