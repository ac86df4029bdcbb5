"""`python -m server`: one process of pages and API."""

from __future__ import annotations

import sys

import uvicorn

from server import logs, settings
from server.app import create_app
from server.collector import spare_what_stays
from server.faults import Fault
from server.listen import shared_socket
from server.streaming_server import StreamingServer


def main() -> int:
    """Serve until SIGTERM; requests under way are finished first."""
    try:
        current = settings.read()
        listener = shared_socket(current.host, current.port)
    except Fault as fault:
        print(f"server: {fault}", file=sys.stderr)
        return 2
    logs.configure("server", current.log_level)
    app = create_app(current)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=current.trust_proxy,
        forwarded_allow_ips="*" if current.trust_proxy else None,
        timeout_keep_alive=75,  # longer than the 60 s most balancers keep idle connections
        timeout_graceful_shutdown=10,
        backlog=4096,
    )
    spare_what_stays()
    StreamingServer(config, app.state.streams).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
