"""`python -m server.seed`: fill the installation of the environment's settings, then print the sign-ins as JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from server import logs
from server.app import open_services
from server.seed.planting import seed
from server.settings import read


async def _seed() -> dict[str, Any]:
    async with open_services(read(), "seed") as services:
        return await seed(services)


if __name__ == "__main__":
    logs.configure("seed", "warning")
    print(json.dumps(asyncio.run(_seed())))
