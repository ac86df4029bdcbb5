"""Start a child process that cannot outlive its parent, and stop it by its id."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent(with_signal: signal.Signals) -> Callable[[], None]:
    """Return a hook for the child, run before exec: the kernel sends it *with_signal* when its parent is gone.

    A `kill -9` of the parent runs no clean-up code, so only the kernel can end the children. Linux only;
    elsewhere the leftovers are found by their pid file at the next start.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def hook() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os._exit(1)

    return hook


def start(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    env: dict[str, str] | None = None,
    user: int | None = None,
    cwd: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start *argv* in its own process group; output goes to *log* (appended), or to ours when None."""
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab")) if log is not None else None
        return subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            env=env,
            cwd=cwd,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal),  # noqa: PLW1509 (the hook only calls prctl and getppid)
        )


def stop(process: subprocess.Popen[bytes], with_signal: signal.Signals = signal.SIGTERM, timeout_s: float = 10) -> None:
    """Ask *process* to stop, wait up to *timeout_s*, then kill it."""
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stop_leftover(pid_file: Path, name: str, with_signal: signal.Signals, timeout_s: float = 10) -> None:
    """Stop the process an earlier run left behind, if *pid_file* names a live one whose program is *name*."""
    try:
        pid = int(pid_file.read_text().split()[0])
        program = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError, IndexError):
        return
    if not program.startswith(name):  # the number was given to another program since
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, with_signal)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
            time.sleep(0.05)
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
