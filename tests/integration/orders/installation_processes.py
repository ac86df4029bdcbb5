"""The real processes of an installation on the test's own stores: server, workers, gateway, provider, each killable."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from server.settings import Settings
from server.supervisor.processes import environment

MODULES = {"provider": "server.payments.demo", "server": "server", "gateway": "realtime", "workers": "workers"}
START_S = 40.0


@dataclass
class Processes:
    """Running processes by name."""

    settings: Settings
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start one and return; `await_health` waits for it."""
        env = environment(self.settings)
        self.settings.var.mkdir(parents=True, exist_ok=True)
        with (self.settings.var / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", MODULES[name]]
            self.running[name] = subprocess.Popen(command, env=env, stdout=log, stderr=log)

    def await_health(self, name: str) -> None:
        """Wait until its health page says that all is well."""
        port = {
            "provider": self.settings.provider_port,
            "server": self.settings.port,
            "gateway": self.settings.live_port,
            "workers": self.settings.workers_port,
        }[name]
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                    return
            except OSError:
                assert self.running[name].poll() is None, (self.settings.var / f"{name}.log").read_text()[-3000:]
                time.sleep(0.05)  # polled with a deadline
        raise AssertionError(f"{name} is not well: {(self.settings.var / f'{name}.log').read_text()[-3000:]}")

    def kill(self, name: str) -> None:
        """End it the hard way."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)

    def stop(self, name: str) -> int:
        """End it politely and return its exit code."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=30)

    def cpu_s(self) -> dict[str, float]:
        """Processor time of each so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        used = {}
        for name, process in self.running.items():
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            used[name] = (int(fields[11]) + int(fields[12])) / ticks
        return used

    def pss_mib(self, name: str) -> float:
        """Its proportional share of memory."""
        text = Path(f"/proc/{self.running[name].pid}/smaps_rollup").read_text()
        line = next(line for line in text.splitlines() if line.startswith("Pss:"))
        return int(line.split()[1]) / 1024


@contextmanager
def processes(
    database_url: str, redis_url: str, var: Path, names: tuple[str, ...] = tuple(MODULES)
) -> Iterator[Processes]:
    """Start the processes on free ports and stop them at the end."""
    ports = _free_ports(4)
    settings = Settings(
        database_url=database_url, redis_url=redis_url, var=var, secret="a secret of at least thirty-two characters",
        host="127.0.0.1", port=ports[0], live_port=ports[1], provider_port=ports[2], workers_port=ports[3],
    )  # fmt: skip
    all_of_them = Processes(settings)
    try:
        for name in names:
            all_of_them.start(name)
        for name in names:
            all_of_them.await_health(name)
        yield all_of_them
    finally:
        for process in all_of_them.running.values():
            process.terminate()
        for process in all_of_them.running.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
