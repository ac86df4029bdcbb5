"""Run the demo provider: `python -m server.payments.demo`. Loopback only; keys come from the installation's secret."""

import argparse
import sys
from pathlib import Path

import uvicorn
import uvloop

from server import logs
from server import settings as installation
from server.payments.demo.app import DemoProvider
from server.payments.demo.store import Store
from server.payments.demo.world import World
from server.payments.demo_keys import demo_keys
from server.payments.subscriptions import WANTED_EVENTS

HOST = "127.0.0.1"
FILE = "demo-provider.sqlite3"


def main(arguments: list[str]) -> int:
    """Serve until told to stop."""
    settings = installation.read()
    parser = argparse.ArgumentParser(prog="python -m server.payments.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=settings.provider_port, help="port on loopback (%(default)s)")
    parser.add_argument("--file", type=Path, default=settings.var / FILE, help="where it remembers (%(default)s)")
    parser.add_argument(
        "--webhook-url",
        default=f"http://{HOST}:{settings.port}/webhooks/stripe",
        help="where events go; empty for nowhere (%(default)s)",
    )
    parser.add_argument("--seed", type=int, help="make ids that depend on nothing but this number, for recordings")
    options = parser.parse_args(arguments)
    logs.configure("demo-provider", settings.log_level)
    secret = settings.secret or installation.kept_secret(settings.var)
    uvloop.run(serve(options, secret, settings.public_url))
    return 0


async def serve(options: argparse.Namespace, secret: str, public_url: str) -> None:
    """Open the file and answer requests."""
    keys = demo_keys(secret)
    options.file.parent.mkdir(parents=True, exist_ok=True)
    world = World(Store(options.file), seed=options.seed)
    if options.webhook_url:
        world.ensure_endpoint(options.webhook_url, keys.webhook_secret, list(WANTED_EVENTS))
    base = f"{public_url.rstrip('/')}/demo-provider" if public_url else ""
    app = DemoProvider(world, keys, public_base=base)
    config = uvicorn.Config(
        app,
        host=HOST,
        port=options.port,
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        timeout_keep_alive=75,
        server_header=False,
        date_header=False,
        proxy_headers=False,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
