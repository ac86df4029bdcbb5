"""A whole installation for a benchmark: `frontrow run` on free ports with a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench import processes
from server.embedded import child
from server.settings import PREFIX

PAGE_TIMEOUT_S = 90


@dataclass(frozen=True)
class Installation:
    """A running installation."""

    process: subprocess.Popen[bytes]
    port: int
    live_port: int
    var: Path
    first_page_s: float
    settings: dict[str, str]
    """The environment variables it runs with: commands that belong to it need the same."""

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def provider_url(self) -> str:
        """Where its demo provider listens."""
        return f"http://127.0.0.1:{self.settings['FRONTROW_PROVIDER_PORT']}"

    def pids(self, *, without: str | None = None) -> list[int]:
        """Return its processes, stores and supervisor included, leaving out those whose command line has *without*."""
        every = processes.descendants(self.process.pid)
        return [pid for pid in every if without is None or without not in processes.command(pid)]


@contextmanager
def installation(*arguments: str, var: Path | None = None, **settings: str) -> Iterator[Installation]:
    """Start an installation without a crowd and stop it at the end. *settings* are environment variables.

    It keeps its files in *var*, or in a folder that is deleted at the end.
    """
    with ExitStack() as stack:
        if var is None:
            var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fr-bench-")))
            os.chmod(var, 0o755)
        folder = str(var)
        ports = _free_ports(4)
        own = {
            "FRONTROW_VAR": folder,
            "FRONTROW_HOST": "127.0.0.1",
            "FRONTROW_PORT": str(ports[0]),
            "FRONTROW_LIVE_PORT": str(ports[1]),
            "FRONTROW_PROVIDER_PORT": str(ports[2]),
            "FRONTROW_WORKERS_PORT": str(ports[3]),
        } | settings
        log = var / "run.log"
        log.unlink(missing_ok=True)
        began = time.monotonic()
        process = child.start(
            [sys.executable, "-m", "server.command", "run", "--no-crowd", *arguments],
            log=log,
            env=foreign_environment() | own,
        )
        try:
            first_page_s = _await_page(f"http://127.0.0.1:{ports[0]}/", process, log, began)
            _await_told(process, log)
            yield Installation(process, ports[0], ports[1], var, first_page_s, own)
        finally:
            child.stop(process, signal.SIGINT, timeout_s=30)


def foreign_environment() -> dict[str, str]:
    """Return our environment without what configures a Frontrow, or a make that started us."""
    others = ("DATABASE_URL", "REDIS_URL", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX) and name not in others}


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _await_page(url: str, process: subprocess.Popen[bytes], log: Path, began: float) -> float:
    while time.monotonic() - began < PAGE_TIMEOUT_S and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as page:
                if page.status == 200:
                    return time.monotonic() - began
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"no page at {url}:\n{log.read_text(errors='replace')[-3000:]}")


def _await_told(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the start has told its addresses: the seed is in and the sales are open."""
    deadline = time.monotonic() + PAGE_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if "is on sale" in log.read_text(errors="replace"):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the installation did not come up:\n{log.read_text(errors='replace')[-3000:]}")
