"""The child processes: started with the same settings, restarted when they die, stopped in order."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

from server.embedded import child
from server.settings import Settings, variable

# A process that dies again at once is restarted ever more slowly, so that its log stays readable.
BACKOFF_S = (0.2, 1.0, 3.0, 10.0)
STEADY_S = 30.0


@dataclass
class Child:
    """One process to keep alive."""

    name: str
    argv: list[str]
    log: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float | None = None

    def start(self) -> None:
        """Start the process; its output is appended to its log."""
        self.process = child.start(self.argv, log=self.log, env=self.env)
        self.started_at, self.restart_at = time.monotonic(), None

    def watch(self, now: float, tell: Callable[[str], None]) -> None:
        """Restart the process when it has died and its wait is over."""
        if self.process is None or (code := self.process.poll()) is None:
            return
        if self.restart_at is None:
            self.failures = 0 if now - self.started_at > STEADY_S else self.failures + 1
            wait = BACKOFF_S[min(self.failures, len(BACKOFF_S) - 1)]
            self.restart_at = now + wait
            tell(f"{self.name} ended with code {code}; starting it again in {wait:g} s (see {self.log})")
        elif now >= self.restart_at:
            self.start()


@dataclass
class Processes:
    """All children of one installation, in the order they were started."""

    settings: Settings
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, *argv: str) -> Child:
        """Start `python -m <argv>` under *name*."""
        started = Child(name, [sys.executable, "-m", *argv], self._log(name), environment(self.settings))
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
        running = [one.process for one in reversed(self.children) if one.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        for process in running:
            child.stop(process)

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
