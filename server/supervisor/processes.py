"""The child processes: started with the same settings, restarted when they die, stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

from server.embedded import child
from server.faults import Unavailable
from server.settings import Settings, variable

# A process that dies again at once is restarted ever more slowly, so that its log stays readable.
BACKOFF_S = (0.2, 1.0, 3.0, 10.0)
STEADY_S = 30.0


@dataclass
class Child:
    """One process to keep alive. *launch* starts it; when it raises `Unavailable`, that counts as one more death."""

    name: str
    log: Path
    launch: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float | None = None

    def start(self) -> None:
        """Start the process."""
        self.process = self.launch()
        self.started_at, self.restart_at = time.monotonic(), None

    def watch(self, now: float, tell: Callable[[str], None]) -> None:
        """Restart the process when it has died and its wait is over."""
        if self.process is None or (code := self.process.poll()) is None:
            return
        if self.restart_at is None:
            self.failures = 0 if now - self.started_at > STEADY_S else self.failures + 1
            self._wait(now, f"ended with code {code}", tell)
        elif now >= self.restart_at:
            try:
                self.start()
            except Unavailable as fault:
                self.failures += 1
                self._wait(time.monotonic(), f"did not start: {fault}", tell)

    def stop(self) -> None:
        """Ask the process to stop and wait for it."""
        if self.process is not None:
            child.stop(self.process, self.stop_signal)

    def _wait(self, now: float, what: str, tell: Callable[[str], None]) -> None:
        wait_s = BACKOFF_S[min(self.failures, len(BACKOFF_S) - 1)]
        self.restart_at = now + wait_s
        tell(f"{self.name} {what}; starting it again in {wait_s:g} s (see {self.log})")


@dataclass
class Processes:
    """All children of one installation, in the order they were started."""

    settings: Settings
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, *argv: str) -> Child:
        """Start `python -m <argv>` under *name*; its output is appended to its log."""
        log, env = self._log(name), environment(self.settings)
        started = Child(name, log, lambda: child.start([sys.executable, "-m", *argv], log=log, env=env))
        started.start()
        self.children.append(started)
        return started

    def watch(self, tell: Callable[[str], None]) -> None:
        """Look after every child once."""
        now = time.monotonic()
        for one in self.children:
            one.watch(now, tell)

    def stop(self) -> None:
        """Stop the children: all are asked at once, in reverse order, then waited for."""
        running = [one for one in reversed(self.children) if one.process is not None]
        for one in running:
            if one.process is not None and one.process.poll() is None:
                one.process.send_signal(one.stop_signal)
        for one in running:
            one.stop()

    def _log(self, name: str) -> Path:
        folder = self.settings.var / "log"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name}.log"


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a child exactly *settings*."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("FRONTROW_")}
    for setting in fields(Settings):
        value = getattr(settings, setting.name)
        env[variable(setting.name)] = str(value).lower() if isinstance(value, bool) else str(value)
    # glibc keeps an arena per thread; two are enough for processes that work in one thread, and save some 10 MiB each.
    env.setdefault("MALLOC_ARENA_MAX", "2")
    env["PYTHONUNBUFFERED"] = "1"
    return env
