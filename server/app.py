"""The composition root of pages and API: the only file here that makes adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from arq import create_pool
from arq.connections import RedisSettings
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route

from seatmap.inventory.valkey_inventory import ValkeyInventory
from seatmap.inventory.valkey_pipeline import FunctionMissing, ValkeyPipeline
from server import health, metrics, routes
from server.accounts.passwords import Passwords
from server.accounts.principals import StaffPrincipals
from server.accounts.sign_in import SignIn
from server.assets import Assets
from server.catalog.catalogue import Catalogue
from server.database import Database
from server.event_stream import EventStreams
from server.faults import Unavailable
from server.mail.captured_mail import CapturedMail
from server.mail.mailer import Mailer
from server.mail.smtp_mail import SmtpMail
from server.payments.demo_keys import demo_keys
from server.payments.stripe_payments import StripePayments, StripeSetup
from server.request_log import RequestLog
from server.rooms.door.opening import make_door
from server.rooms.email_codes import EmailCodes
from server.rooms.frames import Frames
from server.rooms.line_mail import CodePost
from server.rooms.memory import Rooms
from server.rooms.places import Places
from server.security import Guard
from server.services import Services, redis_client
from server.settings import Settings
from server.templating import Templates
from server.visitor import VisitorTokens
from server.vitals import publishing
from waitingroom.valkey_line import ValkeyLine


@asynccontextmanager
async def open_services(settings: Settings, process: str) -> AsyncIterator[Services]:
    """Open every adapter of one process and close them in reverse. Raises `Unavailable` naming the store that does not answer."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url, connections=settings.database_connections, application=process)
        stack.push_async_callback(database.close)
        await database.open()
        redis = redis_client(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        try:
            await redis.ping()
            jobs = await create_pool(
                RedisSettings.from_dsn(settings.redis_url),
                # Not pickle: whoever can write to Valkey must not be able to run code in a worker.
                job_serializer=msgspec.msgpack.encode,
                job_deserializer=msgspec.msgpack.decode,
            )
        except (RedisError, OSError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error
        stack.push_async_callback(jobs.aclose)
        inventory = ValkeyInventory(redis)
        stack.push_async_callback(inventory.aclose)
        # A connection of its own: a crowd that joins does not stand before those who hold seats.
        line_store = ValkeyPipeline(redis)
        stack.push_async_callback(line_store.aclose)
        shows = Catalogue(database, redis)
        await shows.open()
        stack.push_async_callback(shows.close)
        provider = payments(settings)
        stack.push_async_callback(provider.close)
        mailer = post(settings)
        stack.push_async_callback(mailer.close)
        frames = Frames(redis)
        await frames.open()
        stack.push_async_callback(frames.close)

        rooms = Rooms(database, redis)
        await rooms.open()
        stack.push_async_callback(rooms.close)
        templates = Templates()
        line = ValkeyLine(line_store, FunctionMissing)
        door = make_door(settings, database, line_store, line, rooms, frames)
        if process == "server":
            door.start()
        stack.push_async_callback(door.close)

        async def ping_postgres() -> None:
            async with database.installation() as connection:
                await connection.fetchval("select 1")

        yield Services(
            settings=settings,
            database=database,
            redis=redis,
            visitors=VisitorTokens(settings.secret),
            principals=StaffPrincipals(database),
            sign_in=SignIn(database, redis, Passwords()),
            inventory=inventory,
            line=line,
            shows=shows,
            provider=provider,
            mailer=mailer,
            templates=templates,
            jobs=jobs,
            frames=frames,
            rooms=rooms,
            places=Places(settings.secret, settings.previous_secret),
            email_codes=EmailCodes(settings.secret, redis),
            code_post=CodePost(mailer, templates),
            door=door,
            pings={"postgres": ping_postgres, "valkey": redis.ping},
        )


def payments(settings: Settings) -> StripePayments:
    """Return the payment provider: Stripe when its keys are set, our own on loopback otherwise."""
    if settings.demo_payments:
        keys = demo_keys(settings.secret)
        return StripePayments(
            StripeSetup(
                kind="demo",
                secret_key=keys.secret_key,
                publishable_key=keys.publishable_key,
                webhook_secrets=(keys.webhook_secret,),
                api_base=f"http://127.0.0.1:{settings.provider_port}",
                browser_api_base="/demo-provider",
            )
        )
    return StripePayments(
        StripeSetup(
            kind="stripe",
            secret_key=settings.stripe_secret_key,
            publishable_key=settings.stripe_publishable_key,
            webhook_secrets=tuple(part.strip() for part in settings.stripe_webhook_secrets.split(",")),
        )
    )


def post(settings: Settings) -> Mailer:
    """Return where letters go: a mail server when one is set, the local mailbox otherwise."""
    if settings.capture_mail:
        return CapturedMail(settings.var / "mail", settings.mail_from)
    return SmtpMail(settings.smtp_url, settings.mail_from)


def create_app(settings: Settings) -> Starlette:
    """Return the application of one process; its adapters open with its lifespan."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            open_services(settings, "server") as services,
            publishing(services.redis, "server", services.database),
        ):
            app.state.services = services
            yield

    fixed: list[BaseRoute] = [
        Route("/healthz", health.health_page("server")),
        Route("/metrics", metrics.metrics_page),
        Mount("/assets", Assets(), name="assets"),
    ]
    app = Starlette(
        routes=[*fixed, *routes.all_routes(settings)],
        lifespan=lifespan,
        exception_handlers=routes.exception_handlers(),
        middleware=[
            Middleware(RequestLog),
            Middleware(
                Guard,
                live_port=settings.live_port,
                live_url=settings.live_url,
                stripe=not settings.demo_payments,
                exempt=("/webhooks/",),
            ),
        ],
    )
    app.state.streams = EventStreams()
    return app
